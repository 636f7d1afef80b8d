"""When Kokoro speaks which phone: its tokens and their durations, turned into phones and samples."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model.windows import Samples
from training.phones.spoken import Timed, shared
from training.phones.table import LENGTHENING, STRESS, of_ipa

UNIT_SAMPLES: Final = 400
"""Unit of the durations: 600 samples at 24 kHz, at 16 kHz."""
EARLY_SAMPLES: Final = 1040
"""How much earlier than the durations say the sound is: 65 ms, where they agree best with a forced aligner."""
PAUSE_SAMPLES: Final = 960
"""A blank or comma is silence if it lasts longer than this and its level dips."""
DIP: Final = 0.18
"""How low the level must fall for it, as a share of the recording's RMS."""
CLOSURE_SAMPLES: Final = 1280
"""Silence before a stop is the stop itself, up to this long: its closure."""
_STOPS: Final = frozenset("pbtdkgɡʤʧʦʣʥʨ")
_BLOCK: Final = 160

_Span = tuple[tuple[str, ...], int, int]
"""Phones, none of them in a pause, and the samples that they last together."""


def timed(tokens: str, durations: Sequence[int], sound: Samples) -> tuple[Timed, ...]:
    """The phones of a recording (n,) at 16 kHz.

    `durations` are those of all tokens and of one padding token on each side. A mark of stress belongs to the phone
    after it, a mark of length to the one before, and so does a blank without a pause.
    """
    ends = np.cumsum(durations) * UNIT_SAMPLES - EARLY_SAMPLES
    begins = ends - np.asarray(durations) * UNIT_SAMPLES
    spans: list[_Span] = []
    waiting = -1  # where a sound began whose mark of stress came first
    for token, begin, end in zip(tokens, begins[1:-1].tolist(), ends[1:-1].tolist(), strict=True):
        phones = of_ipa(token)
        if phones:
            begin = begin if waiting < 0 else waiting
            if token in _STOPS and spans:
                begin = _closed_from(spans, begin)
            spans.append((phones, begin, end))
            waiting = -1
        elif token in STRESS:
            waiting = begin
        else:
            _silent(spans, token, (begin, end), sound)
            waiting = -1
    return tuple(each for span in spans for each in _inside(span, len(sound)))


def _closed_from(spans: list[_Span], begin: int) -> int:
    """Where the closure of a stop begins that is heard at `begin`; the pause before it ends there."""
    phones, since, until = spans[-1]
    if phones:
        return begin
    closed = since if until - since <= 2 * CLOSURE_SAMPLES else until - CLOSURE_SAMPLES
    spans[-1] = (phones, since, closed)
    return closed


def _silent(spans: list[_Span], token: str, during: tuple[int, int], sound: Samples) -> None:
    """Add a pause, or let the last sound last until its end."""
    if not spans or (token not in LENGTHENING and _pause(sound, *during)):
        spans.append(((), *during))
    else:
        spans[-1] = (*spans[-1][:2], during[1])


def _pause(sound: Samples, begin: int, end: int) -> bool:
    inside = sound[max(0, begin) : max(0, end)]
    blocks = inside[: len(inside) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if end - begin <= PAUSE_SAMPLES or not len(blocks):
        return False
    return bool(np.sqrt(np.square(blocks).mean(1)).min() < DIP * np.sqrt(np.square(sound).mean()))


def _inside(span: _Span, samples: int) -> list[Timed]:
    """The phones of a span, two of them sharing its time, and what of them lies inside the recording."""
    phones, begin, end = span
    cut = [(each.phone, max(0, each.begin), min(each.end, samples)) for each in shared(phones, begin, end)]
    return [Timed(*each) for each in cut if each[1] < each[2]]
