"""The noise that sampling starts from: a pure function of (seed, absolute frame).

White noise per frame makes eyes and lips tremble, so it is correlated in time: white noise through two equal poles,
cut to a filter of fixed length, over a counter-keyed source, so that it can start anywhere. At a pole of .8 it is as
smooth as real faces are (mean absolute second difference .15 of its deviation; lips .18, upper face .14; an AR(1) of
the same reach has .52). Each channel has a pole of its own: smoother noise leaves less trembling in lids that blink.
Both sides of brows and eyes have the same noise: otherwise one lid would close without the other.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols import blendshapes

TAPS: Final = 48
"""Length of the filter in frames; at a pole of .8 all but 1e-6 of the power, at .9 all but 1e-3."""
_WORDS_PER_COUNTER: Final = 4
"""Philox makes 4 words of 64 bits per counter value."""
_GAZE: Final = {right: left for left, right in blendshapes.GAZE_PAIRS}
_SIDES: Final = {right: left for left, right in blendshapes.PAIRS if blendshapes.INDEX[left] in blendshapes.UPPER}
ONE_FACE: Final = [blendshapes.INDEX[(_SIDES | _GAZE).get(name, name)] for name in blendshapes.NAMES]
"""Whose noise each blendshape has (52,): on the right of the upper face that of its left."""


def filter_taps(poles: Sequence[float]) -> NDArray[np.float64]:
    """Impulse responses (TAPS, C), newest first, of unit power: filtered white noise keeps variance 1."""
    age = np.arange(TAPS, dtype=np.float64)[:, None]
    taps = (age + 1) * np.array(poles) ** age
    return taps / np.sqrt(np.sum(taps**2, axis=0))  # type: ignore[no-any-return]


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


def correlated(seed: int, first: int, frames: int, poles: Sequence[float]) -> NDArray[np.float32]:
    """Noise (frames, C) of unit variance for the frames from `first` on, of one pole for each channel."""
    source = white(seed, first - TAPS + 1, frames + TAPS - 1, len(poles))
    history = np.lib.stride_tricks.sliding_window_view(source, TAPS, axis=0)  # (frames, C, TAPS)
    return np.einsum("fct,tc->fc", history, filter_taps(poles)[::-1]).astype(np.float32)  # type: ignore[no-any-return]
