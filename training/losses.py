"""The paper's losses (section 3.5.1), on standardised blendshapes, each frame and channel by its confidence.

Squared norms are means over what counts, so that a weight means the same for any number of frames and channels.
"""

import torch
from torch import Tensor
from torch.nn import functional

from protocols import blendshapes

EXPRESSION, LIP, CONTRAST, VELOCITY = 1.0, 1.0, 0.007, 0.5
"""The paper's lambda 1 to 4."""
TEMPERATURE = 0.07
"""tau of equation 14, which the paper leaves open."""


def expression(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 12: |x^ - x0|^2 over all channels. All (B, T, C)."""
    return _mean((made - face).square(), weight)


def lip(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 13: the same over jaw and mouth."""
    lips = list(blendshapes.LIPS_27)
    return _mean((made - face)[..., lips].square(), weight[..., lips])


def velocity(made: Tensor, face: Tensor, weight: Tensor) -> Tensor:
    """Equation 15: the same for the difference from frame to frame."""
    return _mean((made - face).diff(dim=1).square(), torch.minimum(weight[:, 1:], weight[:, :-1]))


def contrast(scores: Tensor, identity: Tensor) -> Tensor:
    """Equation 14: cross-entropy of the similarities (B, N) between voices and identities, labels (B,)."""
    return functional.cross_entropy(scores / TEMPERATURE, identity)


def distillation(made: Tensor, target: Tensor, weight: Tensor, snr: Tensor) -> Tensor:
    """Equation 16: max(alpha^2 / sigma^2, 1) |x~ - s^|^2, with the SNR of each passage's step (B,)."""
    return _mean((made - target).square() * snr.clamp(min=1)[:, None, None].to(made), weight)


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    return (error * weight).sum() / torch.clamp(weight.sum(), min=1)
