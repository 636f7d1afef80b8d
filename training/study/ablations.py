"""The models in the paper's tables, trained one by one, each in a folder of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import yaml
from rich.progress import Progress

from model import checkpoint
from model.face import FaceModel
from protocols.errors import FacewireError
from training.fit.distill import halve
from training.fit.export import export_run
from training.fit.loop import run, teacher_loss
from training.judge.evaluate import skipping
from training.passages import features
from training.passages.folder import UNTRAINED
from training.passages.shards import Passages
from training.recipe import SCHEDULE_STEPS, Recipe
from training.study import regressor

FACE = "face.safetensors"
"""In a variant's folder: its checkpoint."""


@dataclass(frozen=True)
class Variant:
    """One model of the report."""

    name: str
    """Its folder."""
    title: str
    """In the tables."""
    kind: Literal["fit", "halve", "skip", "regress"]
    recipe: Recipe
    steps: int
    """Denoising steps."""
    source: str = ""
    """The variant whose steps it halves or skips."""
    judged: bool = True
    """Whether it appears in a table, or is only an intermediate step."""
    known: bool = True
    """Whether it is given the speaker's identity."""

    @property
    def made(self) -> dict[str, Any]:
        """Everything its weights depend on besides the features."""
        return {"kind": self.kind, "source": self.source, "steps": self.steps, **self.recipe.told(*_SECTIONS)}


_SECTIONS = ("model", "losses", "fit", "distill")


def variants(recipe: Recipe, counts: Sequence[int]) -> list[Variant]:
    """All models, in the order in which they can be made. `counts`: denoising steps to train directly.

    Raises FacewireError for a recipe that distils nothing.
    """
    recipe = recipe.changed({"model.mouth_only": False})  # the whole face is judged as it was learnt
    top, last = recipe.model.denoising_steps, recipe.distill.to
    if top <= last or top % last or (top // last).bit_count() != 1:
        raise FacewireError(f"a teacher of {top} steps cannot be halved to {last}: give a recipe that distils")
    found = [_direct(recipe, steps) for steps in sorted({top, last, *counts}, reverse=True)]
    found.sort(key=lambda variant: variant.steps != top)  # the teacher first
    found += _halvings(recipe, "distilled", f"distilled, {{}} steps ({_losses(recipe)})")
    beside = recipe.changed({"distill.beside": not recipe.distill.beside})
    found += _halvings(beside, "other-distillation", f"distilled, {{}} steps ({_losses(beside)})", only_last=True)
    skip = f"{top}-step teacher, {last} of its steps"
    found.append(Variant(f"skipping-{last}", skip, "skip", recipe, last, f"steps-{top}"))
    for name, title, changes, known in (
        ("no-lip", "without the lip loss", {"losses.lip": 0.0}, True),
        ("no-velocity", "without the velocity loss", {"losses.velocity": 0.0}, True),
        ("no-identity", "without identities", {"losses.contrast": 0.0, "fit.unknown": 1.0}, False),
    ):
        found += _ablation(recipe.changed(changes), name, title, known)
    single = recipe.changed({"model.denoising_steps": 1})
    found.append(Variant("regressor", "deterministic GRU regressor", "regress", single, 1))
    return found


def _direct(recipe: Recipe, steps: int) -> Variant:
    own = recipe.changed({"model.denoising_steps": steps})
    title = f"{steps}-step teacher" if own == recipe else f"{steps} steps, trained directly"
    return Variant(f"steps-{steps}", title, "fit", own, steps)


def _halvings(
    recipe: Recipe, name: str, title: str, *, start: str = "", only_last: bool = False, known: bool = True
) -> list[Variant]:
    """The students of a teacher (variant `start`, by default the first of all), one by one."""
    steps, source, found = recipe.model.denoising_steps, start or f"steps-{recipe.model.denoising_steps}", []
    while steps > recipe.distill.to:
        steps //= 2
        own = recipe.changed({"distill.to": steps}) if steps < SCHEDULE_STEPS else recipe
        judged = not only_last or steps == recipe.distill.to
        found.append(Variant(f"{name}-{steps}", title.format(steps), "halve", own, steps, source, judged, known))
        source = found[-1].name
    return found


def _ablation(recipe: Recipe, name: str, title: str, known: bool) -> list[Variant]:
    """A teacher that lacks something, and its students."""
    top = recipe.model.denoising_steps
    teacher = Variant(f"{name}-{top}", title, "fit", recipe, top, judged=False, known=known)
    return [teacher, *_halvings(recipe, name, title, start=teacher.name, only_last=True, known=known)]


def _losses(recipe: Recipe) -> str:
    return "beside the other losses" if recipe.distill.beside else "by the distillation loss alone"


def make(
    variant: Variant, folder: Path, made: Passages, out: Path, bar: Progress, device: torch.device | None = None
) -> FaceModel:
    """The model of a variant in `out` / its name, trained if it is not there yet; those it depends on are.

    Raises FacewireError for a folder whose variant was made with other settings.
    """
    place, recipe = out / variant.name, variant.recipe
    place.mkdir(parents=True, exist_ok=True)
    (place / "recipe.yaml").write_text(
        yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
    )
    if variant.kind == "skip":
        return skipping(checkpoint.load(out / variant.source / FACE), variant.steps)
    if variant.kind == "halve":
        teacher = out / variant.source / FACE
        told = checkpoint.header(teacher)["provenance"] | recipe.told("distill")
        model = halve(
            checkpoint.load(teacher), made, recipe.student(), place, bar,
            others=recipe.others(), told=told, device=device,
        )  # fmt: skip
    else:
        told = checkpoint.header(folder / UNTRAINED)["provenance"] | recipe.told("model", "losses", "fit")
        fresh = regressor.untrained if variant.kind == "regress" else _denoiser
        model = fresh(folder, recipe, made)
        loss, ts = teacher_loss(model, recipe.losses), model.schedule.steps
        model = run(model, made, loss, ts, recipe.fit, place, bar, told=told, device=device)
    if variant.kind != "regress":
        export_run(place, place / FACE)
    return model


def _denoiser(folder: Path, recipe: Recipe, made: Passages) -> FaceModel:
    return features.untrained(folder, recipe.model, recipe.fit.seed, made)
