"""Which frames of a recording are learnt from, and which are held out to judge by."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LONGEST_S: Final = 6
"""Longest stretch in seconds."""
EVERY: Final = 5
"""The last of so many stretches is held out, not the end of the recording: a face changes in the course of a take."""


@dataclass(frozen=True)
class Parts:
    """The frames of a recording, at least `EVERY` of them."""

    frames: int
    fps: int

    @property
    def length(self) -> int:
        """Frames of a stretch."""
        return min(LONGEST_S * self.fps, self.frames // EVERY)

    def stretches(self) -> list[slice]:
        """The held-out stretches."""
        count = self.frames // self.length
        return [slice(k * self.length, (k + 1) * self.length) for k in range(EVERY - 1, count, EVERY)]

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether each frame (frames,) is held out."""
        mask = np.zeros(self.frames, bool)
        for stretch in self.stretches():
            mask[stretch] = True
        return mask

    @property
    def learnt(self) -> NDArray[np.bool_]:
        """Whether each frame (frames,) is learnt from."""
        return ~self.held

    def begins(self, frames: int) -> NDArray[np.int64]:
        """Where a segment of so many frames may begin so that all of it is learnt from."""
        inside = np.lib.stride_tricks.sliding_window_view(self.learnt, frames).all(1)
        return np.flatnonzero(inside)
