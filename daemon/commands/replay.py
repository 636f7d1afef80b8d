"""`facewire replay`: takes in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from daemon.commands.options import Head
from protocols.errors import FacewireError


def replay(
    takes: Annotated[list[Path], typer.Argument(help="A take (.csv, .json, .npz), or two to compare.")],
    sound: Annotated[Path | None, typer.Option(help="Left out: the sound file beside each take.")] = None,
    head: Head = None,
    port: Annotated[int, typer.Option(help="The page's port; 0: any free one.")] = 8765,
) -> None:
    """Show takes with their sound in the browser, two side by side, without microphone and model.

    Example: facewire replay mine.csv truth.npz --sound talk.wav
    """
    if len(takes) > 2:
        raise FacewireError(f"{len(takes)} takes: two at most are shown side by side")
    from daemon.preview import shelf as player

    player.replay(takes, sound=sound, head=head, port=port, say=typer.echo)
