"""How the denoiser combines its network's output with its input."""

import pytest
import torch

from model.config import ModelConfig
from model.denoiser import Denoiser
from protocols import blendshapes
from tests.model.tiny import tiny_model

CONFIG = tiny_model().config

LIPS = list(blendshapes.LIPS_27)
REST = [index for index in range(blendshapes.COUNT) if index not in LIPS]


def predicted(denoiser: Denoiser, x: torch.Tensor, t: int) -> torch.Tensor:
    lips = denoiser.regions[0]
    width = lips.norm.normalized_shape[0] - len(LIPS) - denoiser.step.embedding_dim
    condition = torch.zeros(*x.shape[:2], width)
    return denoiser(x, condition, torch.full((len(x),), t), None)[0].detach()


def say(denoiser: Denoiser, value: float) -> None:
    """Let the network give this and nothing else."""
    for region in denoiser.regions:
        torch.nn.init.zeros_(region.out.weight)
        torch.nn.init.constant_(region.out.bias, value)


def test_what_x_tells_is_weighed_by_how_much_a_channel_may_differ() -> None:
    """A network that says nothing leaves the best guess for a face of that deviation: no other share of x is nearer."""
    denoiser = Denoiser(CONFIG.model_copy(update={"lip_deviation": 0.3})).eval()
    say(denoiser, 0)
    draw = torch.Generator().manual_seed(0)
    face = torch.randn(16, 2000, 52, generator=draw)
    face[..., LIPS] *= 0.3
    noise = torch.randn(16, 2000, 52, generator=draw)
    for t in (4, 8, 12):
        alpha_bar = denoiser.alpha_bar[t]
        made = predicted(denoiser, alpha_bar.sqrt() * face + (1 - alpha_bar).sqrt() * noise, t)
        for channels in (LIPS, REST):
            best = (made - face)[..., channels].square().mean()
            for factor in (0.8, 1.2):
                assert (factor * made - face)[..., channels].square().mean() > best


def test_where_a_channel_may_be_anything_the_network_gives_the_velocity() -> None:
    denoiser = Denoiser(CONFIG).eval()
    say(denoiser, -0.7)
    x = torch.randn(2, 3, 52, generator=torch.Generator().manual_seed(0))
    for t in (1, 16, 32):
        alpha_bar = denoiser.alpha_bar[t]
        torch.testing.assert_close(predicted(denoiser, x, t), alpha_bar.sqrt() * x - (1 - alpha_bar).sqrt() * 0.7)


def test_a_deviation_is_more_than_nothing() -> None:
    with pytest.raises(ValueError, match="lip_deviation"):
        ModelConfig.model_validate(CONFIG.model_dump() | {"lip_deviation": 0})


def test_the_mouth_hears_nothing_of_the_upper_faces_noise() -> None:
    denoiser = Denoiser(CONFIG).eval()
    x = torch.randn(1, 20, 52, generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[..., REST] = 0
    made, moved = (predicted(denoiser, each, 24) for each in (x, other))
    torch.testing.assert_close(made[..., LIPS], moved[..., LIPS])
    assert (made - moved)[..., REST].abs().max() > 0.1
