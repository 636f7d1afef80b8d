"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Features = Annotated[Path, typer.Argument(help="Folder made by `facewire-train features`.")]
Listening = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="The checkpoint whose encoder listens.")]

Data = Annotated[list[Path], typer.Option(help="A dataset made by `facewire-train prepare`; repeatable.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:N; by default a GPU if there is one.")]
Recipe = Annotated[str, typer.Option(help="What defines the run: the name of a recipe that ships, or a YAML file.")]
SaveEvery = Annotated[int, typer.Option(help="Training steps between two saved states.", min=1)]
Seed = Annotated[int | None, typer.Option(help="Random seed, if not the recipe's.", min=0)]
Sounds = Annotated[
    list[str], typer.Option(help="FOLDER=LICENCE: recordings without speech or song, such as music; repeatable.")
]
Steps = Annotated[int | None, typer.Option(help="Training steps, if not the recipe's.", min=1)]
StepsPerHalving = Annotated[int | None, typer.Option(help="Training steps per halving, if not the recipe's.", min=1)]
Takes = Annotated[int, typer.Option(help="Random seeds to average over.", min=2)]
