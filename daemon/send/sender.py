"""The sender owns the clock: it takes motion in and sends frames to every receiver, each at its own steady rate."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from daemon.line.blocks import Motion
from daemon.line.clock import Clock
from daemon.line.metrics import Metrics
from daemon.line.queues import Closed, DropOldestQueue
from daemon.line.timing import Timing
from daemon.send.pacing import Pacer
from daemon.settings.live import LiveSettings
from protocols.sinks import Sink

LONGEST_SLEEP_NS: Final = 200_000_000
"""Before the first frame is due, the queue fills up: with a long latency its motion has to be taken before that."""


def send(
    motions: DropOldestQueue[Motion],
    pacer_at: Callable[[int], Pacer],
    timing: Timing,
    sinks: Sequence[Sink],
    settings: LiveSettings,
    metrics: Metrics,
    clock: Clock,
) -> None:
    """Thread: play motion until its queue has ended and all of it is shown, then ease the face to neutral.

    `pacer_at` makes the pacer for the anchor that the first motion brings; `timing` is the latency at the start.
    """
    pacer = pacer_at(clock.now_ns())
    with suppress(Closed):
        first = motions.get()
        assert first is not None  # without a timeout, get waits
        pacer = pacer_at(first.anchor_ns)
        timing = _add(first, pacer, timing, settings, metrics)
    ended = False
    while not pacer.finished():
        clock.sleep_until(min(pacer.next_due_ns(), clock.now_ns() + LONGEST_SLEEP_NS))
        try:
            while not ended and (motion := motions.get(timeout_s=0)) is not None:
                timing = _add(motion, pacer, timing, settings, metrics)
        except Closed:
            ended = True
            pacer.end()
        for number, frame in pacer.due(clock.now_ns(), settings.now):
            sinks[number].send(frame)


def _add(motion: Motion, pacer: Pacer, timing: Timing, settings: LiveSettings, metrics: Metrics) -> Timing:
    """Hand motion to the pacer with the delay that the timing has after it."""
    if settings.measure.is_set():
        settings.measure.clear()
        timing = timing.again()
    timing = timing.hear(motion)
    metrics.timing = timing
    pacer.add(motion, timing.stated.after_arrival_ms * 1_000_000)
    return timing
