"""`facewire-train performance`: figures of what eyes, brows and head perform, and strengths fitted to real faces."""

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from model.extras import need
from model.performance.settings import MOODS, Settings
from model.windows import SAMPLE_RATE_HZ

app = typer.Typer(help="Judge what moves eyes, brows and head.", no_args_is_help=True)

QUIET_S = 600
"""Of silence that is performed: one who hears nobody."""


@app.command()
def measure(
    sounds: Annotated[
        list[Path], typer.Argument(metavar="SOUND...", help="Running speech; short files of a folder are joined.")
    ],
    checkpoint: Annotated[Path | None, typer.Option(help="The face, if not the one that ships.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures of curves and gaps.")] = None,
    lookahead_ms: Annotated[int | None, typer.Option(help="If not the checkpoint's.", min=0)] = None,
    mood: Annotated[str, typer.Option(help=", ".join(MOODS))] = "neutral",
    seed: Annotated[int, typer.Option(help="Of the first run; each has the next one.", min=0)] = 0,
) -> None:
    """Perform sounds, silence and listening, and print each figure beside the range that it must be in.

    Where a GRID alignment (`.align`) lies beside a sound, closures of the lips are compared in all moods.
    """
    from model.audio import read_audio
    from model.performance import blinks
    from training.performance import closures, figures, perform
    from training.performance.perform import Sound

    if out:
        need("train", "matplotlib", what="--out")
    settings, runtime = Settings(mood=mood), perform.opened(checkpoint)
    heard = [
        run
        for _, folder in groupby(sounds, key=lambda path: path.parent)
        for run in perform.joined([Sound(path.stem, read_audio(path), closures.times_s(path)) for path in folder])
    ]
    performed = partial(perform.perform, runtime, settings=settings, lookahead_ms=lookahead_ms)
    runs = [performed(sound, seed=seed + place) for place, sound in enumerate(heard)]
    alone = [performed(Sound("silence", np.zeros(QUIET_S * SAMPLE_RATE_HZ, np.float32)), seed=seed)]
    listening = [
        performed(Sound("listening", np.zeros_like(sound.samples)), seed=seed + place, other=sound.samples)
        for place, sound in enumerate(heard)
    ]
    found = figures.talking(runs, seed)
    found += figures.blinking(alone, "silence", blinks.MEDIAN_REST_S, 10, 22)
    found += figures.blinking(listening, "listening", blinks.MEDIAN_REST_S, 10, 22)
    known = [sound for sound in heard if sound.closures_s]
    if known:
        found += closures.in_moods(runtime, known, seed, lookahead_ms)
    cost_ms = perform.cost_ms(runtime, heard[0], settings)
    found.append(figures.Figure("cost of 100 ms, best of all hops, ms", float(cost_ms.min()), 0.0, 0.5))
    found.append(figures.Figure("cost of 100 ms, median, ms", float(np.median(cost_ms)), 0.0, 0.5))
    minutes = sum(run.seconds for run in runs) / 60
    typer.echo(f"{len(runs)} runs, {minutes:.1f} minutes\n{figures.table(found)}")
    if out:
        from training.performance import plots

        out.mkdir(parents=True, exist_ok=True)
        for run in (*runs[:3], alone[0], listening[0]):
            plots.curves(out / f"curves-{run.name}.png", run)
        plots.summary(out / "performance.png", runs, blinks.MEDIAN_TALKING_S)
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
