"""`facewire-train evaluate | report`: how good a face is, and what each part of its training is worth."""

import shlex
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
    without_speech: Annotated[
        list[Path], typer.Option(help="A sound file in which nobody speaks and the mouth has to rest; several times.")
    ] = [],  # noqa: B006
) -> None:
    """Judge a checkpoint on recordings that it never saw, streamed as they would be live."""
    from model import checkpoint as checkpoints
    from model.audio import read_audio
    from training.datasets import dataset
    from training.judge import evaluate as judge
    from training.judge.animate import remembered
    from training.judge.habits import likenesses
    from training.judge.matching import confusion
    from training.judge.report import by_name, write_figures, write_habits, write_identities

    model = checkpoints.load(checkpoint)
    originals = [checkpoints.load(teacher)] if teacher else []
    dial = lookahead_ms or list(model.config.lookaheads_ms)
    people = dataset.people(data, _split(split))
    stems = [path.stem for path in without_speech]
    sounds = {path.stem if stems.count(path.stem) == 1 else str(path): read_audio(path) for path in without_speech}
    for name, clips in by_name(people).items():
        with progress() as bar, remembered(model, *originals):
            task = bar.add_task(name, total=len(dial) * seeds)
            by_ms = {}
            for ms in dial:
                column = judge.evaluate(
                    model, clips, ms, range(seeds), partial(bar.advance, task), without_speech=sounds
                )
                for original in originals:
                    column |= judge.to_teacher(model, original, clips, ms, range(seeds))
                by_ms[ms] = column
            write_figures(out / name, by_ms, judge.baselines(clips, model), model, clips)
        typer.echo((out / name / "figures.md").read_text())
    chosen_ms = dial[-1] if lookahead_ms else model.config.lookahead_ms
    matched = confusion(model, people, chosen_ms)
    if matched:
        typer.echo(write_identities(out, matched))
    alike = likenesses(model, people, dataset.people(data, "all"), chosen_ms)
    if alike:
        typer.echo(write_habits(out, alike))


@app.command()
def report(
    features: Annotated[Path, typer.Argument(help="Folder made by `facewire-train features`.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for report.md, its pictures, and all models.")],
    recipe: Annotated[str, typer.Option(help="What is compared: a recipe that ships, or a YAML file.")] = "embedded",
    denoising_steps: Annotated[
        list[int], typer.Option(help="Numbers of steps to train directly besides the first and last: up to 256.")
    ] = [16],  # noqa: B006
    steps: Annotated[int | None, typer.Option(help="Training steps, if not the recipe's.", min=1)] = None,
    distill_steps: Annotated[int | None, typer.Option(help="Per halving, if not the recipe's.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="The runs' seed, if not the recipe's.", min=0)] = None,
    seeds: Annotated[int, typer.Option(help="Takes to average over.", min=2)] = 4,
    split: Annotated[str, typer.Option(help="test, validation, or all.")] = "test",
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N; by default a GPU where there is one.")] = "",
) -> None:
    """Remake the paper's tables 1, 2, 4 and 5: train and judge all models. Called again, it goes on."""
    from training import recipe as recipes
    from training.fit import ranks
    from training.study.page import write_page
    from training.study.study import Study

    changes = {"fit.steps": steps, "distill.steps": distill_steps, "fit.seed": seed}
    with ranks.joined(device) as place, progress() as bar:
        if ranks.world() > 1:
            raise FacewireError("report trains its models one after the other: start it without torchrun")
        study = Study(
            features, tuple(data), out, recipes.load(recipe).changed(changes), tuple(denoising_steps), seeds,
            _split(split), place,
        )  # fmt: skip
        found = study.run(bar)
    words = [str(features), *(word for folder in data for word in ("--data", str(folder))), "--out", str(out)]
    words += ["--recipe", recipe, *(word for n in denoising_steps for word in ("--denoising-steps", str(n)))]
    given = {"--steps": steps, "--distill-steps": distill_steps, "--seed": seed, "--seeds": seeds, "--split": split}
    words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
    page = write_page(study, found, "facewire-train report " + shlex.join(words))
    typer.echo(page.read_text())


def _split(name: str) -> Any:
    if name not in ("train", "validation", "test", "all"):
        raise FacewireError(f"--split {name}: expected test, validation or all")
    return name
