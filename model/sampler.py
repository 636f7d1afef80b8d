"""Deterministic DDIM (eta = 0) with one GRU state per denoising step, so that sampling can continue across hops."""

from collections.abc import Iterator

import torch
from torch import Tensor

from model.denoiser import Denoiser
from model.schedule import Schedule


def ddim(schedule: Schedule, x: Tensor, x0: Tensor, t: Tensor | int, s: Tensor | int) -> Tensor:
    """Move from step t to the less noisy step s (paper, eq. 8): alpha_s x0 + sigma_s / sigma_t (x - alpha_t x0)."""
    ratio = schedule.sigma(s) / schedule.sigma(t)
    keep = schedule.alpha(s) - ratio * schedule.alpha(t)
    return _like(keep, x) * x0 + _like(ratio, x) * x


def sample(
    denoiser: Denoiser, schedule: Schedule, noise: Tensor, condition: Tensor, states: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Denoise (B, T, C) noise over all steps, noisiest first; yields (x at the next step, GRU state of this step).

    `states` is (steps, layers, B, hidden), one per step in the order of use. The last x is the face.
    """
    x = noise * _like(schedule.sigma(schedule.total), noise)
    targets = (0, *schedule.steps[:-1])
    for k, (t, s) in enumerate(reversed(list(zip(schedule.steps, targets, strict=True)))):
        steps = torch.full((x.shape[0],), t, dtype=torch.long, device=x.device)
        x0, state = denoiser(x, condition, steps, states[k])
        x = ddim(schedule, x, x0, t, s)
        yield x, state


def _like(scale: Tensor, x: Tensor) -> Tensor:
    """A scalar or per-batch factor, shaped to multiply (B, T, C)."""
    scale = scale.to(x)
    return scale[:, None, None] if scale.ndim else scale
