"""All that a performance carries from frame to frame: a value of arrays, one row for each session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.performance.chance import Keys, Values


@dataclass(frozen=True)
class State:
    """Of B sessions. Every field but `fps` is an array."""

    fps: int
    next_frames: NDArray[np.int64]
    """The frame that each session (B,) expects next, counted from its stream's start."""
    seeds: Keys
    """(B,)"""
    noise: Keys
    """Of what wanders (B, C): see `drawing.WANDERING_S`."""
    sides: Values
    """How much each shape shows of a mood (B, 52)."""
    memory: Values
    """`decisions.Memory` of each session, flat (B, M)."""
    base: Values
    """Where steps that are over have led (B, 5)."""
    events: Values
    """Those that may still go on (B, N, columns): see `curves`."""
    dial_from: Values
    """What settings came to (B, D) before they were changed last, and come to now; and when that was (B,)."""
    dial_to: Values
    dial_s: Values
