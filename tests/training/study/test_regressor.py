"""The baseline of table 2: the same loop and line, another map."""

from pathlib import Path

import numpy as np
import pytest
import torch
from rich.progress import Progress

from model import checkpoint
from model.face import FaceModel
from model.stream import render
from model.torch_runtime import TorchRuntime
from tests.model.tiny import tiny_model
from training import recipe
from training.fit import loop
from training.passages.folder import UNTRAINED
from training.passages.shards import Passages
from training.study import regressor

FRAMES = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("features")
    checkpoint.save(tiny_model(), out / UNTRAINED, {})
    return out


@pytest.fixture(scope="module")
def passages() -> Passages:
    """jawOpen is a mean of the last four values of one audio feature, a brow is noise that nothing tells."""
    draw = torch.Generator().manual_seed(0)
    audio = torch.randn(24, FRAMES, 5, 16, generator=draw)
    face, weight = torch.full((24, FRAMES, 52), 0.3), torch.ones(24, FRAMES, 52)
    padded = torch.nn.functional.pad(audio[:, :, 0, 0], (3, 0))
    face[..., 17] = 0.4 + 0.1 * padded.unfold(1, 4, 1).mean(-1)
    face[..., 43] = torch.rand(24, FRAMES, generator=draw)
    identity = torch.arange(24) % 2
    lookahead = torch.zeros(24, dtype=torch.int64)
    return Passages([{"audio": audio, "face": face, "weight": weight, "identity": identity, "lookahead": lookahead}])


def chosen(steps: int) -> recipe.Recipe:
    embedded = recipe.load("embedded")
    return embedded.changed(
        {
            "model.denoising_steps": 1,
            "model.mouth_only": False,
            "model.dropout": 0.0,
            "fit.steps": steps,
            "fit.batch": 12,
            "fit.carried": 2,
        }
        | {"fit.segment_frames": 40, "fit.shortest_frames": 40, "fit.learning_rate": 1e-2, "fit.ema": 0.9}
    )


def trained(folder: Path, passages: Passages, run: Path, steps: int) -> FaceModel:
    settings = chosen(steps)
    model = regressor.untrained(folder, settings, passages)
    loss = loop.teacher_loss(model, settings.losses)
    with Progress(disable=True) as bar:
        return loop.run(model, passages, loss, model.schedule.steps, settings.fit, run, bar)


@pytest.mark.slow
def test_the_regressor_learns_what_the_sound_tells_and_the_mean_of_what_it_does_not(
    folder: Path, passages: Passages, tmp_path: Path
) -> None:
    model = trained(folder, passages, tmp_path / "run", 120)
    (shard,) = passages.shards
    audio = model.standardised(shard["audio"], shard["lookahead"])
    who = model.identities(model.identities.embeddings[shard["identity"]])
    given = model.denoiser.condition(audio, who, shard["lookahead"])
    with torch.no_grad():
        t = torch.full((24,), 32)
        x0, _ = model.denoiser(torch.randn(24, FRAMES, 52), given, t, None)
        face = model.face(x0)
    assert np.corrcoef(face[..., 17].flatten(), shard["face"][..., 17].flatten())[0, 1] > 0.95
    assert face[..., 43].std() < 0.1  # the noise has .29
    assert face[..., 43].mean() == pytest.approx(0.5, abs=0.05)


def test_it_knows_no_noise_and_is_streamed_like_any_model(folder: Path, passages: Passages) -> None:
    model = regressor.untrained(folder, chosen(1), passages).eval()
    assert isinstance(model.denoiser, regressor.Regressor)
    sound = (np.random.default_rng(0).standard_normal(16_000) * 0.2).astype(np.float32)
    one, other = (render(TorchRuntime(model), sound, seed=seed, liveliness=1.0).weights for seed in (0, 1))
    np.testing.assert_array_equal(one, other)
    quiet = render(TorchRuntime(model), sound * 0, liveliness=1.0).weights
    assert np.abs(one - quiet).max() > 1e-4
    assert [part.gru.hidden_size for part in model.denoiser.regions] == [model.config.hidden, model.config.hidden_upper]
    untouched = regressor.untrained(folder, chosen(1), passages)
    untouched.denoiser.load_state_dict(model.denoiser.state_dict())  # nothing of the step's embedding is left
    assert not [name for name, _ in model.denoiser.named_parameters() if name.startswith("step.")]


def test_it_has_one_step(folder: Path, passages: Passages) -> None:
    settings = chosen(1)
    with pytest.raises(ValueError, match="one step"):
        regressor.untrained(folder, settings.changed({"model.denoising_steps": 8}), passages)
