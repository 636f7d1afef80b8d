"""Runs the stages of the program, each in a thread of its own; a stage that fails ends the program."""

import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread, current_thread, main_thread
from types import FrameType
from typing import Final

from protocols.errors import FacewireError

LOOK_EVERY_S: Final = 0.1
JOIN_S: Final = 5.0
STOPPING: Final = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """A job for one thread."""

    name: str
    job: Callable[[], None]
    ended: Callable[[], None]
    """Called when the job has ended, by an error or not: closes the queue that it fed."""


def run_stages(stages: Sequence[Stage], stop: Event, watch: Callable[[], None]) -> None:
    """Run all until the last one ends, and call `watch` some times a second meanwhile.

    A stage that fails sets `stop`. Raises its error: as it is if it is a FacewireError, else inside one. An error in
    `watch`, which only tells how it goes, is logged once and ends nothing.
    """
    failures: list[tuple[str, Exception]] = []
    threads = [Thread(target=_guarded, args=(s, stop, failures), name=s.name, daemon=True) for s in stages]
    for thread in threads:
        thread.start()
    watched = True
    while threads[-1].is_alive():
        threads[-1].join(LOOK_EVERY_S)
        try:
            watch()
        except Exception:
            if watched:
                log.exception("the status cannot be shown; everything else goes on")
            watched = False
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
    """Within, a signal to end sets `stop`: Ctrl-C, SIGTERM, or a terminal that is closed.

    A second Ctrl-C or SIGTERM ends the program at once. A closing terminal may send its signal more than once.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*STOPPING, *_hang_ups())}

    def restore(numbers: Iterable[signal.Signals]) -> None:
        for number in numbers:
            signal.signal(number, before[number])

    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore(STOPPING)

    for number in before:
        signal.signal(number, set_stop)
    try:
        yield
    finally:
        restore(before)


def _hang_ups() -> list[signal.Signals]:
    """What a closing terminal sends on this system, unless it is to be ignored, as under `nohup`."""
    found = [getattr(signal, name) for name in ("SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]
