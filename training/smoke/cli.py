"""`facewire-train smoke`: whether training is installed and works."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from model.extras import TORCH, need


def smoke(
    out: Annotated[Path | None, typer.Option(help="Folder to keep everything in; by default nothing is kept.")] = None,
) -> None:
    """Try the whole chain on a made-up person, from recordings to a rendered face: about half a minute."""
    need("train", *TORCH, "matplotlib")
    from training.smoke import chain

    if out:
        chain.smoke(out)
        return
    with TemporaryDirectory() as folder:
        chain.smoke(Path(folder))
