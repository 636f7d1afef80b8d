import asyncio
import os
from pathlib import Path
from threading import Event

import pytest

from daemon.preview.apart import apart
from protocols.errors import FacewireError


def whose(path: Path, *rest: str) -> bytes:
    return f"{os.getpid()} {path} {rest}".encode()


def refuse(path: Path) -> bytes:
    raise FacewireError(f"{path}: not a take")


def fail(path: Path, name: str) -> bytes:
    raise MemoryError


def end(path: Path) -> bytes:
    os._exit(3)


def sleep(path: Path, name: str) -> bytes:
    Event().wait()
    raise AssertionError


def test_it_runs_in_another_process_with_what_it_was_given() -> None:
    pid, *told = asyncio.run(apart(whose, Path("a b.csv"), "'x'", "y")).decode().split(" ", 1)
    assert int(pid) != os.getpid()
    assert told == ["a b.csv (\"'x'\", 'y')"]


def test_errors_come_back_with_the_name_that_was_asked_for() -> None:
    with pytest.raises(FacewireError, match=r"^x\.csv: not a take$"):
        asyncio.run(apart(refuse, Path("x.csv")))
    with pytest.raises(FacewireError, match=r"^mine\.csv: cannot be read: MemoryError\(\)$"):
        asyncio.run(apart(fail, Path("upload.csv"), "mine.csv"))
    with pytest.raises(FacewireError, match=r"^reading x\.csv ended with 3$"):
        asyncio.run(apart(end, Path("x.csv")))


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(FacewireError, match=r"^me\.npz: takes longer than 0\.5 s"):
        asyncio.run(apart(sleep, Path("upload.npz"), "me.npz", timeout_s=0.5))
