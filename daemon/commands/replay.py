"""`facewire replay`: takes in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from daemon.commands.options import Head
from protocols.errors import FacewireError


def replay(
    takes: Annotated[list[Path], typer.Argument(help="A take (.csv, .json or .npz), or two to compare.")],
    sound: Annotated[Path | None, typer.Option(help="The sound; by default the sound file beside each take.")] = None,
    head: Head = None,
    port: Annotated[int, typer.Option(help="Port of the page; 0 is any free one.")] = 8765,
) -> None:
    """Play one take, or two side by side, with its sound in the browser.

    Example: facewire replay mine.csv truth.npz --sound talk.wav
    """
    if len(takes) > 2:
        raise FacewireError(f"{len(takes)} takes: at most two can be shown side by side")
    from daemon.preview import replay as player

    player.replay(takes, sound=sound, head=head, port=port, say=typer.echo)
