"""How loud a stream has been: a slow gain, the same for the whole of a window, brings any microphone to one level.

Causal and part of the stream's state. Never by the window's own loudness alone: that would make a pause as loud as the
word before it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import Samples, WindowSpec

REFERENCE_DB: Final = -20.0
"""Loudness (RMS, dB below full scale) to which the loudest hop of late is brought."""
FLOOR_DB: Final = -56.0
"""No stream counts as quieter: speech 40 dB below the usual still reaches the reference, hiss does not."""
FALL_DB_PER_S: Final = 1.0
"""How fast a loud hop is forgotten. A louder one counts at once."""

Levels = NDArray[np.float64]


def start(sessions: int) -> Levels:
    """Levels (B,) in dB of streams that were silent so far."""
    return np.full(sessions, FLOOR_DB)


def follow(spec: WindowSpec, windows: Samples, level_db: Levels) -> tuple[Levels, Samples]:
    """The level after H hops (B,), and their windows (B, H, n) with the gain of each hop.

    A hop's loudness is that of its own sound and its lookahead, so that a word that begins there is heard as it is.
    """
    ahead = windows[..., spec.left_samples :].astype(np.float64)
    loudness_db = 10 * np.log10(np.maximum(np.square(ahead).mean(-1), 10 ** (FLOOR_DB / 10)))
    fallen_db = np.arange(1, windows.shape[1] + 1) * (FALL_DB_PER_S * spec.hop_ms / 1000)
    highest = np.maximum.accumulate(np.maximum(loudness_db + fallen_db, level_db[:, None]), axis=1)
    levels_db = np.maximum(highest - fallen_db, FLOOR_DB)
    gain = 10 ** ((REFERENCE_DB - levels_db) / 20)
    return levels_db[:, -1], windows * gain[..., None].astype(np.float32)
