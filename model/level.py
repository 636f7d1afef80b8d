"""Level normalisation: a slow gain, constant within a window, brings any microphone to the same level.

The gain is causal and part of the stream's state. It never follows the window's own loudness alone: that would make a
pause as loud as the word before it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import Samples, WindowSpec

REFERENCE_DB: Final = -20.0
"""Target loudness (RMS, dBFS) of the loudest recent hop."""
FLOOR_DB: Final = -56.0
"""Lowest level (dBFS) that a stream is assumed to have. Speech 40 dB below the usual level still reaches the reference;
hiss does not."""
FALL_DB_PER_S: Final = 1.0
"""How fast the level falls after a loud hop. It rises at once."""

Levels = NDArray[np.float64]


def start(sessions: int) -> Levels:
    """Levels (B,) in dBFS of streams that have been silent so far."""
    return np.full(sessions, FLOOR_DB)


def follow(spec: WindowSpec, windows: Samples, level_db: Levels) -> tuple[Levels, Samples]:
    """Update the levels (B,) over H hops, and apply each hop's gain to its window (B, H, n).

    Returns the new levels and the levelled windows. A hop's loudness covers its own samples and its lookahead, so that
    the gain is right when a word begins there.
    """
    ahead = windows[..., spec.left_samples :].astype(np.float64)
    loudness_db = 10 * np.log10(np.maximum(np.square(ahead).mean(-1), 10 ** (FLOOR_DB / 10)))
    fallen_db = np.arange(1, windows.shape[1] + 1) * (FALL_DB_PER_S * spec.hop_ms / 1000)
    highest = np.maximum.accumulate(np.maximum(loudness_db + fallen_db, level_db[:, None]), axis=1)
    levels_db = np.maximum(highest - fallen_db, FLOOR_DB)
    gain = 10 ** ((REFERENCE_DB - levels_db) / 20)
    return levels_db[:, -1], windows * gain[..., None].astype(np.float32)
