"""Chance as a function: of (seed, absolute frame) for what happens, of (seed, absolute time) for what wanders.

Nothing is drawn in sequence, so a stream can be cut, resumed or begun anywhere and each session has its own.
"""

from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Keys = NDArray[np.uint64]

_WORD: Final = 2**64 - 1
_STEP: Final = 0x9E3779B97F4A7C15
_NORMAL: Final = NormalDist()
_UNIT: Final = 2.0 * np.sqrt(3.0 / (151.0 / 315.0))
"""A uniform value in [-1/2, 1/2] times this, smoothed by a cubic B-spline, has deviation 1: the spline's mean square
over all phases is 151/315."""
_ODD: Final = np.uint64(0xD1342543DE82EF95)
_FOUR: Final = (np.arange(4, dtype=np.uint64) * _ODD)[:, None, None, None]


def mixed(word: Any) -> Any:
    """A word of 64 bits, or an array of them, scattered over all words (the finaliser of SplitMix64, Steele 2014)."""
    word = (word + _STEP) & _WORD
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)


class Dice:
    """What chance decides at one frame of a session; each question has a number of its own."""

    def __init__(self, seed: int, frame: int) -> None:
        self._at = (seed + frame * _STEP) & _WORD

    def uniform(self, question: int) -> float:
        """In (0, 1)."""
        return (float(mixed((mixed(self._at) + question) & _WORD) >> 11) + 0.5) * 2.0**-53

    def between(self, question: int, least: float, most: float) -> float:
        """Evenly between two values."""
        return least + (most - least) * self.uniform(question)

    def normal(self, question: int) -> float:
        """Of mean 0 and deviation 1."""
        return _NORMAL.inv_cdf(self.uniform(question))

    def around(self, question: int, median: float, sigma: float) -> float:
        """Log-normal."""
        return float(median * np.exp(sigma * self.normal(question)))


def keys(seeds: Keys, channels: int) -> Keys:
    """A key (B, channels) for each channel of what wanders in sessions of these seeds (B,)."""
    mixed_keys: Keys = mixed(seeds[:, None] ^ mixed(np.arange(channels, dtype=np.uint64)))
    return mixed_keys


def wander(noise: Keys, times_s: Values, spacings_s: Values) -> Values:
    """Smooth noise (B, T, C) of deviation 1, never beyond 2.6, at times (B, T): no period, no jump in acceleration.

    A cubic B-spline over random values every `spacings_s` (C,) seconds, by the keys (B, C) of the channels; hardly
    anything is faster than half their rate.
    """
    place = times_s[..., None] / spacings_s
    cell = np.floor(place)
    u = place - cell
    points = cell.astype(np.int64).view(np.uint64) * _ODD + noise[:, None]
    values = (mixed(points + _FOUR) >> 11).astype(np.float64) - 2.0**52
    left, square = 1 - u, u * u
    cube = square * u
    total = values[0] * (left * left * left) + values[1] * (3 * cube - 6 * square + 4)
    total = total + values[2] * (3 * (u + square - cube) + 1) + values[3] * cube
    smooth: Values = total * (_UNIT * 2.0**-53 / 6)
    return smooth
