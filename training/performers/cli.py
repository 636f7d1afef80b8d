"""`facewire-train performers`: what identities are worth, on performers whose habits are known."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import FacewireError


def performers(
    source: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset of one real person.")],
    out: Annotated[Path, typer.Option(help="Folder for performers.md, its pictures, all datasets and models.")],
    performers: Annotated[int, typer.Option(help="How many are made of that person.", min=3)] = 5,
    recipe: Annotated[str, typer.Option(help="How models are trained: one that ships, or a YAML file.")] = "embedded",
    steps: Annotated[int | None, typer.Option(help="Training steps, if not the recipe's.", min=1)] = None,
    shards: Annotated[int | None, typer.Option(help="Shards of passages, if not the recipe's.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of the performers, the training and the enrolment.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="Takes to average over.", min=2)] = 4,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N; by default a GPU where there is one.")] = "",
) -> None:
    """Make virtual performers with known habits, train with and without their identities, enrol one who is new.

    Called again, it goes on.
    """
    from training.performers.vocoder import need_extra

    need_extra()
    from training import recipe as recipes
    from training.bars import progress
    from training.fit import ranks
    from training.performers.page import write_page
    from training.performers.study import Study

    chosen = recipes.load(recipe).changed({"fit.steps": steps, "features.shards": shards, "fit.seed": seed})
    with ranks.joined(device) as place, progress() as bar:
        if ranks.world() > 1:
            raise FacewireError("performers trains its models one after the other: start it without torchrun")
        study = Study(source, out, chosen, performers, seed, seeds, place)
        found = study.run(bar)
    words = [str(source), "--out", str(out), "--performers", performers, "--recipe", recipe]
    given = {"--steps": steps, "--shards": shards, "--seed": seed, "--seeds": seeds}
    words += [word for name, value in given.items() if value is not None for word in (name, value)]
    typer.echo(write_page(study, found, "facewire-train performers " + shlex.join(map(str, words))).read_text())
