"""The live status: one line that changes on a terminal, a line every few seconds in a log."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from rich.console import Console
from rich.text import Text

from daemon.metrics import Metrics

LOG_EVERY_S: Final = 5.0
QUIETEST_DB: Final = -60
METER_WIDTH: Final = 14

CONSOLE: Final = Console(stderr=True)
log = logging.getLogger(__name__)


class Speed:
    """Frames per second and receiver, since it was last asked, smoothed."""

    def __init__(self, receivers: int) -> None:
        self._receivers = receivers
        self._packets, self._at_s = 0, time.monotonic()
        self._smooth: float | None = None

    def measure(self, packets: int) -> float:
        """The speed now, after so many packets in all."""
        now_s = time.monotonic()
        speed = (packets - self._packets) / self._receivers / max(now_s - self._at_s, 1e-3)
        self._packets, self._at_s = packets, now_s
        self._smooth = speed if self._smooth is None else 0.8 * self._smooth + 0.2 * speed
        return self._smooth


def line(metrics: Metrics, frames_per_s: float, dropped: int) -> str:
    """The state of the program in one line; `dropped` counts pieces of sound and motion that gave way."""
    filled = round((metrics.level_db - QUIETEST_DB) / -QUIETEST_DB * METER_WIDTH)
    meter = ("#" * min(METER_WIDTH, max(0, filled))).ljust(METER_WIDTH)
    hop_ms = median(metrics.hop_ms) if metrics.hop_ms else 0.0
    return (
        f"[{meter}] {metrics.level_db:4.0f} dB  {frames_per_s:.0f} frames/s  compute {hop_ms:.0f} ms  "
        f"held {metrics.held}  late {metrics.late}  dropped {dropped + metrics.skipped}"
    )


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
