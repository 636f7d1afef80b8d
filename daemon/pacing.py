"""Which frame is due when: audio time on the wall's clock, at every receiver's own steady rate.

Frame n of a receiver shows the face at audio time n / rate, and is due at anchor + n / rate + latency. Between two
faces of the model it is interpolated. A face that is not there yet is not waited for: the last one is held, and
after a second eased to neutral. No threads and no clock here: times come in as numbers.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.blocks import Motion
from daemon.metrics import Metrics
from protocols import blendshapes
from protocols.frame import Frame

HOLD_S: Final = 1.0
"""How long the last face is held when no motion comes."""
EASE_S: Final = 0.4
"""How long it takes from there to neutral, and back when motion comes again."""

STEADY_NS: Final = 10_000_000
"""Frames are stamped an even time apart; only when the clocks have drifted by this much are they set right."""

Face = NDArray[np.float32]
NEUTRAL: Final = np.zeros(blendshapes.COUNT, np.float32)


@dataclass
class Track:
    """One receiver's place in time."""

    rate: Fraction
    """Frames per second."""
    latency_ns: int
    """From the arrival of a sound to the departure of its frame."""
    next: int = 0
    """Index of the next frame."""

    def due_ns(self, anchor_ns: int) -> int:
        """When the next frame leaves."""
        return anchor_ns + self.latency_ns - (-self.next * 1_000_000_000 * self.rate.denominator // self.rate.numerator)

    def newest(self, anchor_ns: int, now_ns: int) -> int:
        """Index of the newest frame that is due."""
        age_ns = now_ns - anchor_ns - self.latency_ns
        return age_ns * self.rate.numerator // (1_000_000_000 * self.rate.denominator)


class Pacer:
    """Holds the motion that is still to be shown, and gives out the frames that are due."""

    def __init__(self, fps: int, tracks: Sequence[Track], anchor_ns: int, epoch_ns: int, metrics: Metrics) -> None:
        """`fps` is the model's rate; `epoch_ns` the Unix time of the sound at monotonic time 0."""
        self._fps = fps
        self._tracks = tracks
        self._anchor_ns = anchor_ns
        self._stamp_ns = anchor_ns
        self._epoch_ns = epoch_ns
        self._metrics = metrics
        self._indices: list[int] = []
        self._faces: list[Face] = []
        self._woke = -Fraction(fps)  # long enough ago that nothing is eased

    def add(self, motion: Motion) -> None:
        """Take motion in, the later after the earlier."""
        self._anchor_ns = motion.anchor_ns
        if abs(self._anchor_ns - self._stamp_ns) > STEADY_NS:
            self._stamp_ns = self._anchor_ns
        shown = max(Fraction(track.next - 1) / track.rate for track in self._tracks) * self._fps
        self._metrics.late += sum(motion.first + k <= shown for k in range(len(motion.faces)))
        if self._indices and motion.first - self._indices[-1] > HOLD_S * self._fps:
            self._woke = Fraction(motion.first)
        self._indices += range(motion.first, motion.first + len(motion.faces))
        self._faces += list(motion.faces)

    def next_due_ns(self) -> int:
        """When the next frame of any receiver is due."""
        return min(track.due_ns(self._anchor_ns) for track in self._tracks)

    def due(self, now_ns: int) -> list[tuple[int, Frame]]:
        """The newest frame of each receiver that has one due, as (receiver's number, frame). Older ones are skipped."""
        frames = []
        for number, track in enumerate(self._tracks):
            newest = track.newest(self._anchor_ns, now_ns)
            if newest >= track.next:
                self._metrics.skipped += newest - track.next
                track.next = newest + 1
                frames.append((number, self._frame(track, newest)))
        self._metrics.packets += len(frames)
        self._forget()
        return frames

    def finished(self) -> bool:
        """Whether every receiver has seen all motion."""
        last = self._indices[-1] if self._indices else -1
        return all(track.next * self._fps > last * track.rate for track in self._tracks)

    def neutral(self) -> list[tuple[int, Frame]]:
        """The last frames: each receiver's next one, at rest."""
        return [(n, self._stamped(track, track.next, NEUTRAL)) for n, track in enumerate(self._tracks)]

    def _frame(self, track: Track, index: int) -> Frame:
        position = index / track.rate * self._fps
        face, fresh = self._face(position)
        self._metrics.held += not fresh
        return self._stamped(track, index, face)

    def _stamped(self, track: Track, index: int, face: Face) -> Frame:
        heard_ns = self._stamp_ns + index * 1_000_000_000 * track.rate.denominator // track.rate.numerator
        return Frame(index, track.rate, self._epoch_ns + heard_ns, face)

    def _face(self, position: Fraction) -> tuple[Face, bool]:
        """The face at a position counted in the model's frames, and whether it is fresh, not held."""
        after = bisect_right(self._indices, position)
        if after == 0:
            return NEUTRAL, False
        index, face = self._indices[after - 1], self._faces[after - 1]
        fresh = index == position
        if after < len(self._indices):
            part = float((position - index) / (self._indices[after] - index))
            face = face + np.float32(part) * (self._faces[after] - face)
            fresh = True
        return np.clip(face * self._presence(position, index), 0, 1), fresh

    def _presence(self, position: Fraction, index: int) -> np.float32:
        """1 while there is motion, easing to 0 after it has stayed away, and back when it has returned."""
        away = 1 - (float(position - index) / self._fps - HOLD_S) / EASE_S
        back = float(position - self._woke) / self._fps / EASE_S if position >= self._woke else 1.0
        return np.float32(min(1.0, max(0.0, min(away, back))))

    def _forget(self) -> None:
        """Drop faces that no receiver will need any more."""
        position = min(track.next / track.rate for track in self._tracks) * self._fps
        done = max(0, bisect_right(self._indices, position) - 1)
        del self._indices[:done], self._faces[:done]
