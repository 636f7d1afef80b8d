"""The models by which performers are judged: whom each of them knows, and how it is trained."""

from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import Progress

from model import checkpoint
from model.face import FaceModel
from training.fit.export import export_run
from training.fit.loop import run, teacher_loss
from training.passages import features
from training.passages.folder import UNTRAINED
from training.recipe import Recipe

FACE = "face.safetensors"
"""In a model's folder: its checkpoint."""
STEPS = 8
"""Denoising steps, trained directly: without a teacher and its students the study takes a third of the time."""


@dataclass(frozen=True)
class Trained:
    """One model of the study."""

    name: str
    """Its folder."""
    recipe: Recipe
    without: str | None = None
    """The performer it is not trained on: the last one."""
    known: bool = True
    """Whether it is told who speaks."""


def models(recipe: Recipe, stranger: str) -> list[Trained]:
    """With everyone's identity, with nobody's, and without the `stranger`."""
    direct = recipe.changed({"model.denoising_steps": STEPS})
    nameless = direct.changed({"losses.contrast": 0.0, "fit.unknown": 1.0})
    return [
        Trained("identities", direct),
        Trained("no-identities", nameless, known=False),
        Trained(f"without-{stranger}", direct, without=stranger),
    ]


def train(wanted: Trained, folder: Path, out: Path, bar: Progress, device: torch.device | None = None) -> FaceModel:
    """The model in `out` / its name, trained on the features in `folder` if it is not there yet."""
    place, recipe = out / wanted.name, wanted.recipe
    made, header = features.read(folder), checkpoint.header(folder / UNTRAINED)
    told, names = header["provenance"], header["config"]["identities"]
    if wanted.without:
        *names, stranger = names
        assert stranger == wanted.without
        made = made.without(len(names))
        told = told | {"data": {name: told["data"][name] for name in names}}
    model = features.untrained(folder, recipe.model, recipe.fit.seed, made, names)
    loss, ts = teacher_loss(model, recipe.losses), model.schedule.steps
    told = told | recipe.told("model", "losses", "fit")
    model = run(model, made, loss, ts, recipe.fit, place, bar, told=told, device=device)
    export_run(place, place / FACE)
    return model
