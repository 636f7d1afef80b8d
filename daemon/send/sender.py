"""The sender: owns the clock. Motion in, frames out to every receiver, each at its own steady rate."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from daemon.line.blocks import Motion
from daemon.line.clock import Clock
from daemon.line.queues import Closed, DropOldestQueue
from daemon.send.pacing import Pacer
from daemon.settings.live import LiveSettings
from protocols.sinks import Sink


def send(
    motions: DropOldestQueue[Motion],
    pacer_at: Callable[[int], Pacer],
    sinks: Sequence[Sink],
    settings: LiveSettings,
    clock: Clock,
) -> None:
    """Thread: play motion until its queue has ended and all of it is shown, then leave the face neutral.

    `pacer_at` makes the pacer for the anchor that the first motion brings.
    """
    pacer = pacer_at(clock.now_ns())
    with suppress(Closed):
        first = motions.get()
        assert first is not None  # without a timeout, get waits
        pacer = pacer_at(first.anchor_ns)
        pacer.add(first)
    ended = False
    while not (ended and pacer.finished()):
        clock.sleep_until(pacer.next_due_ns())
        ended = _take(motions, pacer)
        for number, frame in pacer.due(clock.now_ns(), settings.now):
            sinks[number].send(frame)
    for number, frame in pacer.neutral():
        sinks[number].send(frame)


def _take(motions: DropOldestQueue[Motion], pacer: Pacer) -> bool:
    """Hand over all motion that is there; True if the queue has ended."""
    try:
        while (motion := motions.get(timeout_s=0)) is not None:
            pacer.add(motion)
    except Closed:
        return True
    return False
