"""The latency that is stated to the user, who types it into other programs: measured once, then kept.

With `latency_ms: auto` the first seconds of sound are measured, while frames are sent with a provisional delay. From
then on the latency moves only if frames keep coming late. With a number nothing is measured: the total is that number.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, Self

from daemon.line.blocks import Motion
from daemon.line.latency import Latency, latency
from model.windows import WindowSpec
from protocols.errors import FacewireError

PROVISIONAL_MS: Final = 100
"""For computing, until it has been measured. A machine that needs longer for a hop is too slow anyway."""
MEASURE_S: Final = 3
"""Seconds of sound that are measured."""
WATCH_S: Final = 20
"""Seconds of sound that are watched for late motion …"""
LATE_S: Final = 10
"""… which must occur in this many of them: a short load on the machine moves nothing."""
MARGIN: Final = 1.25
MARGIN_MS: Final = 15
STEP_MS: Final = 5
"""Computing time is rounded up to a multiple, so that one start states the same as the next."""
LONGEST_MS: Final = 1000
"""The worker's queue holds a second of sound. What needs longer loses sound, and more latency does not help."""


@dataclass(frozen=True)
class Timing:
    """The stated latency and what has been measured since. A value: `hear` and `again` return the next one."""

    stated: Latency
    """What the sender keeps; provisional as long as there are no `statements`."""
    fps: int
    """The model's frames per second."""
    wanted_ms: int | None = None
    """The total that the user has set; None for auto."""
    measuring: bool = True
    statements: int = 0
    """Counts how often a latency was stated, or the one that is set was found too short."""
    late: bool = False
    """Whether motion that kept coming late was the reason for the last statement."""
    needed_ms: int = 0
    """The total that the last measurement asks for."""
    second: int = -1
    """The newest second of sound of which motion has come."""
    worst_ms: tuple[float, ...] = ()
    """The longest computing time, waiting included, of each second since the last statement; at most `WATCH_S`."""

    def hear(self, motion: Motion) -> Self:
        """Take note of a piece of motion that has just been made."""
        timing = self._waiting(motion.hop_ms, motion.lookahead_ms)
        second = motion.first // self.fps
        lag_ms = timing._lag_ms(motion)
        if second == timing.second:
            *before, worst_ms = timing.worst_ms or (0.0,)
            return replace(timing, worst_ms=(*before, max(worst_ms, lag_ms)))
        timing = timing._judged()
        return replace(timing, second=second, worst_ms=(*timing.worst_ms, lag_ms)[-WATCH_S:])

    def again(self) -> Self:
        """Measure once more, over the next seconds. What the user has set is kept."""
        return self if self.wanted_ms else replace(self, measuring=True, worst_ms=())

    def check(self, window: WindowSpec) -> None:
        """Raises FacewireError for a window that does not fit into the latency that the user has set."""
        if self.wanted_ms:
            _require(
                self.wanted_ms, replace(self.stated, hop_ms=window.hop_ms, lookahead_ms=window.right_ms, spare_ms=0)
            )

    def _waiting(self, hop_ms: int, lookahead_ms: int) -> Self:
        """With another hop or lookahead the latency changes by as much, unless the user has set it."""
        longer_ms = hop_ms + lookahead_ms - self.stated.hop_ms - self.stated.lookahead_ms
        spare_ms = self.stated.spare_ms - (longer_ms if self.wanted_ms else 0)
        stated = replace(self.stated, hop_ms=hop_ms, lookahead_ms=lookahead_ms, spare_ms=spare_ms)
        return replace(self, stated=stated)

    def _lag_ms(self, motion: Motion) -> float:
        """From the arrival of the last sound that the motion needed until it was made."""
        first_ms = 1000 * motion.first / self.fps
        age_ms = (motion.made_ns - motion.anchor_ns) / 1e6
        return max(0.0, age_ms - first_ms - self.stated.chunk_ms - self.stated.window_ms)

    def _judged(self) -> Self:
        """After each second: state a latency if it is time to."""
        if self.measuring:
            return self._restated(late=False) if len(self.worst_ms) >= MEASURE_S else self
        late = sum(worst_ms > self.stated.room_ms for worst_ms in self.worst_ms) >= LATE_S
        return self._restated(late=True) if late else self

    def _restated(self, *, late: bool) -> Self:
        room_ms = _room_ms(self.worst_ms)
        timing = replace(self, measuring=False, worst_ms=())
        if late and room_ms <= self.stated.room_ms:
            return timing  # as long as it may be already
        stated = self.stated if self.wanted_ms else replace(self.stated, compute_ms=room_ms)
        needed_ms = self.stated.total_ms - self.stated.room_ms + room_ms
        return replace(timing, stated=stated, statements=self.statements + 1, late=late, needed_ms=needed_ms)


def begin(
    wanted_ms: int | Literal["auto"], device_ms: float, window: WindowSpec, compute_ms: float, fps: int
) -> Timing:
    """The timing at the start; `compute_ms` is a typical hop's. Raises FacewireError for a number that is too small."""
    if wanted_ms == "auto":
        return Timing(latency(device_ms, window, PROVISIONAL_MS), fps)
    least = latency(device_ms, window, compute_ms)
    _require(wanted_ms, least)
    stated = replace(least, spare_ms=wanted_ms - least.total_ms)
    return Timing(stated, fps, wanted_ms, measuring=False, statements=1, needed_ms=wanted_ms)


def _require(wanted_ms: int, least: Latency) -> None:
    if wanted_ms < least.total_ms:
        raise FacewireError(
            f"latency_ms: {wanted_ms} is too little; on this machine, with a lookahead of {least.lookahead_ms} ms, "
            f"it must be at least {least}. Set more, look ahead less (--lookahead-ms), take a shorter hop (--hop-ms), "
            "or leave it at auto"
        )


def _room_ms(worst_ms: tuple[float, ...]) -> int:
    """What to allow for computing, by the worst of each second: a quarter of the seconds may be exceptions."""
    usual_ms = sorted(worst_ms)[3 * (len(worst_ms) - 1) // 4]
    return min(LONGEST_MS, math.ceil((usual_ms * MARGIN + MARGIN_MS) / STEP_MS) * STEP_MS)
