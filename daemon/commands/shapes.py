"""`facewire shapes`: a picture of all blendshapes."""

from pathlib import Path
from typing import Annotated

import typer

from daemon.commands.options import Head


def shapes(
    out: Annotated[Path, typer.Option(help="The picture, a .png file.")],
    head: Head = None,
) -> None:
    """Draw the face at rest and with each of the 52 blendshapes, labelled.

    Example: facewire shapes --out shapes.png
    """
    from daemon.preview.studio import contact_sheet

    contact_sheet(out, head)
    typer.echo(str(out))
