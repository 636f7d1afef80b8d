"""The files in a features folder. Needs no torch."""

from pathlib import Path
from typing import Final

from protocols.errors import FacewireError

UNTRAINED: Final = "untrained.safetensors"
"""The encoder, the identities and the lookaheads, and what the passages were made from."""


def shard(folder: Path, number: int) -> Path:
    """The file of one shard of passages."""
    return folder / f"passages-{number:03}.safetensors"


def shards(folder: Path) -> list[Path]:
    """All shards of a features folder, in order. Raises FacewireError if there are none."""
    found = sorted(folder.glob("passages-*.safetensors"))
    if not found:
        raise FacewireError(f"{folder}: no passages-*.safetensors; make them with `facewire-train features`")
    return found
