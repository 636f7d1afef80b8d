"""Files are replaced as on Windows, which refuses it for one that is open or mapped into memory."""

import os
from pathlib import Path

import pytest

PROC = Path("/proc/self")


def in_use(path: str | os.PathLike[str]) -> bool:
    """Whether this process has a file open or mapped; Linux tells."""
    name = os.path.realpath(path)
    mapped = any(line.endswith(f" {name}") for line in (PROC / "maps").read_text("utf-8").splitlines())
    return mapped or name in map(_target, (PROC / "fd").iterdir())


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""


@pytest.fixture(autouse=PROC.exists())
def files_are_replaced_as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def careful(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
        for path in (source, target):
            if in_use(path):
                raise PermissionError(13, "in use by this process", str(path))
        replace(source, target)

    monkeypatch.setattr(os, "replace", careful)
