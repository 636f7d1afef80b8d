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


def test_a_status_that_cannot_be_shown_is_told_once_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    looks = iter(range(100))
    enough = Event()

    def watch() -> None:
        if next(looks) == 2:
            enough.set()
        raise ValueError("cannot convert float NaN to integer")

    run_stages([Stage("source", lambda: bool(enough.wait(20)), nothing)], Event(), watch)  # type: ignore[arg-type,return-value]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "float NaN" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_once_and_then_have_their_old_meaning(number: signal.Signals) -> None:
    stop, before = Event(), signal.getsignal(number)
    with stopped_by_signals(stop):
        assert signal.getsignal(number) is not before
        os.kill(os.getpid(), number)
        assert stop.wait(20)
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP on Windows")
def test_a_closing_terminal_stops_however_often_it_says_so() -> None:
    stop, before = Event(), signal.getsignal(signal.SIGHUP)
    with stopped_by_signals(stop):
        for _ in range(3):  # the shell passes on what the system sends as well
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.wait(20)
    assert signal.getsignal(signal.SIGHUP) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP on Windows")
def test_under_nohup_a_closing_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = Event()
        with stopped_by_signals(stop):
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.wait(0.1)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_break_and_a_closed_console_stop_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)  # as it has another number there
    stop = Event()
    with stopped_by_signals(stop):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.wait(20)
