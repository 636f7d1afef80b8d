"""`facewire render`: a sound file becomes a take."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from daemon.commands.options import PERFORMANCE, Sound, with_settings
from daemon.line.status import CONSOLE
from daemon.settings.config import DaemonConfig
from protocols.errors import FacewireError

if TYPE_CHECKING:
    from protocols.takes import Take

Hops = Callable[[int, int], None]
"""Called with the number of hops done and the number of all hops."""


@with_settings(*PERFORMANCE)
def render(
    sound: Sound,
    out: Annotated[Path, typer.Option(help="The take: .csv (Live Link Face), .json (BEAT) or .npz.")],
    *,
    settings: DaemonConfig,
) -> None:
    """Turn a sound file into a take, faster than live and with the same settings.

    Example: facewire render talk.wav --out talk.csv
    """
    if out.suffix.lower() not in (".csv", ".json", ".npz"):
        raise FacewireError(f"--out {out}: must end in .csv, .json or .npz")
    from protocols import takes

    animate = animation(sound, settings)
    with Progress(console=CONSOLE, transient=True) as progress:
        task = progress.add_task(sound.name)
        take = animate(lambda done, total: progress.update(task, completed=done, total=total))
    takes.write(out, take)
    typer.echo(f"{out}: {len(take.weights)} frames at {float(take.fps):g} frames per second")


def animation(sound: Path, settings: DaemonConfig) -> "Callable[[Hops], Take]":
    """A function that animates a sound file.

    Raises FacewireError at once for a bad file, checkpoint or setting, before the long computation begins.
    """
    from daemon.animate.face import open_session
    from daemon.animate.offline import perform
    from model.audio import read_audio
    from protocols.takes import Take

    samples = read_audio(sound)
    runtime, identities, _ = open_session(settings)

    def animate(progress: Hops) -> Take:
        faces = perform(runtime, samples, settings, progress, identities.library)
        return Take(faces, Fraction(runtime.config.fps))

    return animate
