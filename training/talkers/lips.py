"""Lips that touch: each other on p, b and m, the lower one the upper teeth on f and v, however large a face is.

A network that has learnt slow speech smooths over the short closures of fluent speech, and what scales a face opens
its lips. So this is done last.
"""

from collections.abc import Collection
from typing import Final

import numpy as np

from model.windows import SAMPLE_RATE_HZ, Floats
from protocols.blendshapes import INDEX
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.phones.table import CLOSED, VISEMES

HELD: Final = 0.7
"""Share of the phone, from its beginning, during which lips touch: then a stop bursts."""
LEAST_S: Final = 0.04
"""They touch at least so long: in every frame rate from 25 on there is a frame."""
REACH_S: Final = 0.06
"""How long they take to meet, and to part."""
JAW_AT_CLOSURE: Final = 0.1
"""The jaw is not farther open while lips touch. Real faces' mouthClose, which takes it back, reaches .07 (p95)."""
PRESSED: Final = 0.05
"""mouthPress on p, b and m; .03 to .05 in real faces (p95)."""
GAP_AT_TEETH: Final = 0.05
"""jawOpen - mouthClose on f and v; .055 (f) to .1 (v) in the middle of GRID speaker s1's."""
BARED: Final = 0.1
"""mouthUpperUp on f and v, at least; .10 to .17 there."""
ROLLED: Final = 0.1
"""mouthRollLower on f and v, at least: the lip goes under the teeth. .01 to .26 in real faces (p95)."""

_JAW, _CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]
_LOWER: Final = [INDEX["mouthLowerDownLeft"], INDEX["mouthLowerDownRight"]]
_UPPER: Final = [INDEX["mouthUpperUpLeft"], INDEX["mouthUpperUpRight"]]
_PARTING: Final = [*_LOWER, *_UPPER, INDEX["mouthFunnel"]]


def presence(
    spoken: Spoken, phones: Collection[str], frames: int, fps: int, *, held: float = 1.0, reach_s: float = REACH_S
) -> Floats:
    """How far any of these phones is reached (frames,): 1 while it is `held`, falling to 0 within `reach_s` of it."""
    times_s = np.arange(frames) / fps
    found = np.zeros(frames, np.float32)
    for phone, begin, end in spoken.phones:
        if phone not in phones:
            continue
        middle_s, half_s = _held_s(begin, end, held)
        first, last = (int((middle_s + side * (half_s + reach_s)) * fps) for side in (-1, 1))
        near = slice(max(0, first), last + 2)
        away = np.clip((np.abs(times_s[near] - middle_s) - half_s) / reach_s, 0, 1)
        found[near] = np.maximum(found[near], 0.5 + 0.5 * np.cos(np.pi * away))
    return found


def _held_s(begin: int, end: int, held: float) -> tuple[float, float]:
    """Middle and half of the time for which a phone is held."""
    begin_s, lasts_s = begin / SAMPLE_RATE_HZ, (end - begin) / SAMPLE_RATE_HZ * held
    if lasts_s < LEAST_S:
        return (begin + end) / 2 / SAMPLE_RATE_HZ, LEAST_S / 2
    return begin_s + lasts_s / 2, lasts_s / 2


def touching(face: Curves, spoken: Spoken, fps: int) -> Curves:
    """The face (frames, 52) with its lips closed on p, b and m, and the lower one at the teeth on f and v."""
    made = face.copy()
    made[:, _CLOSE] = np.minimum(made[:, _CLOSE], made[:, _JAW])
    teeth = presence(spoken, VISEMES["lip on teeth"], len(face), fps)
    made[:, _JAW] = _at_most(made[:, _JAW], JAW_AT_CLOSURE + GAP_AT_TEETH, teeth)
    made[:, _CLOSE] = np.maximum(made[:, _CLOSE], _at_least(made[:, _JAW] - GAP_AT_TEETH, teeth))
    made[:, _LOWER] *= 1 - teeth[:, None]
    for shape, least in (*((upper, BARED) for upper in _UPPER), (INDEX["mouthRollLower"], ROLLED)):
        made[:, shape] = np.maximum(made[:, shape], least * teeth)
    lips = presence(spoken, CLOSED, len(face), fps, held=HELD)
    made[:, _JAW] = _at_most(made[:, _JAW], JAW_AT_CLOSURE, lips)
    made[:, _CLOSE] += (made[:, _JAW] - made[:, _CLOSE]) * lips
    made[:, _PARTING] *= 1 - lips[:, None]
    return made


def _at_most(values: Floats, most: float, share: Floats) -> Floats:
    return np.asarray(values - np.maximum(values - most, 0) * share, np.float32)


def _at_least(values: Floats, share: Floats) -> Floats:
    return np.asarray(np.maximum(values, 0) * share, np.float32)
