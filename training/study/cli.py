"""`facewire-train report`: what each part of the training is worth."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.options import Data, Device, Features, Recipe, Seed, Steps, StepsPerHalving, Takes


def report(
    features: Features,
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for report.md, its pictures, and all models.")],
    recipe: Recipe = "embedded",
    denoising_steps: Annotated[
        list[int], typer.Option(help="Numbers of steps to train directly besides the first and last: up to 256.")
    ] = [16],  # noqa: B006
    steps: Steps = None,
    distill_steps: StepsPerHalving = None,
    seed: Seed = None,
    seeds: Takes = 4,
    split: Annotated[str, typer.Option(help="test, validation, or all.")] = "test",
    device: Device = "",
) -> None:
    """Reproduce the paper's tables 1, 2, 4 and 5: train and judge all models. The same command continues it."""
    need("train", *TORCH, "matplotlib")
    from training import recipe as recipes
    from training.bars import progress
    from training.datasets import dataset
    from training.datasets.splits import named
    from training.passages.folder import shards

    chosen = recipes.load(recipe).changed({"fit.steps": steps, "distill.steps": distill_steps, "fit.seed": seed})
    judged_on = named(split)
    for folder in data:
        dataset.read(folder)
    shards(features)
    from training.fit import ranks
    from training.study.page import write_page
    from training.study.study import Study

    with ranks.joined(device) as place, progress() as bar:
        if ranks.world() > 1:
            raise FacewireError("report trains its models one after the other: start it without torchrun")
        study = Study(features, tuple(data), out, chosen, tuple(denoising_steps), seeds, judged_on, place)
        found = study.run(bar)
    words = [str(features), *(word for folder in data for word in ("--data", str(folder))), "--out", str(out)]
    words += ["--recipe", recipe, *(word for n in denoising_steps for word in ("--denoising-steps", str(n)))]
    given = {"--steps": steps, "--distill-steps": distill_steps, "--seed": seed, "--seeds": seeds, "--split": split}
    words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
    page = write_page(study, found, "facewire-train report " + shlex.join(words))
    typer.echo(page.read_text("utf-8"))
