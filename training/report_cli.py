"""`facewire-train evaluate`: how good a face is."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from protocols.errors import FacewireError
from training.bars import progress

app = typer.Typer()

Data = Annotated[list[Path], typer.Option(help="A dataset made by `facewire-train prepare`; several times.")]


@app.command()
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint to judge.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for figures and pictures, in a folder for each person.")],
    lookahead_ms: Annotated[list[int], typer.Option(help="Lookaheads to try; by default the whole dial.")] = [],  # noqa: B006
    split: Annotated[str, typer.Option(help="test, validation, or all of a set that was not trained on.")] = "test",
    seeds: Annotated[int, typer.Option(help="Takes to average over; the error bars are deviations over them.")] = 4,
    teacher: Annotated[
        Path | None, typer.Option(help="The checkpoint that it was distilled from: how far is it from that?")
    ] = None,
) -> None:
    """Judge a checkpoint on recordings that it never saw, streamed as they would be live."""
    from model import checkpoint as checkpoints
    from training import dataset
    from training import evaluate as judge
    from training.animate import remembered
    from training.matching import confusion
    from training.report import write_figures, write_identities

    model = checkpoints.load(checkpoint)
    originals = [checkpoints.load(teacher)] if teacher else []
    dial = lookahead_ms or list(model.config.lookaheads_ms)
    people = dataset.people(data, _split(split))
    for number, clips in enumerate(people):
        same = [other[0].identity for other in people[:number]].count(clips[0].identity)
        name = f"{clips[0].identity}-{same + 1}" if same else clips[0].identity
        with progress() as bar, remembered(model, *originals):
            task = bar.add_task(name, total=len(dial) * seeds)
            found = {}
            for ms in dial:
                column = judge.evaluate(model, clips, ms, range(seeds), partial(bar.advance, task))
                for original in originals:
                    column |= judge.to_teacher(model, original, clips, ms, range(seeds))
                found[f"{ms} ms"] = column
            found |= judge.baselines(clips, model)
            write_figures(out / name, found, model, clips)
        typer.echo((out / name / "figures.md").read_text())
    matched = confusion(model, people, dial[-1] if lookahead_ms else model.config.lookahead_ms)
    if matched:
        typer.echo(write_identities(out, matched))


def _split(name: str) -> Any:
    if name not in ("train", "validation", "test", "all"):
        raise FacewireError(f"--split {name}: expected test, validation or all")
    return name
