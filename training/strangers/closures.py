"""Whether the lips meet at p, b and m, and how far they come together for it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from model.windows import SAMPLE_RATE_HZ
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.phones.table import CLOSED, VISEMES
from training.strangers.shapes import GAP, values

CLOSED_GAP: Final = 0.06
"""The lips count as closed below this. Of GRID's s1, 704 real closures: 92 % are, and 15 % of the open vowels."""
REAL_DIP: Final = 0.137
"""The mean dip of the same closures."""
NEAR_S: Final = 0.05
"""Lips are closest within so much time before or after the middle of the phone."""
AROUND_S: Final = 0.15
"""And farthest apart within so much."""
_STEP_S: Final = 0.01
_OPEN: Final = VISEMES["open"]


class Closures(NamedTuple):
    """Closures of some recordings."""

    gaps: list[float]
    """The smallest gap near the middle of each p, b or m."""
    dips: list[float]
    """How far it is below the largest gap around it."""
    at_vowels: list[float]
    """The smallest gap near the middle of each open vowel."""


def middles_s(spoken: Spoken, phones: Sequence[str]) -> list[float]:
    """The middle of each of these phones, in seconds; one after the other count as one."""
    spans: list[list[int]] = []
    for phone, begin, end in spoken.phones:
        if phone in phones and spans and begin <= spans[-1][1]:
            spans[-1][1] = end
        elif phone in phones:
            spans.append([begin, end])
    return [(begin + end) / 2 / SAMPLE_RATE_HZ for begin, end in spans]


def measured(said: Sequence[Spoken], faces: Sequence[Curves], fps: float) -> Closures:
    """The closures of faces (frames, 52), whatever is said in each."""
    found = Closures([], [], [])
    for spoken, face in zip(said, faces, strict=True):
        gap = values(face, GAP)
        for middle_s in middles_s(spoken, CLOSED):
            lowest = _at(gap, middle_s, NEAR_S, fps).min()
            found.gaps.append(float(lowest))
            found.dips.append(float(_at(gap, middle_s, AROUND_S, fps).max() - lowest))
        found.at_vowels.extend(float(_at(gap, at_s, NEAR_S, fps).min()) for at_s in middles_s(spoken, _OPEN))
    return found


def figures(found: Closures) -> dict[str, float]:
    """Recall, depth, and the share of open vowels that are taken for closures; {} if there are no closures."""
    if not found.gaps or not found.at_vowels:
        return {}
    return {
        "closure recall": float(np.mean(np.array(found.gaps) < CLOSED_GAP)),
        "closure depth": float(np.mean(found.dips) / REAL_DIP),
        "open vowels closed": float(np.mean(np.array(found.at_vowels) < CLOSED_GAP)),
        "closures": float(len(found.gaps)),
    }


def _at(gap: Curves, middle_s: float, reach_s: float, fps: float) -> Curves:
    """The gap in steps of 10 ms around a time."""
    steps = round(reach_s / _STEP_S)
    at = (middle_s + _STEP_S * np.arange(-steps, steps + 1)) * fps
    return np.asarray(np.interp(at, np.arange(len(gap)), gap), np.float32)
