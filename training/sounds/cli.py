"""`facewire-train music`: music to train with, so that lips rest while it plays."""

from pathlib import Path
from typing import Annotated

import typer


def music(
    soundfont: Annotated[Path, typer.Argument(help="A General MIDI soundfont (.sf2), such as FluidR3_GM (MIT).")],
    out: Annotated[Path, typer.Option(help="Folder for the pieces.")],
    pieces: Annotated[int, typer.Option(help="Number of pieces, one minute each.", min=1)] = 240,
    seed: Annotated[int, typer.Option(help="Random seed of the composition.", min=0)] = 0,
) -> None:
    """Compose and play random music for `features --sounds`, so that the mouth learns to rest in music."""
    from training.bars import progress
    from training.sounds.music import make

    with progress() as bar:
        make(soundfont, pieces, seed, out, bar)
