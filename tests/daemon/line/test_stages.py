import os
import signal
from threading import Event

import pytest

from daemon.line.queues import DropOldestQueue
from daemon.line.stages import Stage, run_stages, stopped_by_signals
from protocols.errors import FacewireError


def nothing() -> None:
    pass


def test_all_stages_run_and_their_queues_are_closed() -> None:
    queue, got = DropOldestQueue[int](3), list[int]()
    run_stages(
        [Stage("first", lambda: queue.put(1), queue.close), Stage("second", lambda: got.extend(queue), nothing)],
        Event(),
        nothing,
    )
    assert got == [1]


def failing(error: Exception) -> tuple[list[Stage], Event]:
    """A source that runs until it is told to stop, and a stage after it that fails."""
    stop, queue = Event(), DropOldestQueue[int](3)

    def fail() -> None:
        raise error

    return [Stage("source", lambda: bool(stop.wait(20)), queue.close), Stage("model", fail, nothing)], stop  # type: ignore[arg-type,return-value]


def test_a_failure_stops_the_others_and_is_raised_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    stages, stop = failing(ZeroDivisionError("by zero"))
    with pytest.raises(FacewireError, match="the model failed: ZeroDivisionError: by zero") as caught:
        run_stages(stages, stop, nothing)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "Traceback" in caplog.text  # for the report of a bug


def test_an_error_in_plain_words_stays_as_it_is() -> None:
    stages, stop = failing(FacewireError("plug it in"))
    with pytest.raises(FacewireError, match=r"^plug it in$"):
        run_stages(stages, stop, nothing)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_once_and_then_have_their_old_meaning(number: signal.Signals) -> None:
    stop, before = Event(), signal.getsignal(number)
    with stopped_by_signals(stop):
        assert signal.getsignal(number) is not before
        os.kill(os.getpid(), number)
        assert stop.wait(20)
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before
