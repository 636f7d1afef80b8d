"""Progressive distillation (section 3.4): a student learns to do in one step what its teacher does in two."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from torch import Tensor, nn

from model import schedule
from model.face import FaceModel
from model.noise import ONE_FACE
from model.sampler import ddim
from protocols import blendshapes
from protocols.errors import FacewireError
from training.fit import losses
from training.fit.loop import SAVE_EVERY, Loss, Outcome, run, teacher_terms, weighted
from training.fit.segments import Segment, condition, fresh, noisy
from training.passages.shards import Passages
from training.recipe import FitSettings, LossWeights, Recipe


def halve(
    teacher: FaceModel,
    passages: Passages,
    settings: FitSettings,
    folder: Path,
    bar: Progress,
    *,
    others: LossWeights | None = None,
    told: Mapping[str, Any] | None = None,
    device: torch.device | None = None,
    save_every: int = SAVE_EVERY,
) -> FaceModel:
    """A student with half the teacher's steps; it keeps the teacher's step numbers and alpha-bar.

    `others`: weights of the losses that are used as well. The other arguments are those of `loop.run`.
    """
    student = deepcopy(teacher)
    student.config = teacher.config.model_copy(update={"steps": teacher.config.steps // 2})
    student.schedule = schedule.linear(student.config.schedule_steps, student.config.steps)
    for part in student.denoiser.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # what the teacher makes of a sound is to be learnt from all of that sound
    loss, ts = student_loss(student, teacher.to(device or "cpu"), others), student.schedule.steps
    return run(
        student, passages, loss, ts, settings, folder, bar, told=told, device=device, save_every=save_every
    )  # fmt: skip


def chain(
    teacher: FaceModel,
    passages: Passages,
    recipe: Recipe,
    out: Path,
    bar: Progress,
    *,
    told: Mapping[str, Any],
    device: torch.device | None = None,
    save_every: int = SAVE_EVERY,
) -> Path:
    """Halve the teacher's steps until the recipe's number is reached; returns the folder of the last run, beside `out`.

    `told`: what the teacher's checkpoint records of its making. Raises FacewireError if there is nothing to halve.
    """
    if teacher.config.steps <= recipe.distill.to or teacher.config.steps % recipe.distill.to:
        raise FacewireError(f"the teacher has {teacher.config.steps} steps: it cannot be halved to {recipe.distill.to}")
    others = recipe.others()
    how = {**asdict(recipe.student()), "beside": asdict(others) if others else None}
    told, model = {**told, "distill": how}, teacher
    while model.config.steps > recipe.distill.to:
        folder = out.parent / f"{out.stem}-{model.config.steps // 2}"
        model = halve(
            model, passages, recipe.student(), folder, bar,
            others=others, told=told, device=device, save_every=save_every,
        )  # fmt: skip
    return folder


def student_loss(student: FaceModel, teacher: FaceModel, others: LossWeights | None = None) -> Loss:
    """Equation 16 alone or, together with the `others`, equation 11.

    With the paper's weight of 0.1 beside the other losses, a student does not imitate its teacher's performance.
    """
    stride = teacher.config.schedule_steps // teacher.config.steps

    def loss(segment: Segment, states: list[Tensor]) -> Outcome:
        before: list[Tensor | None] = [*fresh(states, segment)] or [None] * 3
        noise = segment.noise if others else _as_at_run_time(segment.noise)
        x, t = noisy(student, replace(segment, noise=noise)), segment.t
        levels = replace(teacher.schedule, alpha_bar=teacher.schedule.alpha_bar.to(t.device))
        with torch.no_grad():
            given = condition(teacher, segment)
            first, one = teacher.denoiser(x, given, t, before[1])
            middle = ddim(levels, x, first, t, t - stride)
            second, two = teacher.denoiser(middle, given, t - stride, before[2])
            end = ddim(levels, middle, second, t - stride, t - 2 * stride)
            wanted = target(levels, x, end, t, t - 2 * stride)
        made, following = student.denoiser(x, condition(student, segment), t, before[0])
        snr = levels.alpha_bar[t] / (1 - levels.alpha_bar[t])
        counts = student.denoiser.captured.expand_as(made)
        terms = {"distillation": losses.distillation(made, wanted, counts, snr)}
        total = terms["distillation"]
        if others:
            terms |= teacher_terms(student, segment, made)
            total = weighted(terms, others)
        return Outcome(total, terms, [following, one, two])

    return loss


def _as_at_run_time(noise: Tensor) -> Tensor:
    """The noise (B, T, C) used at run time; every other passage has none on its lips."""
    shared = noise[..., ONE_FACE]
    shared[::2, :, list(blendshapes.LIPS_27)] = 0
    return shared


def target(levels: schedule.Schedule, x: Tensor, end: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Equation 9: the x0 from which one DDIM step from t to s arrives at `end`."""
    ratio = (levels.sigma(s) / levels.sigma(t)).to(x)[:, None, None]
    alpha_t, alpha_s = levels.alpha(t).to(x)[:, None, None], levels.alpha(s).to(x)[:, None, None]
    return (end - ratio * x) / (alpha_s - ratio * alpha_t)
