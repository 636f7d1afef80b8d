"""The noise that sampling starts from: a pure function of (seed, absolute frame).

White noise per frame makes eyes and lips tremble, so the noise is correlated in time. Counter-keyed white noise, which
can start at any frame, passes through a filter with two equal poles, truncated to a fixed length. At a pole of .8 it is
as smooth as real faces are: its mean absolute second difference is .15 of its standard deviation (real lips .18, real
upper faces .14, an AR(1) of the same reach .52). Each channel has its own pole; smoother noise makes blinking lids
tremble less. Both sides of brows and eyes share the same noise; otherwise one lid would close without the other.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols import blendshapes

TAPS: Final = 48
"""Length of the filter in frames. It keeps all but 1e-6 of the power at a pole of .8, and all but 1e-3 at .9."""
_WORDS_PER_COUNTER: Final = 4
"""64-bit words that Philox makes per counter value."""
_GAZE: Final = {right: left for left, right in blendshapes.GAZE_PAIRS}
_SIDES: Final = {right: left for left, right in blendshapes.PAIRS if blendshapes.INDEX[left] in blendshapes.UPPER}
ONE_FACE: Final = [blendshapes.INDEX[(_SIDES | _GAZE).get(name, name)] for name in blendshapes.NAMES]
"""(52,): the channel whose noise each blendshape uses; the right side of the upper face uses the left side's."""


def filter_taps(poles: Sequence[float]) -> NDArray[np.float64]:
    """Impulse responses (TAPS, C), newest first, of unit power: filtered white noise keeps variance 1."""
    age = np.arange(TAPS, dtype=np.float64)[:, None]
    taps = (age + 1) * np.array(poles) ** age
    return taps / np.sqrt(np.sum(taps**2, axis=0))  # type: ignore[no-any-return]


def white(seed: int, first: int, frames: int, channels: int) -> NDArray[np.float64]:
    """Standard normal noise (frames, channels) for the frames from `first` on, which may be negative.

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
    """Noise (frames, C) of unit variance for the frames from `first` on, with one pole per channel."""
    source = white(seed, first - TAPS + 1, frames + TAPS - 1, len(poles))
    history = np.lib.stride_tricks.sliding_window_view(source, TAPS, axis=0)  # (frames, C, TAPS)
    return np.einsum("fct,tc->fc", history, filter_taps(poles)[::-1]).astype(np.float32)  # type: ignore[no-any-return]
