"""Progressive distillation (section 3.4): a student learns to do in one step what its teacher does in two."""

from copy import deepcopy
from pathlib import Path

import torch
from rich.progress import Progress
from torch import Tensor

from model import schedule
from model.face import FaceModel
from model.sampler import ddim
from training import losses
from training.fit import FitSettings, Loss, Passages, Segment, condition, fresh, noisy, run


def halve(teacher: FaceModel, passages: Passages, settings: FitSettings, folder: Path, bar: Progress) -> FaceModel:
    """A student with half the teacher's steps, which keeps the teacher's step numbers and alpha-bar."""
    student = deepcopy(teacher)
    student.config = teacher.config.model_copy(update={"steps": teacher.config.steps // 2})
    student.schedule = schedule.linear(student.config.schedule_steps, student.config.steps)
    return run(student, passages, student_loss(student, teacher), student.schedule.steps, settings, folder, bar)


def student_loss(student: FaceModel, teacher: FaceModel) -> Loss:
    """Equation 16 alone: beside the other losses, at the paper's weight of 0.1, it does not imitate the teacher."""
    stride = teacher.config.schedule_steps // teacher.config.steps

    def loss(segment: Segment, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        before: list[Tensor | None] = [*fresh(states, segment)] or [None] * 3
        x, t = noisy(student, segment), segment.t
        with torch.no_grad():
            given = condition(teacher, segment)
            first, one = teacher.denoiser(x, given, t, before[1])
            middle = ddim(teacher.schedule, x, first, t, t - stride)
            second, two = teacher.denoiser(middle, given, t - stride, before[2])
            end = ddim(teacher.schedule, middle, second, t - stride, t - 2 * stride)
            wanted = target(teacher.schedule, x, end, t, t - 2 * stride)
        made, following = student.denoiser(x, condition(student, segment), t, before[0])
        snr = teacher.schedule.alpha_bar[t] / (1 - teacher.schedule.alpha_bar[t])
        weight = student.denoiser.captured.expand_as(made)
        return losses.distillation(made, wanted, weight, snr), [following, one, two]

    return loss


def target(levels: schedule.Schedule, x: Tensor, end: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Equation 9: the x0 that one DDIM step from t to s must have predicted to arrive at `end`."""
    ratio = (levels.sigma(s) / levels.sigma(t)).to(x)[:, None, None]
    alpha_t, alpha_s = levels.alpha(t).to(x)[:, None, None], levels.alpha(s).to(x)[:, None, None]
    return (end - ratio * x) / (alpha_s - ratio * alpha_t)
