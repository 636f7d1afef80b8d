"""What importers share: the files of a folder, the sound beside a recording, and reports of broken ones."""

from collections.abc import Sequence
from pathlib import Path

from protocols.errors import FacewireError
from training.datasets.dataset import Skipped
from training.datasets.manifest import MANIFEST


def files(folder: Path, suffix: str) -> list[Path]:
    """All files under a folder whose names end in `suffix`, in order; not hidden ones, nor a dataset's own.

    Raises FacewireError if there are none.
    """
    if not folder.is_dir():
        raise FacewireError(f"{folder}: no such folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == suffix and _is_meant(path))
    if not found:
        raise FacewireError(f"{folder}: no {suffix} files in this folder or below; is it the right one?")
    return found


def _is_meant(path: Path) -> bool:
    return not path.name.startswith(".") and path.name != MANIFEST


def beside(source: Path, suffixes: Sequence[str]) -> Path:
    """The file of the same name with the first suffix found, in upper or lower case. Raises FacewireError if none."""
    for suffix in suffixes:
        for path in (source.with_suffix(suffix), source.with_suffix(suffix.upper())):
            if path.exists():
                return path
    raise FacewireError(f"{source}: no sound: expected {source.stem}{' or '.join(suffixes)} beside it")


def broken(source: Path, error: FacewireError) -> Skipped:
    """A recording that could not be read, reported without its folder."""
    reason = str(error).replace(f"{source.parent}/", "").removeprefix(f"{source.name}: ")
    return Skipped(source, reason, broken=True)
