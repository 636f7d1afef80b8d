"""A person is learnt, by the sound alone; a student follows its teacher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.progress import Progress
from safetensors.torch import load_file

from model import checkpoint, schedule, stream
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from tests.training import people
from training import recipe
from training.datasets.clips import Clip
from training.datasets.dataset import read
from training.fit import distill, loop
from training.fit.export import export_run
from training.fit.folder import START, STATE
from training.judge.animate import animate, pair
from training.judge.evaluate import figures
from training.passages.compose import Passage, encode, write_shard
from training.passages.shards import Passages
from training.passages.standardise import standardise

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
def passages(person: dict[str, list[Clip]], tmp_path_factory: pytest.TempPathFactory) -> Passages:
    path = tmp_path_factory.mktemp("shards") / "passages-000.safetensors"
    with Progress(disable=True) as bar:
        write_shard(path, TorchRuntime(fresh_model()), [person["train"]], 10, 0.1, 0, bar)
    return Passages.read([path])


def fresh_model() -> FaceModel:
    model = tiny_model()
    model.config = model.config.model_copy(update={"steps": 32})
    model.schedule = schedule.linear(32, 32)
    model.audio_mean.zero_()
    model.audio_std.fill_(1)
    return model


def trained(passages: Passages, folder: Path, settings: recipe.FitSettings = SETTINGS) -> FaceModel:
    model = fresh_model()
    standardise(model, passages)
    with Progress(disable=True) as bar:
        return loop.run(model, passages, loop.teacher_loss(model), model.schedule.steps, settings, folder, bar)


@pytest.fixture(scope="module")
def teacher(passages: Passages, tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    return trained(passages, tmp_path_factory.mktemp("run") / "teacher", replace(SETTINGS, steps=250))


def test_the_statistics_are_those_of_what_was_captured(passages: Passages) -> None:
    model = fresh_model()
    standardise(model, passages)
    tongue, jaw = 51, 17
    assert model.denoiser.captured[tongue] == 0
    assert model.face_mean[tongue] == 0
    assert model.face_std[tongue] == pytest.approx(0.01)
    assert model.face_std[jaw] > 0.1


def test_what_counts_more_than_once_does_not_move_the_mean_face(passages: Passages) -> None:
    lid = 0
    twice = [{**shard, "weight": shard["weight"].clone()} for shard in passages.shards]
    for shard in twice:
        shard["weight"][..., lid] *= 1 + 3 * (shard["face"][..., lid] > 0.5)  # as `passages` does around blinks
    models = [fresh_model(), fresh_model()]
    for model, given in zip(models, (passages, Passages(twice)), strict=True):
        standardise(model, given)
    seen = passages.shards[0]["weight"][..., lid].clamp(max=1).bool()
    mean = passages.shards[0]["face"][..., lid][seen].float().mean()
    for model in models:
        assert model.face_mean[lid].item() == pytest.approx(mean.item(), abs=1e-3)


def test_a_run_goes_on_after_the_program_was_changed_but_not_its_purpose(passages: Passages, tmp_path: Path) -> None:
    model, settings = fresh_model(), replace(SETTINGS, steps=1)
    standardise(model, passages)

    def run(told: dict[str, str]) -> None:
        with Progress(disable=True) as bar:
            loss = loop.teacher_loss(model)
            loop.run(model, passages, loss, model.schedule.steps, settings, tmp_path, bar, told=told)

    run({"commit": "one", "fit": "so"})
    run({"commit": "another", "fit": "so"})
    with pytest.raises(FacewireError, match=r"other settings \(fit\)"):
        run({"commit": "another", "fit": "otherwise"})


def weights(model: FaceModel) -> dict[str, torch.Tensor]:
    trained = {"denoiser": model.denoiser, "identities": model.identities}
    return {f"{part}.{name}": value for part, own in trained.items() for name, value in own.named_parameters()}


@pytest.mark.parametrize("steps", [1, 4])
def test_what_a_run_gives_and_exports_is_the_moving_average_of_its_weights(
    passages: Passages, tmp_path: Path, steps: int
) -> None:
    settings = replace(SETTINGS, steps=steps, batch=4, segment_frames=15, shortest_frames=15, learning_rate=0.05)
    made = weights(trained(passages, tmp_path, settings))
    export_run(tmp_path, tmp_path / "face.safetensors")
    exported = weights(checkpoint.load(tmp_path / "face.safetensors"))
    begun, kept = weights(checkpoint.load(tmp_path / START)), load_file(tmp_path / STATE)
    moved = 0.0
    for name, value in made.items():
        average, last = kept[f"module.average.{name}"], kept[f"module.trained.{name}"]
        torch.testing.assert_close(value, average, rtol=0, atol=0)
        torch.testing.assert_close(exported[name], average, rtol=0, atol=0)
        moved = max(moved, (average - last).abs().max().item())
        if steps == 1:
            torch.testing.assert_close(average, begun[name] + 0.9 * (last - begun[name]))
    assert moved > 1e-4


def test_the_learning_rate_rises_and_falls_in_one_cycle_or_stays(
    passages: Passages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []

    def note(_: object, optimizer: torch.optim.Optimizer, *__: object) -> tuple[dict[str, float], bool]:
        rates.append(optimizer.param_groups[0]["lr"] / SETTINGS.learning_rate)
        return {"loss": 0.0}, False

    monkeypatch.setattr(loop, "_step", note)
    trained(passages, tmp_path / "cycle", replace(SETTINGS, steps=100))
    assert len(rates) == 100
    top = int(np.argmax(rates))
    assert (top, rates[top]) == (15, 1.0)
    assert (np.diff(rates[:top]) >= 0).all()
    assert rates[0] < 0.05
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[57] == pytest.approx(0.5, abs=0.02)  # half way down: half a cosine
    assert rates[-1] < 1e-3
    rates.clear()
    trained(passages, tmp_path / "constant", replace(SETTINGS, steps=5, rate="constant"))
    assert rates == [1.0] * 5


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
def test_one_clip_is_learnt_by_heart(person: dict[str, list[Clip]], tmp_path: Path) -> None:
    clip = person["train"][0]
    curves, seen = clip.at(np.arange(90) / 30)
    alone = Passage(clip.samples, curves, clip.confidence * seen[:, None], "alma", 160)
    shard = {
        "audio": encode(TorchRuntime(fresh_model()), alone.samples, alone.lookahead_ms)[None],
        "face": torch.from_numpy(alone.face)[None],
        "weight": torch.from_numpy(alone.weight)[None],
        "identity": torch.tensor([0]),
        "lookahead": torch.tensor([3]),
    }
    model = trained(Passages([shard]), tmp_path, replace(SETTINGS, steps=300, learning_rate=1e-2))
    face = animate(model, [clip], seed=0, lookahead_ms=160)
    found = figures([pair(clip, face[0], 30)], 30)
    assert found["jaw r"] > 0.98
    assert found["lip error 27"] < 0.06


@pytest.mark.slow
def test_nothing_is_learnt_from_sound_that_belongs_to_another_face(
    teacher: FaceModel, person: dict[str, list[Clip]], passages: Passages, tmp_path: Path
) -> None:
    """Were there any way from the truth to the made face but the sound, this would not show."""
    (shard,) = passages.shards
    mixed = Passages([{**shard, "audio": shard["audio"].roll(1, 0)}])
    shuffled = trained(mixed, tmp_path, replace(SETTINGS, steps=250))
    clips = person["test"]
    found = {}
    for name, model in (("right", teacher), ("wrong", shuffled)):
        faces = animate(model, clips, seed=0, lookahead_ms=160)
        found[name] = figures([pair(c, f, 30) for c, f in zip(clips, faces, strict=True)], 30)
    assert found["right"]["jaw r"] > found["wrong"]["jaw r"] + 0.4
    assert found["right"]["lip error 27"] < 0.8 * found["wrong"]["lip error 27"]


@pytest.mark.slow
def test_a_student_of_half_the_steps_follows_its_teacher(
    teacher: FaceModel, passages: Passages, tmp_path: Path
) -> None:
    with Progress(disable=True) as bar:
        student = distill.halve(teacher, passages, replace(SETTINGS, learning_rate=1e-3), tmp_path / "student", bar)
    assert student.schedule.steps == tuple(range(2, 33, 2))
    value = np.loadtxt(tmp_path / "student" / "losses.csv", delimiter=",", skiprows=1)[:, 1]
    assert value[-10:].mean() < 0.8 * value[:10].mean()
    sound = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.2
    wanted, made = (stream.render(TorchRuntime(model), sound, liveliness=1.0).weights for model in (teacher, student))
    assert np.abs(made - wanted).mean() < 0.01
    assert np.abs(fresh_face(sound) - wanted).mean() > 0.03


def fresh_face(sound: np.ndarray) -> np.ndarray:
    return stream.render(TorchRuntime(fresh_model()), sound, liveliness=1.0).weights
