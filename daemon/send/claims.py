"""Notices a second program that sends a face to the same receivers.

Every program holds a file lock per receiver, under the receiver's address and its own name. The system frees the locks
of a program that has ended in whatever way, so that none is left behind. Sinks that bind a port of their own, as
ZeroMQ's, need none: the second one cannot bind it.
"""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote
from warnings import catch_warnings

from platformdirs import user_runtime_path

from protocols.errors import FacewireError
from protocols.sinks import SinkSpec

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

SUFFIX: Final = ".lock"
NAMED: Final = ("livelink",)
"""Protocols whose packets carry a name, so that a receiver can tell two faces apart."""
BINDING: Final = ("zmq",)
LOCKED_BYTE: Final = 1 << 20
"""Windows forbids others to read what is locked: a byte far behind the content is locked."""

log = logging.getLogger(__name__)


@contextmanager
def claimed(specs: Sequence[SinkSpec], name: str | None) -> Iterator[None]:
    """Within, other programs of this user find these receivers taken.

    Raises FacewireError if another program sends there already and this one has no name, or the same.
    """
    receivers = {spec.address: spec for spec in specs if spec.protocol not in BINDING}
    with ExitStack() as held:
        try:
            folder = _folder()
            for spec in receivers.values():
                held.enter_context(_claim(folder, spec, name))
        except OSError as error:  # a system without such a folder, or without locks
            log.info("another facewire that sends to the same receivers would not be noticed: %s", error)
        yield


@contextmanager
def _claim(folder: Path, spec: SinkSpec, name: str | None) -> Iterator[None]:
    address = quote(spec.address, safe="") + "@"
    own = folder / f"{address}{quote(name or '', safe='')}{SUFFIX}"
    with _locked(own) as got:
        if not got:
            raise FacewireError(_taken(spec, own, "another name" if name else "a name of its own"))
        others = [path for path in folder.glob(f"{address}*{SUFFIX}") if path != own and _is_held(path)]
        if others and name is None:
            raise FacewireError(_taken(spec, others[0], "a name of its own"))
        if others and spec.protocol not in NAMED:
            log.warning(
                "%s: another facewire sends there, too, and %s packets carry no name: the receiver mixes both faces. "
                "Send one of them to another port",
                spec,
                spec.protocol,
            )
        yield


def _taken(spec: SinkSpec, path: Path, name: str) -> str:
    called = unquote(path.name.removesuffix(SUFFIX).partition("@")[2])
    with suppress(OSError, ValueError):
        called = f"{called} (process {int(path.read_text('utf-8'))})".strip()
    return (
        f"another facewire {called} already sends a face to {spec}: stop it, send to other receivers (--sink), "
        f"or give this face {name} (--name)"
    )


def _folder() -> Path:
    with catch_warnings(action="ignore"):  # where the system has no such folder, the one for temporary files will do
        return user_runtime_path("facewire", appauthor=False, ensure_exists=True)


def _is_held(path: Path) -> bool:
    with _locked(path, write=False) as got:
        return not got


@contextmanager
def _locked(path: Path, *, write: bool = True) -> Iterator[bool]:
    """Whether the file's lock could be had; if so it is held within, and the file tells by which process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        got = _lock(descriptor)
        if got and write:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield got
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
