"""The arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from daemon.settings.config import DaemonConfig, RuntimeChoice, load

Sound = Annotated[Path, typer.Argument(help="A sound file: wav, flac, ogg, mp3 …")]
Config = Annotated[Path | None, typer.Option(help="Settings file; left out: config.yaml in this folder, if any.")]
Checkpoint = Annotated[Path | None, typer.Option(help="Face model (.safetensors); left out: the one that ships.")]
Encoder = Annotated[str | None, typer.Option(help="Folder or hub id of the speech encoder, if not in the checkpoint.")]
RuntimeOption = Annotated[
    RuntimeChoice | None, typer.Option(help="What computes the face; auto: onnx wherever it can.")
]
Identity = Annotated[
    str | None, typer.Option(help="Whose manner of moving, or auto: whoever's voice it is; see `facewire identities`.")
]
Style = Annotated[float | None, typer.Option(help="How much of the identity: 0 the mean of all, 1 it, at most 1.5.")]
IdentityFolder = Annotated[Path | None, typer.Option("--identities", help="Folder of enrolled identities.")]
Lookahead = Annotated[int | None, typer.Option(help="How far to look ahead in ms: more is better, and later.")]
Seed = Annotated[int | None, typer.Option(help="Another number, another fitting performance.")]
Head = Annotated[Path | None, typer.Option(help="Your copy of ICT-FaceKit, folder or archive: show that head.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings(config: Path | None, **options: object) -> DaemonConfig:
    """The settings file with the options that were given over it. Raises FacewireError with all that is wrong."""
    return load(config, {key: value for key, value in options.items() if value is not None})
