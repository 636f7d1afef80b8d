"""`facewire film`: a film of the face, from a take or from a sound."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import Progress, TaskID

from daemon.commands.options import PERFORMANCE, ListenTo, with_settings
from daemon.commands.render import animation
from daemon.line.status import CONSOLE
from daemon.settings.config import DaemonConfig
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.frame import as_rate

if TYPE_CHECKING:
    from PIL.Image import Image

    from protocols.takes import Take

SIZES: Final = {".mp4": 720, ".gif": 360}
"""Kinds of film, with their default width and height in pixels."""

Told = Callable[[str, int, int], None]
"""Called with what is being made ("face" or "film"), how much of it is done, and how much there is to do."""


@with_settings(*PERFORMANCE, "head")
def film(
    source: Annotated[Path, typer.Argument(help="A sound file, or a take (.csv, .json or .npz).")],
    out: Annotated[Path, typer.Option(help="The film: .mp4 with sound, or .gif.")],
    sound: Annotated[Path | None, typer.Option(help="The take's sound; by default the sound file beside it.")] = None,
    size: Annotated[int | None, typer.Option(help="Width and height in pixels; by default 720, for a gif 360.")] = None,
    fps: Annotated[
        str | None, typer.Option(help="Frames per second; by default the take's, for a gif at most 20.")
    ] = None,
    listen_to: ListenTo = None,
    *,
    settings: DaemonConfig,
) -> None:
    """Make a film of the face from a take or from a sound file.

    Example: facewire film talk.wav --out talk.mp4
    """
    rate = None if fps is None else as_rate(fps)
    with Progress(console=CONSOLE, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        told = make_film(
            source, out, settings, sound=sound, listen_to=listen_to, size=size, fps=rate, progress=progress
        )
    typer.echo(f"{out}: {told}")


def make_film(
    source: Path,
    out: Path,
    config: DaemonConfig,
    *,
    sound: Path | None = None,
    listen_to: Path | None = None,
    size: int | None = None,
    fps: Fraction | None = None,
    progress: Told = lambda what, done, total: None,
) -> str:
    """Make a film of a take, or of a sound file that is first animated as `facewire render` does.

    `config` decides how a sound is animated and which head is drawn. `out` ends in .mp4 or .gif and appears complete
    or not at all. `sound` is by default the source itself or the file of the take's name beside it; a gif has none.
    `listen_to` is the sound of whom the face listens to.
    `size` is width and height in pixels. `fps` is by default that of the take; a gif has 100 / n, at most 20. Returns
    a description of what was made. Raises FacewireError with what is wrong and what to try.
    """
    from daemon.commands import film_formats as formats
    from daemon.preview.shelf import KINDS, beside
    from daemon.preview.studio import check_out, studio
    from protocols.takes import at_rate

    if out.suffix.lower() not in SIZES:
        raise FacewireError(f"--out {out}: must end in {' or '.join(SIZES)}")
    size = size or SIZES[out.suffix.lower()]
    check_out(out, size)
    gif = out.suffix.lower() == ".gif"
    if gif and sound is not None:
        raise FacewireError(f"--sound {sound}: a gif has no sound; make an .mp4")
    is_take = source.suffix.lower() in KINDS
    if is_take and listen_to is not None:
        raise FacewireError(f"--listen-to {listen_to}: a take is finished; give it to `facewire render` or `run`")
    heard = None if gif else sound or (beside(source) if is_take else source)
    samples = None if heard is None else formats.read_sound(heard)
    make = _reader(source) if is_take else _renderer(source, config, listen_to)
    with studio(size, config.head) as draw, complete_or_not_at_all(out) as partial:
        take = make(progress)
        rate = formats.gif_rate(fps or take.fps) if gif else fps or take.fps
        take = at_rate(take, rate)
        frames = len(take.weights)
        pictures = _counted(draw(take), frames, progress)
        if gif:
            formats.write_gif(partial, pictures, rate, formats.palette(draw, take))
        else:
            formats.write_mp4(partial, pictures, rate, size, samples)
    told = f"with the sound of {heard}" if heard else "without sound"
    return f"{frames} frames at {float(rate):g} frames per second, {size} x {size} pixels, {told}"


def _reader(source: Path) -> "Callable[[Told], Take]":
    from protocols import takes

    take = takes.read(source)
    return lambda progress: take


def _renderer(source: Path, config: DaemonConfig, listen_to: Path | None) -> "Callable[[Told], Take]":
    animate = animation(source, config, listen_to=listen_to)
    return lambda progress: animate(lambda *done: progress("face", *done))


def _counted(pictures: "Iterator[Image]", total: int, progress: Told) -> "Iterator[Image]":
    for done, picture in enumerate(pictures, 1):
        yield picture
        progress("film", done, total)
