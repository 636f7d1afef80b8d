"""The noise schedule: linear betas, rescaled so that a few steps still reach pure noise.

Step t runs from 1 (almost clean) to T (noise). Students keep the teacher's alpha-bar at every k-th t.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    """Noise levels of a diffusion with T steps, some of which are used for sampling."""

    alpha_bar: Tensor
    """(T + 1,) float64; alpha_bar[0] = 1."""
    steps: tuple[int, ...]
    """The t used for sampling, in ascending order; the last one is T."""

    @property
    def total(self) -> int:
        """T, the number of steps."""
        return len(self.alpha_bar) - 1

    def alpha(self, t: Tensor | int) -> Tensor:
        """Signal scale sqrt(alpha-bar): alpha_tau in the paper's equation 8."""
        return self.alpha_bar[t].sqrt()

    def sigma(self, t: Tensor | int) -> Tensor:
        """Noise scale sqrt(1 - alpha-bar): sigma_tau in the same equation."""
        return (1 - self.alpha_bar[t]).sqrt()


def linear(total: int = 32, steps: int | None = None) -> Schedule:
    """Betas 1e-4 … 0.02, scaled by 1000 / T, and sampled in `steps` steps (a divisor of T; default: T)."""
    betas = torch.linspace(1e-4, 0.02, total, dtype=torch.float64) * (1000 / total)
    alpha_bar = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - betas, 0)])
    stride = total // (steps or total)
    return Schedule(alpha_bar, tuple(range(stride, total + 1, stride)))
