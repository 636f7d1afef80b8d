"""`facewire-train evaluate`: how good a face is."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from training.options import Data


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint to judge.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for figures and pictures, with a folder for each person.")],
    lookahead_ms: Annotated[list[int], typer.Option(help="Lookaheads to try; by default the whole dial.")] = [],  # noqa: B006
    split: Annotated[str, typer.Option(help="test, validation, or all of a set that was not trained on.")] = "test",
    seeds: Annotated[int, typer.Option(help="Random seeds to average over; error bars are deviations over them.")] = 4,
    teacher: Annotated[
        Path | None, typer.Option(help="The checkpoint it was distilled from, to measure the distance to that.")
    ] = None,
    without_speech: Annotated[
        list[Path], typer.Option(help="A sound file without speech, in which the mouth must rest; repeatable.")
    ] = [],  # noqa: B006
) -> None:
    """Judge a checkpoint on recordings that it never saw, streamed as they would be live."""
    need("train", *TORCH, "matplotlib")
    from model.audio import read_audio
    from model.checkpoint import header, load
    from training.bars import progress
    from training.datasets import dataset
    from training.datasets.splits import named

    people = dataset.people(data, named(split))
    for path in (checkpoint, teacher):
        if path:
            header(path)
    stems = [path.stem for path in without_speech]
    sounds = {path.stem if stems.count(path.stem) == 1 else str(path): read_audio(path) for path in without_speech}
    from training.judge.animate import remembered
    from training.judge.evaluate import all_figures, baselines, to_teacher
    from training.judge.habits import likenesses
    from training.judge.matching import confusion
    from training.judge.report import by_name, write_figures, write_habits, write_identities

    model = load(checkpoint)
    originals = [load(teacher)] if teacher else []
    dial = lookahead_ms or list(model.config.lookaheads_ms)
    for name, clips in by_name(people).items():
        with progress() as bar, remembered(model, *originals):
            task = bar.add_task(name, total=len(dial) * seeds)
            by_ms = {}
            for ms in dial:
                by_ms[ms] = all_figures(
                    model, clips, ms, range(seeds), partial(bar.advance, task), without_speech=sounds
                )
                for original in originals:
                    by_ms[ms] |= to_teacher(model, original, clips, ms, range(seeds))
            write_figures(out / name, by_ms, baselines(clips, model), model, clips)
        typer.echo((out / name / "figures.md").read_text("utf-8"))
    chosen_ms = dial[-1] if lookahead_ms else model.config.lookahead_ms
    matched = confusion(model, people, chosen_ms)
    if matched:
        typer.echo(write_identities(out, matched))
    alike = likenesses(model, people, dataset.people(data, "all"), chosen_ms)
    if alike:
        typer.echo(write_habits(out, alike))
