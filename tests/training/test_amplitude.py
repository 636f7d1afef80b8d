"""Lips that move too much, or too little, are brought to what was recorded; the rest of the face is left alone."""

import numpy as np
import pytest
import torch

from model import stream
from model.torch_runtime import TorchRuntime
from protocols import blendshapes
from tests.model.tiny import tiny_model
from training.amplitude import calibrated
from training.segments import correlated
from training.shards import Passages

LIPS = list(blendshapes.LIPS_27)
REST = [index for index in range(52) if index not in LIPS]


def passages(scale: float) -> Passages:
    """Sound, and the tiny model's own lips for it, moving `scale` times as much."""
    model, draw = tiny_model(), torch.Generator().manual_seed(1)
    model.face_std.fill_(0.05)
    audio = correlated(20, 60, (0.5,) * 80, draw).reshape(20, 60, 5, 16)
    given = {
        "audio": audio,
        "weight": torch.ones(20, 60, 52),
        "face": torch.zeros(20, 60, 52),
        "identity": torch.arange(20) % 3,
        "lookahead": torch.arange(20) % 5,
    }
    heard = model.standardised(audio, given["lookahead"])
    who = model.identities.every()[given["identity"]][:, None].expand(-1, 60, -1)
    config = model.config
    start = torch.zeros(config.steps, config.layers, 20, config.memory)
    face = model.denoise(torch.zeros(20, 60, 52), heard, who, given["lookahead"], start)[0]
    mean = face.mean(1, keepdim=True)
    return Passages([given | {"face": mean + scale * (face - mean)}])


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.25])
def test_lips_move_as_much_as_those_recorded(scale: float) -> None:
    model = tiny_model()
    model.face_std.fill_(0.05)
    found = calibrated(model, passages(scale))
    assert found.config.lip_amplitude == pytest.approx(scale, rel=0.02)
    assert calibrated(found, passages(scale)).config.lip_amplitude == pytest.approx(scale, rel=0.02)


def test_only_lips_are_scaled() -> None:
    model = tiny_model()
    model.face_std.fill_(0.05)
    sound = (np.random.default_rng(0).standard_normal(16_000) * 0.2).astype(np.float32)
    before = stream.render(TorchRuntime(model), sound)
    after = stream.render(TorchRuntime(calibrated(model, passages(0.5))), sound)
    np.testing.assert_array_equal(after[:, REST], before[:, REST])
    np.testing.assert_allclose(after[:, LIPS] - 0.4, 0.5 * (before[:, LIPS] - 0.4), atol=0.02)
