"""The noise that sampling starts from: a pure function of (seed, absolute frame).

White noise per frame makes eyes and lips tremble, so it is correlated in time: an AR(1) of coefficient
`correlation`, cut to a filter of fixed length over counter-keyed white noise. It can start anywhere.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TAPS: Final = 48
"""Length of the filter in frames; at a correlation of .9 it keeps all but 4e-5 of the AR(1)'s power."""
_WORDS_PER_COUNTER: Final = 4
"""Philox makes 4 words of 64 bits per counter value."""


def filter_taps(correlation: float) -> NDArray[np.float64]:
    """Impulse response (TAPS,), newest first, of unit power: filtered white noise keeps variance 1."""
    taps = correlation ** np.arange(TAPS, dtype=np.float64)
    return taps / np.sqrt(np.sum(taps**2))  # type: ignore[no-any-return]


def white(seed: int, first: int, frames: int, channels: int) -> NDArray[np.float64]:
    """Standard normal noise (frames, channels) of the frames from `first` on, which may be negative.

    Philox is keyed by the seed and counts frames, so frame i is the same wherever the reading starts.
    """
    pairs = -(-channels // 2)
    counters = -(-2 * pairs // _WORDS_PER_COUNTER)
    start = (first + TAPS) * counters
    words = np.random.Philox(key=seed, counter=start % 2**256).random_raw(frames * counters * _WORDS_PER_COUNTER)
    uniform = (words.reshape(frames, -1)[:, : 2 * pairs] >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log1p(-uniform[:, :pairs]))  # Box-Muller
    angle = 2.0 * np.pi * uniform[:, pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :channels]


def correlated(seed: int, first: int, frames: int, channels: int, correlation: float) -> NDArray[np.float32]:
    """Noise (frames, channels) of unit variance for the frames from `first` on."""
    source = white(seed, first - TAPS + 1, frames + TAPS - 1, channels)
    history = np.lib.stride_tricks.sliding_window_view(source, TAPS, axis=0)  # (frames, channels, TAPS)
    return (history @ filter_taps(correlation)[::-1]).astype(np.float32)
