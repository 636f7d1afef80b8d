"""The only clock of the live program: monotonic, in nanoseconds, replaceable in tests."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment."""

    def sleep_until(self, due_ns: int) -> None:
        """Return at that time, or immediately if it has passed."""


class SystemClock:
    """The clock of this machine."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment; not by time.monotonic, which ticks every 16 ms on Windows."""
        return time.perf_counter_ns()

    def sleep_until(self, due_ns: int) -> None:
        """Return at that time, or immediately if it has passed; not by Event.wait, for the same reason."""
        time.sleep(max(0, due_ns - self.now_ns()) / 1e9)


SYSTEM = SystemClock()
