"""`facewire-train features`: from datasets to passages that a model can be trained on."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from training.options import Data, Recipe, Sounds


def features(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the features.")],
    recipe: Recipe = "embedded",
    encoder: Annotated[str, typer.Option(help="Folder of a HubertModel, or a checkpoint, if not the recipe's.")] = "",
    sounds: Sounds = [],  # noqa: B006
    first: Annotated[int, typer.Option(help="Number of the first shard, to split the work between processes.")] = 0,
    shards: Annotated[int | None, typer.Option(help="How many shards to make; by default all that remain.")] = None,
) -> None:
    """Encode passages of speech, silence and noise in the windows used at run time. Existing files are kept."""
    need("train", *TORCH)
    from training import recipe as recipes
    from training.bars import progress
    from training.datasets import dataset
    from training.sounds.recordings import licensed, recordings_of

    settings = recipes.load(recipe).features
    for folder in data:
        dataset.read(folder)
    quiet = [recordings_of(*licensed("--sounds", item)) for item in sounds]
    from training.passages.features import make, open_encoder

    last = settings.shards if shards is None else min(settings.shards, first + shards)
    speech, heard = open_encoder(encoder or settings.encoder or "")
    with progress() as bar:
        make(data, speech, heard, settings, range(first, last), out, bar, sounds=quiet)
