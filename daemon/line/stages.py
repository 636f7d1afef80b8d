"""Runs the stages of the program, one thread each, and makes sure that none ends unnoticed."""

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread, current_thread, main_thread
from types import FrameType
from typing import Final

from protocols.errors import FacewireError

LOOK_EVERY_S: Final = 0.1
JOIN_S: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """A job for one thread."""

    name: str
    job: Callable[[], None]
    ended: Callable[[], None]
    """Called when the job is over, however it ended: closes the queue that it fed."""


def run_stages(stages: Sequence[Stage], stop: Event, watch: Callable[[], None]) -> None:
    """Run all until the last one ends; `watch` is called some times a second meanwhile.

    A stage that fails sets `stop`. Raises its error: as it is if it is a FacewireError, else inside one.
    """
    failures: list[tuple[str, Exception]] = []
    threads = [Thread(target=_guarded, args=(s, stop, failures), name=s.name, daemon=True) for s in stages]
    for thread in threads:
        thread.start()
    while threads[-1].is_alive():
        threads[-1].join(LOOK_EVERY_S)
        watch()
    for thread in threads:
        thread.join(JOIN_S)
    for name, error in failures[:1]:
        if isinstance(error, FacewireError):
            raise error
        log.error("the %s failed", name, exc_info=error)
        raise FacewireError(f"the {name} failed: {type(error).__name__}: {error}") from error


def _guarded(stage: Stage, stop: Event, failures: list[tuple[str, Exception]]) -> None:
    try:
        stage.job()
    except Exception as error:
        failures.append((stage.name, error))
        stop.set()
    finally:
        stage.ended()


@contextmanager
def stopped_by_signals(stop: Event) -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM set `stop`; a second one ends the program at once."""
    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, set_stop)
    try:
        yield
    finally:
        restore()
