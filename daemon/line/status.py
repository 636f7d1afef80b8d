"""The live status: one line that changes on a terminal, a line every few seconds in a log."""

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from statistics import median
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from daemon.line.metrics import Metrics
from daemon.line.timing import Timing
from daemon.settings.live import LiveSettings

LOG_EVERY_S: Final = 5.0
SILENCE_DB: Final = -100.0
QUIETEST_DB: Final = -60
"""Where the meter begins."""
METER_WIDTH: Final = 14

CONSOLE: Final = Console(stderr=True)
log = logging.getLogger(__name__)


class Receiver(NamedTuple):
    """What is told of a receiver beside its counts."""

    name: str
    frames_per_s: float
    later_ms: int
    """What it needs in addition to the stated latency."""


class Speed:
    """Frames per second of one receiver, smoothed over the times it is asked for."""

    def __init__(self) -> None:
        self._sent, self._at_s = 0, time.monotonic()
        self._smooth: float | None = None

    def measure(self, sent: int) -> float:
        """The speed now, when `sent` frames have been sent in all."""
        now_s = time.monotonic()
        speed = (sent - self._sent) / max(now_s - self._at_s, 1e-3)
        self._sent, self._at_s = sent, now_s
        self._smooth = speed if self._smooth is None else 0.9 * self._smooth + 0.1 * speed
        return self._smooth


def line(metrics: Metrics, frames_per_s: float, dropped: int) -> str:
    """The state of the program in one line; `dropped` counts the sound and motion that full queues have dropped."""
    level_db = _level_db(metrics)
    filled = round((level_db - QUIETEST_DB) / -QUIETEST_DB * METER_WIDTH)
    meter = ("#" * min(METER_WIDTH, max(0, filled))).ljust(METER_WIDTH)
    hop_ms = median(metrics.hop_ms) if metrics.hop_ms else 0.0
    return (
        f"[{meter}] {level_db:4.0f} dB  {frames_per_s:.0f} frames/s  compute {hop_ms:.0f} ms  "
        f"held {metrics.held}  late {metrics.late}  dropped {dropped + metrics.skipped.total()}"
    )


def _level_db(metrics: Metrics) -> float:
    """The level; silence where the sound was not made of numbers."""
    return metrics.level_db if math.isfinite(metrics.level_db) else SILENCE_DB


def report(
    metrics: Metrics,
    settings: LiveSettings,
    timing: Timing,
    receivers: Sequence[Receiver],
    device_ms: float,
    dropped: Mapping[str, int],
    recorded_s: float | None,
) -> dict[str, Any]:
    """The whole status message of the preview page. Takes the measured delays out of the metrics.

    `dropped` counts the `sound` and `motion` that full queues have dropped; `recorded_s` is the length of the take that
    is being recorded, None if there is none.
    """
    delays = [metrics.delays.popleft() for _ in range(len(metrics.delays))]
    return {
        "level_db": round(_level_db(metrics), 1),
        "gate": metrics.gate,
        "gate_db": settings.now.gate_db,
        "calibrating": metrics.calibrating,
        "latency": {
            "stated_ms": timing.stated.parts(),
            "settled": timing.statements > 0,
            "measuring": timing.measuring,
            "set": timing.wanted_ms is not None,
            "measured_ms": [[round(value, 2) for value in (device_ms, *each)] for each in delays],
        },
        "sinks": [
            {
                "name": receiver.name,
                "fps": round(receiver.frames_per_s, 1),
                "later_ms": receiver.later_ms,
                "sent": metrics.sent[number],
                "skipped": metrics.skipped[number],
            }
            for number, receiver in enumerate(receivers)
        ],
        "held": metrics.held,
        "late": metrics.late,
        "dropped": dict(dropped),
        "match": metrics.match,
        "identity": settings.now.identity,
        "speaking": metrics.speaking,
        "recording": None if recorded_s is None else {"seconds": recorded_s},
    }


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """Gives a function that shows the newest line: in place on a terminal, else as a log line every few seconds."""
    if CONSOLE.is_terminal:
        spinner = Spinner("dots")
        # Redirected, so that what is printed meanwhile does not break the line; but only what goes to the terminal.
        live = Live(
            spinner, console=CONSOLE, refresh_per_second=12, transient=True, redirect_stdout=sys.stdout.isatty()
        )
        live.start()
        try:
            yield lambda text: spinner.update(text=Text(text))
        finally:
            with suppress(OSError):  # the terminal has been closed
                live.stop()
        return
    said_s = time.monotonic()

    def say(text: str) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= LOG_EVERY_S:
            said_s = time.monotonic()
            log.info("%s", text)

    yield say
