"""`facewire inspect`: what a checkpoint is."""

from pathlib import Path
from typing import Annotated

import typer
import yaml


def inspect(
    checkpoint: Annotated[
        Path | None, typer.Argument(help="A face model (.safetensors); by default the one that ships.")
    ] = None,
) -> None:
    """Print what a checkpoint is and where it comes from.

    Example: facewire inspect my-face.safetensors
    """
    from model import checkpoint as checkpoints

    header = checkpoints.header(checkpoint or checkpoints.DEFAULT)
    typer.echo(yaml.safe_dump(header, sort_keys=False, allow_unicode=True), nl=False)
