"""A person is learnt, a run is taken up where it was cut, a student follows its teacher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.progress import Progress

from model import schedule, stream
from model.face import FaceModel
from model.noise import correlated
from model.sampler import ddim
from tests.model.tiny import tiny_model
from tests.training import people
from training import distill, fit, losses, recipe, segments
from training.clips import Clip
from training.dataset import read
from training.evaluate import animate, figures, pair
from training.passages import read_shards, write_shard

SETTINGS = replace(
    recipe.load("embedded").fit,
    steps=60, batch=8, segment_frames=45, shortest_frames=45, carried=2, learning_rate=4e-3, ema=0.9,
)  # fmt: skip


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Clip]]:
    folder = people.write_person(tmp_path_factory.mktemp("raw"), clips=24)
    found = read(people.prepared(folder, tmp_path_factory.mktemp("set"), "alma"))
    return {"train": found.clips("train"), "test": found.clips("test")}


@pytest.fixture(scope="module")
def passages(person: dict[str, list[Clip]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    path = tmp_path_factory.mktemp("shards") / "passages-000.safetensors"
    with Progress(disable=True) as bar:
        write_shard(path, fresh_model(), [person["train"]], 10, 0.1, 0, bar)
    return read_shards([path])


def fresh_model() -> FaceModel:
    model = tiny_model()
    model.config = model.config.model_copy(update={"steps": 32})
    model.schedule = schedule.linear(32, 32)
    model.audio_mean.zero_()
    model.audio_std.fill_(1)
    return model


def trained(passages: dict[str, torch.Tensor], folder: Path, settings: segments.FitSettings = SETTINGS) -> FaceModel:
    model = fresh_model()
    segments.standardise(model, passages)
    with Progress(disable=True) as bar:
        return fit.run(model, passages, fit.teacher_loss(model), model.schedule.steps, settings, folder, bar)


@pytest.fixture(scope="module")
def teacher(passages: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    return trained(passages, tmp_path_factory.mktemp("run") / "teacher", replace(SETTINGS, steps=250))


def test_the_statistics_are_those_of_what_was_captured(passages: dict[str, torch.Tensor]) -> None:
    model = fresh_model()
    segments.standardise(model, passages)
    tongue, jaw = 51, 17
    assert model.denoiser.captured[tongue] == 0
    assert model.face_mean[tongue] == 0
    assert model.face_std[tongue] == pytest.approx(0.01)
    assert model.face_std[jaw] > 0.1


@pytest.mark.slow
def test_the_jaw_of_unseen_recordings_follows_their_sound(teacher: FaceModel, person: dict[str, list[Clip]]) -> None:
    clips = person["test"]
    faces = animate(teacher, clips, seed=0, lookahead_ms=160)
    good = figures([pair(c, f, 30) for c, f in zip(clips, faces, strict=True)], 30)
    wrong = figures([pair(c, f[::-1].copy(), 30) for c, f in zip(clips, faces, strict=True)], 30)
    assert good["jaw r"] > 0.6
    assert wrong["jaw r"] < good["jaw r"] - 0.3
    assert wrong["lip error 27"] > good["lip error 27"]


@pytest.mark.slow
def test_a_run_that_was_cut_goes_on_to_the_same_weights(passages: dict[str, torch.Tensor], tmp_path: Path) -> None:
    whole = trained(passages, tmp_path / "whole")

    class Cut(Exception):  # noqa: N818
        pass

    model = fresh_model()
    segments.standardise(model, passages)
    loss, seen = fit.teacher_loss(model), 0

    def interrupted(segment: segments.Segment, states: list[torch.Tensor]) -> fit.Outcome:
        nonlocal seen
        seen += 1
        if seen > 40 * SETTINGS.carried:
            raise Cut
        return loss(segment, states)

    with Progress(disable=True) as bar, pytest.raises(Cut):
        fit.run(model, passages, interrupted, model.schedule.steps, SETTINGS, tmp_path / "cut", bar)
    resumed = trained(passages, tmp_path / "cut")
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_student_of_half_the_steps_follows_its_teacher(
    teacher: FaceModel, passages: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with Progress(disable=True) as bar:
        student = distill.halve(teacher, passages, replace(SETTINGS, learning_rate=1e-3), tmp_path / "student", bar)
    assert student.schedule.steps == tuple(range(2, 33, 2))
    value = np.loadtxt(tmp_path / "student" / "losses.csv", delimiter=",", skiprows=1)[:, 1]
    assert value[-10:].mean() < 0.8 * value[:10].mean()
    sound = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.2
    wanted, made = (stream.render(model, sound, liveliness=1.0) for model in (teacher, student))
    assert np.abs(made - wanted).mean() < 0.01
    assert np.abs(fresh_face(sound) - wanted).mean() > 0.03


def fresh_face(sound: np.ndarray) -> np.ndarray:
    return stream.render(fresh_model(), sound, liveliness=1.0)


def test_the_distillation_target_lands_where_two_teacher_steps_land() -> None:
    levels = schedule.linear(32, 16)
    draw = torch.Generator().manual_seed(0)
    x, end = torch.randn(3, 4, 52, generator=draw), torch.randn(3, 4, 52, generator=draw)
    t = torch.tensor([2, 16, 32])
    x0 = distill.target(levels, x, end, t, t - 2)
    torch.testing.assert_close(ddim(levels, x, x0, t, t - 2), end, rtol=1e-3, atol=1e-3)


def test_training_noise_is_of_the_kind_of_run_time() -> None:
    drawn = segments.correlated(4, 4_000, 52, 0.8, torch.Generator().manual_seed(0)).numpy()
    live = correlated(0, 0, 4_000, 52, 0.8)
    for noise in (drawn[0], live):
        assert noise.std() == pytest.approx(1, abs=0.05)
        assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.976, abs=0.02)


def test_losses_are_those_of_the_paper() -> None:
    face, weight = torch.zeros(2, 3, 52), torch.ones(2, 3, 52)
    made = face.clone()
    made[:, :, 17] = 2.0  # jawOpen
    made[:, 1, 0] = 1.0  # a blink in one frame
    assert losses.expression(made, face, weight).item() == pytest.approx((2 * 3 * 4 + 2) / (2 * 3 * 52))
    assert losses.lip(made, face, weight).item() == pytest.approx(4 / 27)
    assert losses.velocity(made, face, weight).item() == pytest.approx(2 * 2 / (2 * 2 * 52))
    weight[:, :, 17] = 0
    assert losses.lip(made, face, weight).item() == 0
    snr = torch.tensor([0.1, 3.0])
    same = torch.ones(2, 3, 52)
    assert losses.distillation(same, face, same, snr).item() == pytest.approx(2.0)
    scores = torch.tensor([[0.7, 0.0], [0.0, 0.7]])
    wanted = torch.nn.functional.cross_entropy(scores / 0.07, torch.tensor([0, 1]))
    torch.testing.assert_close(losses.contrast(scores, torch.tensor([0, 1])), wanted)
