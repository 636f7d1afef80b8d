"""The live status: one line that changes on a terminal, a line every few seconds in a log."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from daemon.line.latency import Latency
from daemon.line.metrics import Metrics
from daemon.settings.live import LiveSettings

LOG_EVERY_S: Final = 5.0
QUIETEST_DB: Final = -60
METER_WIDTH: Final = 14

CONSOLE: Final = Console(stderr=True)
log = logging.getLogger(__name__)


class Speed:
    """Frames per second of one receiver, since it was last asked, smoothed."""

    def __init__(self) -> None:
        self._sent, self._at_s = 0, time.monotonic()
        self._smooth: float | None = None

    def measure(self, sent: int) -> float:
        """The speed now, after so many frames in all."""
        now_s = time.monotonic()
        speed = (sent - self._sent) / max(now_s - self._at_s, 1e-3)
        self._sent, self._at_s = sent, now_s
        self._smooth = speed if self._smooth is None else 0.9 * self._smooth + 0.1 * speed
        return self._smooth


def line(metrics: Metrics, frames_per_s: float, dropped: int) -> str:
    """The state of the program in one line; `dropped` counts pieces of sound and motion that gave way."""
    filled = round((metrics.level_db - QUIETEST_DB) / -QUIETEST_DB * METER_WIDTH)
    meter = ("#" * min(METER_WIDTH, max(0, filled))).ljust(METER_WIDTH)
    hop_ms = median(metrics.hop_ms) if metrics.hop_ms else 0.0
    return (
        f"[{meter}] {metrics.level_db:4.0f} dB  {frames_per_s:.0f} frames/s  compute {hop_ms:.0f} ms  "
        f"held {metrics.held}  late {metrics.late}  dropped {dropped + metrics.skipped.total()}"
    )


def report(
    metrics: Metrics, settings: LiveSettings, delay: Latency, receivers: Sequence[tuple[str, float]], device_ms: float
) -> dict[str, Any]:
    """The same for the preview page, in full; `receivers` are names and frames per second. Takes the delays out."""
    delays = [metrics.delays.popleft() for _ in range(len(metrics.delays))]
    return {
        "level_db": round(metrics.level_db, 1),
        "gate": metrics.gate,
        "gate_db": settings.now.gate_db,
        "calibrating": metrics.calibrating,
        "latency": {
            "stated_ms": delay.parts(),
            "measured_ms": [[round(value, 2) for value in (device_ms, *each)] for each in delays],
        },
        "sinks": [
            {"name": name, "fps": round(speed, 1), "sent": metrics.sent[number], "skipped": metrics.skipped[number]}
            for number, (name, speed) in enumerate(receivers)
        ],
        "held": metrics.held,
        "late": metrics.late,
        "match": metrics.match,
        "identity": settings.now.identity,
        "speaking": metrics.speaking,
    }


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """Gives a function that shows the newest line, in place on a terminal, else now and then as a log line."""
    if CONSOLE.is_terminal:
        with CONSOLE.status("") as status:
            yield lambda text: status.update(Text(text))
        return
    said_s = time.monotonic()

    def say(text: str) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= LOG_EVERY_S:
            said_s = time.monotonic()
            log.info("%s", text)

    yield say
