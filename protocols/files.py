"""How files are written, complete or not at all, and known again, by their hash."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from protocols.errors import FacewireError


def sha256(path: Path) -> str:
    """Of what the file holds, in hexadecimal; however large it is, it is never held in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def complete_or_not_at_all(path: Path) -> Iterator[Path]:
    """A hidden file beside `path` to write to, which takes its place in the end; its suffix, too, means the format.

    An error leaves what was there, and nothing else. Raises FacewireError where the system refuses.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix.lower()}")
    try:
        partial.touch()
        mode = partial.stat().st_mode  # of any new file; safetensors' are for their owner's eyes alone
        yield partial
        partial.chmod(mode)
        os.replace(partial, path)
    except OSError as error:
        raise FacewireError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
