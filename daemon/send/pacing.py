"""When each frame is sent: at the receiver's own steady rate, a fixed time after its sound.

Frame n of a receiver shows the face at audio time n / rate and is due at anchor + n / rate + delay. Between two frames
of the model it is interpolated, weights and pose alike. A face that has not arrived in time is not waited for: the last
one is held, and after a second eased to neutral. When all motion has been shown, the face eases to neutral, too. There
are no threads and no clock here: times come in as numbers.
"""

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.line.blocks import Motion
from daemon.line.metrics import Delay, Metrics
from daemon.send.slide import Slide
from daemon.settings.config import DaemonConfig, Gains
from protocols.blendshapes import COUNT, REGIONS
from protocols.frame import Frame, Weights
from protocols.interpolation import between
from protocols.pose import POSE_COUNT

HOLD_S: Final = 1.0
"""How long the last face is held when no motion arrives."""
EASE_S: Final = 0.4
"""How long it then takes to neutral, and back when motion arrives again."""
REST_S: Final = Fraction(3, 10)
"""How long the last face takes to neutral at the end of the program."""
RESTING: Final = 3
"""How many times the neutral face is then sent: a packet may be lost."""

STEADY_NS: Final = 10_000_000
"""The time stamps of frames are evenly spaced; they are corrected only when the clocks have drifted by this much."""

Face = NDArray[np.float32]
"""(62,): a frame's weights and, beside them, its pose; but for the gains, what is done to them is the same."""
NEUTRAL: Final = np.zeros(COUNT + POSE_COUNT, np.float32)


@dataclass
class Track:
    """One receiver's place in time."""

    rate: Fraction
    """Frames per second."""
    later_ns: int = 0
    """How much later than the others its frames are sent."""
    next: int = 0
    """Index of the next frame."""
    shown: Face = field(default_factory=lambda: NEUTRAL)
    """What was sent last."""
    rest_from: int = sys.maxsize
    """Index of the first frame after all motion, once that has ended."""

    @property
    def time_ns(self) -> Fraction:
        """Audio time of the next frame."""
        return self.next * 1_000_000_000 / self.rate

    @property
    def neutral_at(self) -> int:
        """Index of the first neutral frame at the end."""
        return self.rest_from + math.ceil(REST_S * self.rate) - 1

    @property
    def over(self) -> bool:
        """Whether its last frame has been sent."""
        return self.next >= self.neutral_at + RESTING

    def due_ns(self, anchor_ns: int, slide: Slide) -> int:
        """When the next frame is sent."""
        return anchor_ns + self.later_ns + math.ceil(self.time_ns + slide.delay_ns(self.time_ns))

    def newest(self, anchor_ns: int, slide: Slide, now_ns: int) -> int:
        """Index of the newest frame that is due. Of the neutral ones at the end none is skipped."""
        due = math.floor(slide.time_ns(now_ns - anchor_ns - self.later_ns) * self.rate / 1_000_000_000)
        return due if due < self.neutral_at else min(due, max(self.neutral_at, self.next))

    def resting(self, index: int) -> Face:
        """The face at the end: smoothly from what was shown last to neutral."""
        share = min(1.0, (index + 1 - self.rest_from) / (self.neutral_at + 1 - self.rest_from))
        return self.shown * np.float32(1 - share * share * (3 - 2 * share))


