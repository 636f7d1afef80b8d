"""The baseline without diffusion: GRUs of the same size that map sound straight to one face."""

from pathlib import Path

import torch
from torch import Tensor

from model.config import ModelConfig
from model.denoiser import REGIONS, Denoiser
from model.face import FaceModel
from training.passages import features
from training.passages.shards import Passages
from training.recipe import Recipe


class Regressor(Denoiser):
    """Deterministic: the denoiser's GRUs, audio layer and conditions, but without a noisy face and a step as input.

    In place of a denoiser with one step it is trained with the same loop and losses, and streamed the same way. One
    DDIM step to t = 0 gives its prediction, whatever the noise.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        inputs = config.audio_width + 2 * config.condition_width
        self.regions = self._regions([inputs] * len(REGIONS), config.layers)
        del self.step

    def forward(self, x: Tensor, condition: Tensor, t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Face (B, T, C) from the condition (B, T, A), and the GRU's next state; x and t are ignored."""
        out, state = self._told([condition] * len(REGIONS), state)
        return out * self.captured, state


def untrained(folder: Path, recipe: Recipe, made: Passages) -> FaceModel:
    """A face model that regresses, to be trained on the passages of a features folder."""
    model = features.untrained(folder, recipe.model, recipe.fit.seed, made)
    if model.config.steps != 1:
        raise ValueError("a regressor has one step")
    torch.manual_seed(recipe.fit.seed)
    captured = model.denoiser.captured
    model.denoiser = Regressor(model.config)
    model.denoiser.captured.copy_(captured)
    return model
