from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest

from daemon.line import timing
from daemon.line.blocks import Motion
from daemon.line.metrics import Metrics
from daemon.line.queues import Closed, DropOldestQueue
from daemon.send.pacing import Pacer, Track
from daemon.send.sender import send
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model.windows import WindowSpec
from protocols import blendshapes
from protocols.frame import Frame
from protocols.pose import POSE_COUNT
from protocols.sinks import SinkSpec, parse
from tests.daemon.clocks import FakeClock

SECOND = 1_000_000_000
WINDOW = WindowSpec(740, 100, 0)
DELAY_MS = 130
ANY = LiveSettings(DaemonConfig())
HALF = np.full((3, blendshapes.COUNT), 0.5, np.float32), np.full((3, POSE_COUNT), 0.5, np.float32)
"""Weights and poses of a piece of motion."""


@dataclass
class ListSink:
    """Keeps what it is sent, and when."""

    clock: FakeClock
    spec: SinkSpec = field(default_factory=lambda: parse("vmc://127.0.0.1:9"))
    sent: list[tuple[int, Frame]] = field(default_factory=list)

    def send(self, frame: Frame) -> None:
        self.sent.append((self.clock.now, frame))

    def close(self) -> None:
        pass


def motions(*firsts: int, anchor_ns: int = 0) -> DropOldestQueue[Motion]:
    queue = DropOldestQueue[Motion](100)
    for first in firsts:
        queue.put(Motion(first, *HALF, anchor_ns, 160, 100))
    queue.close()
    return queue


def play(
    queue: DropOldestQueue[Motion], clock: FakeClock, rate: int = 30, settings: LiveSettings = ANY
) -> tuple[list[tuple[int, Frame]], Metrics]:
    sink, metrics = ListSink(clock), Metrics()
    start = timing.begin(DELAY_MS, 0, WINDOW, 5, 30)

    def pacer_at(anchor_ns: int) -> Pacer:
        return Pacer(30, [Track(Fraction(rate))], anchor_ns, 0, DELAY_MS * 1_000_000, metrics)

    send(queue, pacer_at, start, [sink], settings, metrics, clock)
    return sink.sent, metrics


@pytest.mark.parametrize("rate", [30, 60])
def test_all_motion_is_played_in_time_and_then_the_face_eases_to_neutral(rate: int) -> None:
    sent, _ = play(motions(0, 3, 6, anchor_ns=SECOND), FakeClock(), rate)
    frames = [frame for _, frame in sent]
    assert [frame.index for frame in frames] == list(range(len(frames)))
    made = 8 * rate // 30 + 1
    assert all((frame.weights == 0.5).all() and (frame.pose == 0.5).all() for frame in frames[:made])
    assert all(0 < frame.weights.max() == frame.pose.max() < 0.5 for frame in frames[made:-3])
    assert not any(frame.weights.any() or frame.pose.any() for frame in frames[-3:])
    assert len(frames) == made + 3 * rate // 10 + 2
    for at, frame in sent:
        assert 0 <= at - (SECOND + DELAY_MS * 1_000_000 + frame.time_s * SECOND) < 1


def test_a_sender_that_always_wakes_late_stays_at_its_rate() -> None:
    sent, _ = play(motions(*range(0, 90, 3)), FakeClock(lag_ns=15_000_000))
    gaps = np.diff([at for at, _ in sent[:-2]])
    assert abs(gaps - SECOND / 30).max() <= 1


def test_without_any_motion_a_neutral_face_is_all_that_is_sent() -> None:
    sent, _ = play(motions(), FakeClock())
    assert len(sent) >= 3
    assert not any(frame.weights.any() for _, frame in sent)