class Pacer:
    """Holds the motion that has not been shown yet, and gives out the frames that are due."""

    def __init__(
        self, fps: int, tracks: Sequence[Track], anchor_ns: int, epoch_ns: int, delay_ns: int, metrics: Metrics
    ) -> None:
        """`fps` is the model's rate; `epoch_ns` the Unix time of the sound at monotonic time 0.

        `delay_ns` is the time from the arrival of a sound to the departure of its frame, until motion comes.
        """
        self._fps = fps
        self._tracks = tracks
        self._anchor_ns = anchor_ns
        self._stamp_ns = anchor_ns
        self._epoch_ns = epoch_ns
        self._metrics = metrics
        self._slide = Slide.still(delay_ns)
        self._window_ms: int | None = None
        # The first receiver that gets what is stated, no later.
        self._measured = next((number for number, track in enumerate(tracks) if not track.later_ns), 0)
        self._indices: list[int] = []
        self._faces: list[Face] = []
        self._sources: list[Motion] = []
        self._frozen: Face | None = None
        self._woke = -Fraction(fps)  # long enough ago that nothing is eased

    def add(self, motion: Motion, delay_ns: int) -> None:
        """Take motion in, the earlier before the later; `delay_ns` is its time from arrival to departure.

        Another delay is approached slowly. But if the model's hop or lookahead has changed, it is in force at once: the
        face pauses for the difference if it is longer, and skips it if it is shorter.
        """
        self._anchor_ns = motion.anchor_ns
        if abs(self._anchor_ns - self._stamp_ns) > STEADY_NS:
            self._stamp_ns = self._anchor_ns
        self._set_delay(delay_ns, at_once=motion.window_ms != self._window_ms)
        self._window_ms = motion.window_ms
        shown = max(Fraction(track.next - 1) / track.rate for track in self._tracks) * self._fps
        count = len(motion.weights)
        self._metrics.late += sum(motion.first + k <= shown for k in range(count))
        if self._indices and motion.first - self._indices[-1] > HOLD_S * self._fps:
            self._woke = Fraction(motion.first)
        self._indices += range(motion.first, motion.first + count)
        self._faces += list(np.concatenate([motion.weights, motion.poses], 1))
        self._sources += [motion] * count

    def end(self) -> None:
        """No motion will follow: after it every receiver's face eases to neutral."""
        last = self._indices[-1] if self._indices else -1
        for track in self._tracks:
            track.rest_from = max(track.next, math.floor(last * track.rate / self._fps) + 1)

    def next_due_ns(self) -> int:
        """When the next frame of any receiver is due."""
        return min(track.due_ns(self._anchor_ns, self._slide) for track in self._tracks if not track.over)

    def due(self, now_ns: int, config: DaemonConfig) -> list[tuple[int, Frame]]:
        """The frames to send now, as (receiver's number, frame): the newest that is due of each receiver.

        Older ones are skipped. The gains of `config` are applied to the weights, and its `freeze` holds the face.
        """
        frames = []
        for number, track in enumerate(self._tracks):
            newest = track.newest(self._anchor_ns, self._slide, now_ns)
            if newest >= track.next and not track.over:
                self._metrics.skipped[number] += newest - track.next
                self._metrics.sent[number] += 1
                track.next = newest + 1
                frames.append((number, self._frame(track, newest, config)))
                if number == self._measured:
                    self._measure(newest / track.rate, now_ns)
        self._forget()
        return frames

    def finished(self) -> bool:
        """Whether every receiver has seen all motion and the neutral face after it."""
        return all(track.over for track in self._tracks)

    def _set_delay(self, delay_ns: int, *, at_once: bool) -> None:
        now_ns = max(track.time_ns for track in self._tracks)
        if not at_once:
            if delay_ns != self._slide.after_ns:
                self._slide = self._slide.towards(delay_ns, now_ns)
            return
        if self._window_ms is not None:
            sooner_ns = max(Fraction(0), self._slide.delay_ns(now_ns) - delay_ns)
            for track in self._tracks:
                track.next += math.floor(sooner_ns * track.rate / 1_000_000_000)
        self._slide = Slide.still(delay_ns)

    def _frame(self, track: Track, index: int, config: DaemonConfig) -> Frame:
        if index >= track.rest_from:
            return self._stamped(track, index, track.resting(index))
        position = index / track.rate * self._fps
        face, fresh = self._face(position)
        self._metrics.held += not fresh
        if not config.freeze:
            self._frozen = None
        elif self._frozen is None:
            self._frozen = face
        weights, pose = np.split(face if self._frozen is None else self._frozen, [COUNT])
        track.shown = np.concatenate([amplify(weights, config.gains), pose])
        return self._stamped(track, index, track.shown)

    def _measure(self, time_s: Fraction, now_ns: int) -> None:
        """Note how late the frame of this audio time is, if its motion has arrived."""
        after = bisect_left(self._indices, time_s * self._fps)
        if after == len(self._indices):
            return
        motion, sounded_ns = self._sources[after], self._anchor_ns + round(time_s * 1_000_000_000)
        stamps_ns = (sounded_ns, motion.heard_ns, motion.made_ns, now_ns)
        self._metrics.delays.append(Delay(*((late - early) / 1e6 for early, late in pairwise(stamps_ns))))

    def _stamped(self, track: Track, index: int, face: Face) -> Frame:
        heard_ns = self._stamp_ns + index * 1_000_000_000 * track.rate.denominator // track.rate.numerator
        return Frame(index, track.rate, self._epoch_ns + heard_ns, face[:COUNT], face[COUNT:])

    def _face(self, position: Fraction) -> tuple[Face, bool]:
        """The face at a position, counted in the model's frames, and whether it is fresh and not held."""
        after = bisect_right(self._indices, position)
        if after == 0:
            return NEUTRAL, False
        index, face = self._indices[after - 1], self._faces[after - 1]
        fresh = index == position
        if after < len(self._indices):
            part = float((position - index) / (self._indices[after] - index))
            face = between(face, self._faces[after], part)
            fresh = True
        return face * self._presence(position, index), fresh

    def _presence(self, position: Fraction, index: int) -> np.float32:
        """1 while there is motion; eases to 0 when it has stopped for a while, and back when it has returned."""
        away = 1 - (float(position - index) / self._fps - HOLD_S) / EASE_S
        back = float(position - self._woke) / self._fps / EASE_S if position >= self._woke else 1.0
        return np.float32(min(1.0, max(0.0, min(away, back))))

    def _forget(self) -> None:
        """Drop faces that no receiver needs any more."""
        position = min(track.next / track.rate for track in self._tracks) * self._fps
        done = max(0, bisect_right(self._indices, position) - 1)
        del self._indices[:done], self._faces[:done], self._sources[:done]


def amplify(weights: Weights, gains: Gains) -> Weights:
    """Weights (…, 52) with each region's gain applied, in [0, 1]."""
    scaled: Weights = weights * _per_shape(gains)
    return scaled.clip(0, 1)


@lru_cache
def _per_shape(gains: Gains) -> Weights:
    scale = np.ones(COUNT, np.float32)
    for region, shapes in REGIONS.items():
        scale[list(shapes)] = getattr(gains, region)
    return scale
