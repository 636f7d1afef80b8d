"""Brings the amplitude of lips that were made to that of the lips that were recorded.

Every denoising step takes its own last guess for evidence beside the sound, so lips that are sampled without noise come
out some hundredths too large, more so with more steps. One factor mends it without touching any weight.
"""

from typing import Final

import torch
from torch import Tensor

from model.face import FaceModel
from protocols import blendshapes
from training.segments import correlated
from training.shards import Passages

PASSAGES: Final = 96
"""Passages that are looked at, evenly spread."""
TOGETHER: Final = 16


def calibrated(model: FaceModel, passages: Passages) -> FaceModel:
    """The same face, jaw and mouth scaled about their mean to move as much as in these passages."""
    real = made = 0.0
    every = torch.arange(0, len(passages), max(1, len(passages) // PASSAGES))
    for chosen in torch.split(every, TOGETHER):
        lips = list(blendshapes.LIPS_27)
        face, weight = (passages.take(name, chosen).float()[..., lips] for name in ("face", "weight"))
        counts = weight * model.denoiser.captured[lips]
        real += _moved(face, counts)
        made += _moved(_performed(model, passages, chosen)[..., lips], counts)
    factor = (real / made) ** 0.5 if made > 0 else 1.0
    same = FaceModel(
        model.config.model_copy(update={"lip_amplitude": model.config.lip_amplitude * factor}), model.encoder
    )
    same.load_state_dict(model.state_dict())
    return same.eval().requires_grad_(False)


@torch.inference_mode()
def _performed(model: FaceModel, passages: Passages, chosen: Tensor) -> Tensor:
    """The faces (B, T, C) of some passages, as they are made at run time."""
    identity, lookahead = (passages.take(name, chosen) for name in ("identity", "lookahead"))
    config = model.config
    noise = correlated(len(chosen), passages.frames, config.noise_poles, torch.Generator().manual_seed(0))
    noise[..., list(blendshapes.LIPS_27)] = 0
    audio = model.standardised(passages.take("audio", chosen).float(), lookahead)
    who = model.identities.every()[identity][:, None].expand(-1, passages.frames, -1)
    start = torch.zeros(config.steps, config.layers, len(chosen), config.memory)
    return model.denoise(noise, audio, who, lookahead, start)[0]


def _moved(face: Tensor, counts: Tensor) -> float:
    """Variance in time (B, T, C), summed over channels and passages, each frame by what it counts."""
    total = counts.sum(1, keepdim=True).clamp(min=1e-6)
    mean = (face * counts).sum(1, keepdim=True) / total
    return float(((face - mean).square() * counts).sum())