def test_the_stated_latency_is_what_frames_are_sent_with() -> None:
    clock = FakeClock()
    # Each is made 20 ms after the last of its sound: this much is stated, with a margin.
    made = [Motion(3 * hop, *HALF, 0, 0, 100, made_ns=(100 * hop + 115 + 20) * 1_000_000) for hop in range(100)]
    sink, metrics = ListSink(clock), Metrics()
    start = timing.begin("auto", 0, WINDOW, 5, 30)

    def pacer_at(anchor_ns: int) -> Pacer:
        return Pacer(30, [Track(Fraction(30))], anchor_ns, 0, start.stated.after_arrival_ms * 1_000_000, metrics)

    send(Fed(made, clock), pacer_at, start, [sink], ANY, metrics, clock)  # type: ignore[arg-type]
    late_ms = [float(at - frame.time_s * SECOND) / 1e6 for at, frame in sink.sent]
    assert late_ms[:85] == pytest.approx([215] * 85)  # provisional, while three seconds are measured
    assert metrics.timing is not None
    stated_ms = metrics.timing.stated.total_ms
    assert stated_ms == 115 + 10 + 30
    settled = late_ms.index(pytest.approx(stated_ms))
    assert settled < 90 + 45
    assert late_ms[settled:] == pytest.approx([stated_ms] * len(late_ms[settled:]))
    assert abs(np.diff(late_ms)).max() < 2
    assert metrics.held == metrics.late == metrics.skipped.total() == 0


def test_it_is_measured_again_when_that_is_asked_for() -> None:
    clock = FakeClock()
    slow = [Motion(3 * hop, *HALF, 0, 0, 100, made_ns=(100 * hop + 115 + 60) * 1_000_000) for hop in range(60)]
    quick = [Motion(3 * hop, *HALF, 0, 0, 100, made_ns=(100 * hop + 115 + 12) * 1_000_000) for hop in range(60, 200)]
    settings, stated_ms = LiveSettings(DaemonConfig()), []
    start = timing.begin("auto", 0, WINDOW, 5, 30)

    class Asking(ListSink):
        def send(self, frame: Frame) -> None:
            super().send(frame)
            assert metrics.timing is not None
            stated_ms.append(metrics.timing.stated.total_ms)
            if frame.index == 300:
                settings.measure.set()

    sink, metrics = Asking(clock), Metrics()

    def pacer_at(anchor_ns: int) -> Pacer:
        return Pacer(30, [Track(Fraction(30))], anchor_ns, 0, start.stated.after_arrival_ms * 1_000_000, metrics)

    send(Fed([*slow, *quick], clock), pacer_at, start, [sink], settings, metrics, clock)  # type: ignore[arg-type]
    assert list(dict.fromkeys(stated_ms)) == [215, 115 + 10 + 80, 115 + 10 + 20]
    assert stated_ms[300] == stated_ms[380] == 205  # kept while it is measured, and before


class Fed:
    """A queue whose motion is there only when it has been made."""

    def __init__(self, made: list[Motion], clock: FakeClock) -> None:
        self._waiting, self._clock = made, clock

    def get(self, timeout_s: float | None = None) -> Motion | None:
        if not self._waiting:
            raise Closed
        if timeout_s is None:
            self._clock.sleep_until(self._waiting[0].made_ns)
        return self._waiting.pop(0) if self._waiting[0].made_ns <= self._clock.now_ns() else None


class FeedingClock(FakeClock):
    """While it sleeps, motion is made."""

    def __init__(self, made: list[Motion], queue: DropOldestQueue[Motion]) -> None:
        super().__init__()
        self.waiting, self.queue = made, queue

    def sleep_until(self, due_ns: int) -> None:
        super().sleep_until(due_ns)
        while self.waiting and self.waiting[0].made_ns <= self.now:
            self.queue.put(self.waiting.pop(0))
        if not self.waiting:
            self.queue.close()


def test_with_a_long_latency_no_motion_is_lost_before_the_first_frame() -> None:
    queue = DropOldestQueue[Motion](20)
    queue.put(Motion(0, *HALF, 0, 160, 100))
    clock = FeedingClock(
        [Motion(3 * hop, *HALF, 0, 160, 100, made_ns=hop * SECOND // 10) for hop in range(1, 80)], queue
    )
    sink, metrics = ListSink(clock), Metrics()
    start = timing.begin(5_000, 0, WINDOW, 5, 30)

    def pacer_at(anchor_ns: int) -> Pacer:
        return Pacer(30, [Track(Fraction(30))], anchor_ns, 0, 5 * SECOND, metrics)

    send(queue, pacer_at, start, [sink], ANY, metrics, clock)
    assert queue.dropped == 0
    assert sink.sent[0][0] == 5 * SECOND
    assert all((frame.weights == 0.5).all() for _, frame in sink.sent[:240])
