"""The units of a face: mean and deviation of the training set, and each person's, which their identity restores."""

from collections.abc import Iterable, Iterator
from typing import Final

import torch
from torch import Tensor

from model.face import FaceModel
from training.passages.shards import Passages

LEAST_STD: Final = 0.01
"""A shape with a smaller deviation counts as still; a tracker's errors are as large."""
FURTHEST: Final = 3.0
"""Largest ratio between one person's deviation in a shape and everyone's."""


def standardise(model: FaceModel, passages: Passages) -> None:
    """Set the model's statistics from the training set. Channels that were never captured rest at 0.

    If there are passages of strangers, a face's units are theirs, so that `unknown` moves as they do.
    """
    _, mean, std = _moments((audio[:, :, 0], torch.ones(1)) for (audio,) in passages.pieces("audio"))
    model.audio_mean.copy_(mean)
    model.audio_std.copy_(std.clamp(min=1e-3))
    _, mean, std = _moments(_faces(passages, None))
    own, own_mean, own_std = _moments(_faces(passages, len(model.identities.names)))
    mean, std = torch.where(own > 0, own_mean, mean), torch.where(own > 0, own_std, std)
    captured = torch.stack([weight.amax((0, 1)) for (weight,) in passages.pieces("weight")]).amax(0).gt(0).float()
    model.face_mean.copy_(mean * captured)
    model.face_std.copy_(std.clamp(min=LEAST_STD))
    model.denoiser.captured.copy_(captured)
    for place in range(len(model.identities.names)):
        _standardise_identity(model, passages, place)


def _standardise_identity(model: FaceModel, passages: Passages, place: int) -> None:
    """Set an identity's scale and offset, so that without them its face has the mean and deviation of all faces.

    Shapes that were not captured keep theirs, as does an identity without passages.
    """
    total, mean, std = _moments(_faces(passages, place))
    scale = (std.clamp(min=LEAST_STD) / model.face_std).clamp(1 / FURTHEST, FURTHEST)
    known = total > 0
    model.identities.scale[place] = torch.where(known, scale, 1.0)
    model.identities.offset[place] = torch.where(known, mean - scale * model.face_mean, 0.0)


def _faces(passages: Passages, identity: int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Faces and weights of one identity's passages, or of all."""
    for face, weight, who in passages.pieces("face", "weight", "identity"):
        chosen = torch.ones_like(who, dtype=torch.bool) if identity is None else who == identity
        yield face[chosen], weight[chosen].clamp(max=1)


def _moments(pieces: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Total weight, mean and deviation (C,) of weighted pieces (P, T, C), which may be larger than memory."""
    sums = torch.zeros(3, 1, dtype=torch.float64)
    for values, weight in pieces:
        each = values.double()
        weights = weight.double().expand_as(each)
        sums = sums + torch.stack([(weights * each**power).sum((0, 1)) for power in range(3)])
    total = sums[0].clamp(min=1e-6)
    mean = sums[1] / total
    return sums[0], mean.float(), (sums[2] / total - mean.square()).clamp(min=0).sqrt().float()
