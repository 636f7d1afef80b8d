from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.progress import Progress
from typer.testing import CliRunner

from model import checkpoint, stream
from model.audio import read_audio
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from training.cli import app
from training.judge.not_speech import keyboard
from training.sounds.augment import at_level
from training.sounds.recordings import Recordings, recordings_of
from training.speakers.speech import WIDTH, teach_speech
from training.speakers.teach import layers_of, listening

DEMO = Path(__file__).parents[3] / "daemon" / "sound" / "demo.flac"
LIPS = list(blendshapes.LIPS_27)
OTHERS = np.setdiff1d(np.arange(52), LIPS)


def voice(seed: int, seconds: int = 4) -> Samples:
    """Syllables of a buzz at somebody's pitch."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    pitch_hz = rng.uniform(100, 220)
    buzz = sum(np.sin(2 * np.pi * pitch_hz * k * times_s) / k for k in range(1, 20))
    return np.asarray(0.1 * buzz * np.clip(np.sin(2 * np.pi * 3 * times_s), 0, 1), np.float32)


def wind(seed: int, seconds: int = 4) -> Samples:
    rng = np.random.default_rng(seed)
    times_s = np.arange(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    gusts = 1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * times_s)
    return np.asarray(0.1 * gusts * rng.standard_normal(len(times_s)), np.float32)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, make in (("voices", voice), ("winds", wind)):
        folder = tmp_path_factory.mktemp(name)
        for seed in range(6):
            soundfile.write(folder / f"{seed}.flac", make(seed), SAMPLE_RATE_HZ)
        found[name] = folder
    return found


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.speakers.speech.PIECES", 30)
    monkeypatch.setattr("training.speakers.speech.PIECE_S", 3)
    monkeypatch.setattr("training.speakers.speech.STEPS", 300)


def untaught(model: FaceModel | None = None) -> FaceModel:
    model = model or tiny_model()
    config = model.config.model_copy(update={"speech_width": 0})
    plain = FaceModel(config, model.encoder)
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("speech.")})
    return plain.eval().requires_grad_(False)


def taught(folders: dict[str, Path], seed: int = 0, model: FaceModel | None = None) -> FaceModel:
    sets: list[list[Recordings]] = [[recordings_of(folders[name], "CC0")] for name in ("voices", "winds")]
    with Progress(disable=True) as bar:
        return teach_speech(untaught(model), *sets, seed=seed, bar=bar)


def motion(model: FaceModel, sound: Samples) -> float:
    face = stream.render(TorchRuntime(model), sound, identity=model.identities.names[0]).weights[60:]
    return float(np.abs(np.diff(face[:, LIPS], axis=0)).mean())


@pytest.mark.slow
def test_it_tells_the_demos_voice_from_typing(
    tmp_path: Path, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the encoder that ships; it learns from the one half of the demo's speech and is judged by the other."""
    monkeypatch.setattr("training.speakers.speech.PIECES", 60)
    demo = read_audio(DEMO)
    middle = len(demo) // 2
    soundfile.write(tmp_path / "half.flac", demo[:middle], SAMPLE_RATE_HZ)
    shipped = checkpoint.load()
    before, after = untaught(shipped), taught(folders | {"voices": tmp_path}, model=shipped)
    speech, typing = demo[middle:], at_level(keyboard(6 * SAMPLE_RATE_HZ, np.random.default_rng(0)), -30)
    assert motion(after, speech) > 0.98 * motion(before, speech)
    runtime = TorchRuntime(after)
    assert runtime.detector
    spec = after.config.window()
    mean = {}
    for name, sound in (("speech", speech), ("typing", typing)):
        windows = windows_of(spec, sound).sound[None]
        mean[name] = runtime.detector.probability(runtime.features(windows, spec)[0]).mean()
    assert mean["speech"] > 0.5  # its pauses among it
    assert mean["typing"] < 0.25


def test_all_else_of_the_face_stays(folders: dict[str, Path]) -> None:
    before, after = untaught(), taught(folders)
    kept = before.state_dict()
    for name, value in after.state_dict().items():
        if not name.startswith("speech."):
            torch.testing.assert_close(value, kept[name], rtol=0, atol=0)
    faces = [stream.render(TorchRuntime(model), wind(3), identity="bruno").weights for model in (before, after)]
    np.testing.assert_array_equal(faces[0][:, OTHERS], faces[1][:, OTHERS])
    assert TorchRuntime(before).fingerprint == TorchRuntime(after).fingerprint  # whoever is enrolled stays so


def test_lips_rest_where_they_rested_in_silence(folders: dict[str, Path]) -> None:
    silence = np.zeros(3 * SAMPLE_RATE_HZ, np.float32)
    ends = [
        np.mean(
            [stream.render(TorchRuntime(model), silence, identity=name).weights[-1] for name in ("alma", "bruno")], 0
        )
        for model in (untaught(), taught(folders))
    ]
    np.testing.assert_allclose(ends[1][LIPS], ends[0][LIPS], atol=1e-3)


def test_the_same_seed_teaches_the_same(folders: dict[str, Path]) -> None:
    once, again, other = (taught(folders, seed).state_dict()["speech.inner.weight"] for seed in (0, 0, 1))
    torch.testing.assert_close(once, again, rtol=0, atol=0)
    assert not torch.equal(once, other)


def test_what_it_was_taught_stays_when_it_is_taught_voices(folders: dict[str, Path]) -> None:
    after = taught(folders)
    kept = listening(after, layers_of(after)).state_dict()
    for name, value in after.state_dict().items():
        if name.startswith("speech."):
            torch.testing.assert_close(kept[name], value, rtol=0, atol=0)


def test_speech_that_is_silence_teaches_nothing(folders: dict[str, Path], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros(4 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    with pytest.raises(FacewireError, match="loud enough"):
        taught(folders | {"voices": tmp_path})


def test_the_command_says_what_it_was_taught_with(folders: dict[str, Path], tmp_path: Path) -> None:
    checkpoint.save(untaught(), tmp_path / "face.safetensors", {"commit": "abc"})
    given = ["speech", str(tmp_path / "face.safetensors"), "--sounds", f"{folders['winds']}=MIT", "--out"]
    out = tmp_path / "rests.safetensors"
    refused = CliRunner().invoke(app, [*given, str(out)])
    assert refused.exit_code != 0
    assert "no speech to learn from" in str(refused.exception)
    assert not out.exists()
    done = CliRunner().invoke(app, [*given, str(out), "--speech", f"{folders['voices']}=Apache-2.0"])
    assert done.exit_code == 0, done.output
    told = checkpoint.header(out)["provenance"]
    assert told["commit"] == "abc"
    assert told["told from other sounds"] == {
        "speech": {folders["voices"].name: "Apache-2.0"},
        "sounds": {folders["winds"].name: "MIT"},
    }
    assert checkpoint.load(out).config.speech_width == WIDTH
