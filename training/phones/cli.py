"""`facewire-train align`: when the phones of recordings are spoken whose text is known."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import need
from protocols.errors import FacewireError


def align(
    folder: Annotated[Path, typer.Argument(help="Recordings, each with its English text beside it: NAME.txt.")],
    voice: Annotated[str, typer.Option(help="Who speaks; by default the folder's name.")] = "",
) -> None:
    """Find the times of phones by forced alignment, and write them beside each recording: NAME.phones.

    The text may also be GRID's word times, NAME.align.
    """
    need("judge", "pocketsphinx")
    from training.bars import progress
    from training.phones.align import align_folder

    with progress() as bar:
        done, left_out = align_folder(folder, voice or folder.name, bar)
    typer.echo(f"{folder}: {done} recordings aligned, {len(left_out)} left out")
    for reason in left_out:
        typer.echo(f"  {reason}")
    if left_out:
        raise FacewireError("some recordings were left out: correct their texts, and run the same command again")
