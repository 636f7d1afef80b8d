"""`facewire-train performers`: what identities are worth, on performers whose habits are known."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.options import Device, Recipe, Steps, Takes


def performers(
    source: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset of one real person.")],
    out: Annotated[Path, typer.Option(help="Folder for performers.md, its pictures, all datasets and models.")],
    performers: Annotated[int, typer.Option(help="How many performers to make of that person.", min=3)] = 5,
    recipe: Recipe = "embedded",
    steps: Steps = None,
    shards: Annotated[int | None, typer.Option(help="Shards of passages, if not the recipe's.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Random seed of performers, training and enrolment.", min=0)] = 0,
    seeds: Takes = 4,
    device: Device = "",
) -> None:
    """Make virtual performers with known habits, train with and without their identities, and enrol a new one.

    The same command continues an interrupted run.
    """
    need("train,performers", *TORCH, "matplotlib", "pyworld")
    from training import recipe as recipes
    from training.bars import progress
    from training.datasets import dataset

    chosen = recipes.load(recipe).changed(
        {"fit.steps": steps, "features.shards": shards, "fit.seed": seed, "model.mouth_only": False}
    )
    dataset.read(source)
    from training.fit import ranks
    from training.performers.page import write_page
    from training.performers.study import Study

    with ranks.joined(device) as place, progress() as bar:
        if ranks.world() > 1:
            raise FacewireError("performers trains its models one after the other: start it without torchrun")
        study = Study(source, out, chosen, performers, seed, seeds, place)
        found = study.run(bar)
    words = [str(source), "--out", str(out), "--performers", performers, "--recipe", recipe]
    given = {"--steps": steps, "--shards": shards, "--seed": seed, "--seeds": seeds}
    words += [word for name, value in given.items() if value is not None for word in (name, value)]
    page = write_page(study, found, "facewire-train performers " + shlex.join(map(str, words)))
    typer.echo(page.read_text("utf-8"))
