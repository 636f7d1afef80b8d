"""`facewire-train performance`: figures of what eyes, brows and head perform, and strengths fitted to real faces."""

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from model.extras import need
from model.performance.settings import MOODS, Settings
from model.windows import SAMPLE_RATE_HZ, Floats, Samples
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError

app = typer.Typer(help="Judge what moves eyes, brows and head.", no_args_is_help=True)

QUIET_S = 600
"""Of silence that is performed: one who hears nobody."""


@app.command()
def measure(
    sounds: Annotated[list[Path], typer.Argument(metavar="SOUND...", help="Running speech; short files are joined.")],
    out: Annotated[Path | None, typer.Option(help="Folder for pictures of curves and gaps.")] = None,
    take: Annotated[
        list[Path], typer.Option(help="A take with the mouth of each sound, in their order; none is joined then.")
    ] = [],  # noqa: B006
    fps: Annotated[int, typer.Option(help="Frames per second.", min=10, max=120)] = 30,
    lookahead_ms: Annotated[int, typer.Option(help="How far the voice is heard ahead.", min=0)] = 160,
    mood: Annotated[str, typer.Option(help=", ".join(MOODS))] = "neutral",
    seed: Annotated[int, typer.Option(help="Of the first run; each has the next one.", min=0)] = 0,
) -> None:
    """Perform sounds, silence and listening, and print each figure beside the range that it must be in."""
    from model.audio import read_audio
    from model.performance import blinks
    from protocols import takes
    from training.performance import figures, perform

    if out:
        need("train", "matplotlib", what="--out")
    if take and len(take) != len(sounds):
        raise FacewireError(f"{len(take)} takes for {len(sounds)} sounds: give one for each, in their order, or none")
    heard: list[tuple[str, Samples]] = [(path.stem, read_audio(path)) for path in sounds]
    mouths = [takes.read(path).weights for path in take]
    if not take:
        heard = list(perform.joined(heard))
    performed = partial(perform.perform, settings=Settings(mood=mood), fps=fps, lookahead_ms=lookahead_ms)
    runs = [
        performed(name, samples, seed=seed + place, mouth=mouths[place] if take else None)
        for place, (name, samples) in enumerate(heard)
    ]
    nothing = np.zeros(QUIET_S * SAMPLE_RATE_HZ, np.float32)
    alone = [performed("silence", nothing, seed=seed)]
    listening = [
        performed("listening", np.zeros_like(samples), seed=seed + place, other=samples)
        for place, (_, samples) in enumerate(heard)
    ]
    found = figures.talking(runs, seed)
    found += figures.blinking(alone, "silence", blinks.MEDIAN_REST_S, 10, 22)
    found += figures.blinking(listening, "listening", blinks.MEDIAN_REST_S, 10, 22)
    if take:
        spread = _closures(heard, mouths, seed, fps, lookahead_ms)
        found.append(figures.Figure("jawOpen - mouthClose in moods, farthest off", spread, 0.0, 0.01))
    minutes = sum(run.seconds for run in runs) / 60
    typer.echo(f"{len(runs)} runs, {minutes:.1f} minutes\n{figures.table(found)}")
    if out:
        from training.performance import plots

        out.mkdir(parents=True, exist_ok=True)
        for run in (*runs[:3], alone[0], listening[0]):
            plots.curves(out / f"curves-{run.name}.png", run)
        plots.gaps(out / "gaps-talking.png", runs, blinks.MEDIAN_TALKING_S, "gaps between blinks, talking")
        plots.gaps(out / "gaps-silence.png", alone, blinks.MEDIAN_REST_S, "gaps between blinks, silence")


@app.command()
def couplings(
    takes: Annotated[list[Path], typer.Argument(metavar="TAKE...", help="Takes of a real face with all its shapes.")],
) -> None:
    """Fit how shapes go together: the table of strengths in `model/performance/couplings.py`."""
    from protocols import takes as files
    from training.performance import couplings as fitting

    weights = np.concatenate([files.read(path).weights for path in takes])
    typer.echo(fitting.table(fitting.fit(weights)))


def _closures(heard: list[tuple[str, Samples]], mouths: list[Floats], seed: int, fps: int, lookahead_ms: int) -> float:
    """How far any mood takes the lips apart, or together, at any frame."""
    from training.performance import perform

    farthest = 0.0
    for (name, samples), mouth in zip(heard, mouths, strict=True):
        for mood in MOODS:
            settings = Settings(mood=mood, mood_intensity=1.0)
            run = perform.perform(
                name, samples, settings=settings, fps=fps, seed=seed, lookahead_ms=lookahead_ms, mouth=mouth
            )
            some = min(len(mouth), len(run.weights))
            off = (run.weights - np.pad(mouth[:some], ((0, len(run.weights) - some), (0, 0))))[:some]
            apart = off[:, INDEX["jawOpen"]] - off[:, INDEX["mouthClose"]]
            farthest = max(farthest, float(np.abs(apart).max(initial=0.0)))
    return farthest
