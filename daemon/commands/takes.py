"""The commands about recordings: `facewire render`, `film`, `shapes`, `replay`."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from daemon.commands.options import (
    Checkpoint,
    Config,
    Encoder,
    Head,
    Identity,
    IdentityFolder,
    Lookahead,
    Runtime,
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
    runtime: Runtime = None,
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


def film(
    source: Annotated[Path, typer.Argument(help="A sound file, or a take: .csv, .json or .npz.")],
    out: Annotated[Path, typer.Option(help="The film: .mp4 with sound, or .gif.")],
    sound: Annotated[Path | None, typer.Option(help="Left out: the sound file beside the take.")] = None,
    head: Head = None,
    size: Annotated[int | None, typer.Option(help="Width and height in pixels; left out: 720, a gif 360.")] = None,
    fps: Annotated[str | None, typer.Option(help="Frames per second; left out: the take's, a gif 20 at most.")] = None,
    config: Config = None,
    identity: Identity = None,
    style: Style = None,
    identities: IdentityFolder = None,
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: Runtime = None,
    lookahead_ms: Lookahead = None,
    seed: Seed = None,
) -> None:
    """Make a film of the face, from a take or, animated first, from a sound file.

    Example: facewire film talk.wav --out talk.mp4
    """
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
        head=head,
    )
    from daemon.commands import film as films
    from protocols.frame import as_rate

    rate = None if fps is None else as_rate(fps)
    with Progress(console=CONSOLE, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        told = films.film(source, out, chosen, sound=sound, size=size, fps=rate, progress=progress)
    typer.echo(f"{out}: {told}")


def shapes(
    out: Annotated[Path, typer.Option(help="The picture (.png).")],
    head: Head = None,
) -> None:
    """Draw the face at rest and with each of the 52 blendshapes, by name.

    Example: facewire shapes --out shapes.png
    """
    from daemon.preview.studio import contact_sheet

    contact_sheet(out, head)
    typer.echo(str(out))


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
