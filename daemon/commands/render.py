"""`facewire render`: a sound file becomes a take."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from daemon.commands.options import (
    Checkpoint,
    Config,
    Encoder,
    Identity,
    IdentityFolder,
    Lookahead,
    RuntimeOption,
    Seed,
    Sound,
    Style,
    settings,
)
from daemon.line.status import CONSOLE
from protocols.errors import FacewireError


def render(
    sound: Sound,
    out: Annotated[Path, typer.Option(help="The take: .csv (Live Link Face), .json (BEAT) or .npz.")],
    config: Config = None,
    identity: Identity = None,
    style: Style = None,
    identities: IdentityFolder = None,
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: RuntimeOption = None,
    lookahead_ms: Lookahead = None,
    seed: Seed = None,
) -> None:
    """Animate a sound file into a take, faster than live, with the settings of a live program.

    Example: facewire render talk.wav --out talk.csv
    """
    if out.suffix.lower() not in (".csv", ".json", ".npz"):
        raise FacewireError(f"--out {out}: must end in .csv, .json or .npz")
    chosen = settings(
        config,
        identity=identity,
        style=style,
        identities=identities,
        checkpoint=checkpoint,
        encoder=encoder,
        runtime=runtime,
        lookahead_ms=lookahead_ms,
        seed=seed,
    )
    from daemon.animate.face import begin, open_face
    from daemon.animate.identities import Identities
    from daemon.animate.offline import perform
    from model.audio import read_audio
    from protocols import takes

    samples = read_audio(sound)
    face = open_face(chosen.checkpoint, chosen.encoder, chosen.runtime)
    library = Identities(face, chosen.identities).library
    begin(face, chosen, library)
    with Progress(console=CONSOLE, transient=True) as progress:
        task = progress.add_task(sound.name)

        def update(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        faces = perform(face, samples, chosen, update, library)
    takes.write(out, takes.Take(faces, Fraction(face.config.fps)))
    typer.echo(f"{out}: {len(faces)} frames at {face.config.fps} frames per second")
