from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest

from daemon.line.blocks import Motion
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.send.pacing import Pacer, Track
from daemon.send.sender import send
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import blendshapes
from protocols.frame import Frame
from protocols.sinks import SinkSpec, parse
from tests.daemon.clocks import FakeClock

SECOND = 1_000_000_000


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
        queue.put(Motion(first, np.full((3, blendshapes.COUNT), 0.5, np.float32), anchor_ns))
    queue.close()
    return queue


def play(queue: DropOldestQueue[Motion], clock: FakeClock, rate: int = 30) -> list[tuple[int, Frame]]:
    sink = ListSink(clock)

    def pacer_at(anchor_ns: int) -> Pacer:
        return Pacer(30, [Track(Fraction(rate), SECOND // 10)], anchor_ns, 0, Metrics())

    send(queue, pacer_at, [sink], LiveSettings(DaemonConfig()), clock)
    return sink.sent


@pytest.mark.parametrize("rate", [30, 60])
def test_all_motion_is_played_in_time_and_the_last_frame_is_neutral(rate: int) -> None:
    sent = play(motions(0, 3, 6, anchor_ns=SECOND), FakeClock(), rate)
    frames = [frame for _, frame in sent]
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert frames[-2].time_s == Fraction(8, 30)
    assert all((frame.weights == 0.5).all() for frame in frames[:-1])
    assert not frames[-1].weights.any()
    for at, frame in sent[:-1]:
        assert 0 <= at - (SECOND + SECOND // 10 + frame.time_s * SECOND) < 1


def test_a_sender_that_always_wakes_late_stays_at_its_rate() -> None:
    sent = play(motions(*range(0, 90, 3)), FakeClock(lag_ns=15_000_000))
    gaps = np.diff([at for at, _ in sent[:-1]])
    assert abs(gaps - SECOND / 30).max() <= 1


def test_without_any_motion_a_neutral_face_is_all_that_is_sent() -> None:
    sent = play(motions(), FakeClock())
    assert sent
    assert not any(frame.weights.any() for _, frame in sent)
