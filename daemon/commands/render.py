"""`facewire render`: a sound file becomes a take."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from daemon.commands.options import PERFORMANCE, ListenTo, Sound, with_settings
from daemon.line.status import CONSOLE
from daemon.settings.config import DaemonConfig
from protocols.errors import FacewireError
from protocols.frame import as_rate

if TYPE_CHECKING:
    from model.windows import Samples
    from protocols.takes import Take

Hops = Callable[[int, int], None]
"""Called with the number of hops done and the number of all hops."""


@with_settings(*PERFORMANCE)
def render(
    sound: Sound,
    out: Annotated[Path, typer.Option(help="The take: .csv (Live Link Face), .json (BEAT) or .npz.")],
    fps: Annotated[
        str | None, typer.Option(help="Frames per second, such as 24 or 59.94; by default the model's, for .json 60.")
    ] = None,
    listen_to: ListenTo = None,
    *,
    settings: DaemonConfig,
) -> None:
    """Turn a sound file into a take, faster than live and with the same settings.

    Example: facewire render talk.wav --out talk.csv
    """
    if out.suffix.lower() not in (".csv", ".json", ".npz"):
        raise FacewireError(f"--out {out}: must end in .csv, .json or .npz")
    from protocols import takes

    only = takes.only_rate(out)
    rate = only if fps is None else as_rate(fps)
    if only and rate != only:
        raise FacewireError(f"--fps {fps}: a {out.suffix} always has {only} frames per second; write .csv or .npz")
    animate = animation(sound, settings, rate, listen_to)
    with Progress(console=CONSOLE, transient=True) as progress:
        task = progress.add_task(sound.name)
        take = animate(lambda done, total: progress.update(task, completed=done, total=total))
    takes.write(out, take)
    typer.echo(f"{out}: {len(take.weights)} frames at {float(take.fps):g} frames per second")


def animation(
    sound: Path, settings: DaemonConfig, fps: Fraction | None = None, listen_to: Path | None = None
) -> "Callable[[Hops], Take]":
    """A function that animates a sound file at `fps` frames per second (None: the model's).

    `listen_to` is the sound file of whom the face listens to (None: the one in the settings, if there is one), cut or
    continued by silence where the lengths differ.
    Raises FacewireError at once for a bad file, checkpoint or setting, before the long computation begins.
    """
    from daemon.animate.face import open_session
    from daemon.animate.offline import perform
    from model.audio import read_audio
    from protocols.takes import Take

    samples = read_audio(sound)
    other = _other(listen_to, settings)
    runtime, identities, _ = open_session(settings)

    def animate(progress: Hops) -> Take:
        made = perform(runtime, samples, settings, progress, identities.library, fps, other)
        return Take(made.weights, fps or Fraction(runtime.config.fps), made.poses)

    return animate


def _other(listen_to: Path | None, settings: DaemonConfig) -> "Samples | None":
    """The sound of whom the face listens to: as told, or the file in the settings; a microphone there is for `run`."""
    from model.audio import read_audio

    if listen_to is not None and f"{listen_to}".startswith("mic:"):
        raise FacewireError(f"--listen-to {listen_to}: a recording listens to a sound file; microphones are for `run`")
    if listen_to is None and settings.listen_to and not settings.listen_to.startswith("mic:"):
        listen_to = Path(settings.listen_to)
    return None if listen_to is None else read_audio(listen_to)
