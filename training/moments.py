"""Weighted mean and deviation of what does not fit into memory: summed up piece by piece."""

from collections.abc import Iterable

import torch
from torch import Tensor


def power_sums(values: Tensor, weight: Tensor) -> Tensor:
    """Sums (3, C) over passages and frames of the weights, the values (P, T, C) and their squares, as float64."""
    each = values.double()
    weights = weight.double().expand_as(each)
    return torch.stack([(weights * each**power).sum((0, 1)) for power in range(3)])


def weighted(sums: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sum of the weights, mean and deviation (C,) of `power_sums`."""
    total = sums[0].clamp(min=1e-6)
    mean = sums[1] / total
    return sums[0], mean.float(), (sums[2] / total - mean.square()).clamp(min=0).sqrt().float()


def summed(pieces: Iterable[tuple[Tensor, ...]]) -> Tensor:
    """Power sums (3, C) of pieces (P, T, C) and their weights."""
    sums = torch.zeros(3, 1, dtype=torch.float64)
    for values, weight in pieces:
        sums = sums + power_sums(values, weight)
    return sums
