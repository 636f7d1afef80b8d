"""The paper's losses (section 3.5.1) on standardised blendshapes, each frame and channel weighted by its confidence.

Squared norms are means over the total weight, so that a loss does not depend on the number of frames and channels. The
total is taken over all processes that train together: the sum of their losses, and of their gradients, is that of one
process with the whole batch.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from protocols import blendshapes
from training.fit.ranks import total

TEMPERATURE: Final = 0.07
"""tau of equation 14, which the paper does not give."""


def expression(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 12: |x^ - x0|^2 over all channels. All (B, T, C)."""
    return _mean((made - face).square(), weight)


def lip(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 13: the same over jaw and mouth."""
    lips = list(blendshapes.LIPS_27)
    return _mean((made - face)[..., lips].square(), weight[..., lips])


def velocity(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 15: the same for the differences between frames, of which both must count."""
    return _mean((made - face).diff(dim=1).square(), torch.minimum(weight[:, 1:], weight[:, :-1]))


def contrast(scores: Tensor, identity: Tensor) -> Tensor:
    """Equation 14: cross-entropy of the similarities (B, N) between voices and identities, with labels (B,).

    Label N is an unknown identity and does not count.
    """
    unknown = scores.shape[1]
    error = functional.cross_entropy(scores / TEMPERATURE, identity, ignore_index=unknown, reduction="sum")
    return error / total((identity != unknown).sum()).clamp(min=1)


def distillation(made: Tensor, target: Tensor, weight: Tensor, snr: Tensor) -> Tensor:
    """Equation 16: max(alpha^2 / sigma^2, 1) |x~ - s^|^2, with the SNR of each passage's step (B,)."""
    return _mean((made - target).square() * snr.clamp(min=1)[:, None, None].to(made), weight)


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    return (error * weight).sum() / total(weight.sum()).clamp(min=1)
