"""`facewire cache`: what facewire keeps for its own use, and where."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import FacewireError


def cache(clear: Annotated[bool, typer.Option("--clear", help="Delete all of it.")] = False) -> None:
    """Print where the cache is, and how large; it only holds what can be made again.

    Example: facewire cache --clear
    """
    from daemon.animate import exports

    folder = exports.cache()
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    if not entries:
        typer.echo(f"{folder}: empty")
        return
    for entry in entries:
        typer.echo(f"{_mb(entry):8.1f} MB  {entry}")
        if clear:
            _delete(entry)
    typer.echo(f"{folder}: {'deleted' if clear else 'facewire cache --clear deletes all of it'}")


def _mb(entry: Path) -> float:
    files = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files) / 1e6


def _delete(entry: Path) -> None:
    try:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    except OSError as error:
        raise FacewireError(f"{entry}: cannot be deleted: {error.strerror or error}") from error
