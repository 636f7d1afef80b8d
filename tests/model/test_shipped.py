"""The shipped checkpoint: complete, of known provenance, moved by speech, at rest in noise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model import checkpoint, stream
from model.audio import read_audio
from model.encoder import fingerprint
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windows import Samples
from protocols import blendshapes
from training.judge.not_speech import fan, keyboard, music
from training.sounds.augment import at_level

Maker = Callable[[int, np.random.Generator], Samples]
DEMO = Path(__file__).parents[2] / "daemon" / "sound" / "demo.flac"
JAW = blendshapes.NAMES.index("jawOpen")
LIPS = list(blendshapes.LIPS_27)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return checkpoint.load()


def test_it_is_whole_and_says_where_it_comes_from(model: FaceModel) -> None:
    assert checkpoint.DEFAULT.stat().st_size < 16e6
    assert model.config.steps == 8
    assert model.config.encoder.sha256 == fingerprint(model.encoder.hubert, model.encoder.head)
    told = checkpoint.header(checkpoint.DEFAULT)["provenance"]
    assert set(told["data"]) == set(model.config.identities)
    assert {"teachers", "licences"} <= set(told["encoder"])
    assert {"fit", "distill"} <= set(told)


def test_speech_moves_the_mouth_and_nothing_trembles(model: FaceModel) -> None:
    face = stream.render(TorchRuntime(model), read_audio(DEMO)).weights
    jaw = face[:, JAW]
    assert jaw.std() > 0.03
    assert jaw.max() > 0.15
    assert np.abs(np.diff(face[:, LIPS], 2, axis=0)).mean() < 0.03


@pytest.mark.parametrize("dbfs", [None, -60, -40])
def test_silence_and_noise_leave_the_mouth_at_rest(model: FaceModel, dbfs: int | None) -> None:
    drawn = np.random.default_rng(1).standard_normal(5 * 16_000) * (0 if dbfs is None else 10 ** (dbfs / 20))
    face = stream.render(TorchRuntime(model), drawn.astype(np.float32)).weights[15:]
    assert face[:, JAW].mean() < 0.03
    assert face[:, JAW].std() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("sound", "most"), [(fan, 0.03), (music, 0.03), (keyboard, 0.04)])
def test_what_is_no_speech_leaves_the_mouth_at_rest(model: FaceModel, sound: Maker, most: float) -> None:
    def motion(sound: Samples) -> float:
        face = stream.render(TorchRuntime(model), sound, identity="s1").weights[60:, LIPS]
        return float(np.abs(np.diff(face, axis=0)).mean())

    assert motion(at_level(sound(6 * 16_000, np.random.default_rng(5)), -20)) < most * motion(read_audio(DEMO))


@pytest.mark.slow
def test_each_identity_has_its_own_habits_whoever_speaks(model: FaceModel) -> None:
    """`shirley` opens her jaw twice as far as `s1`, and hardly shows her upper teeth, as their recordings do."""
    runtime, sound = TorchRuntime(model), read_audio(DEMO)
    s1, shirley = (stream.render(runtime, sound, identity=name).weights.std(0) for name in ("s1", "shirley"))
    upper = list(map(blendshapes.NAMES.index, ("mouthUpperUpLeft", "mouthUpperUpRight")))
    assert shirley[JAW] > 1.4 * s1[JAW]
    assert shirley[upper].mean() < 0.6 * s1[upper].mean()


@pytest.mark.slow
@pytest.mark.parametrize("gain_db", [-40, -20])
def test_a_quiet_microphone_makes_the_same_mouth(model: FaceModel, gain_db: float) -> None:
    sound = read_audio(DEMO)
    loud, quiet = (
        stream.render(TorchRuntime(model), sound * np.float32(10 ** (db / 20))).weights for db in (0, gain_db)
    )
    assert np.abs(loud - quiet)[:, LIPS].mean() < 0.05 * loud[:, LIPS].std()


@pytest.mark.slow
def test_every_take_closes_the_same_and_blinks_otherwise(model: FaceModel) -> None:
    sound = read_audio(DEMO)
    one, two = (stream.render(TorchRuntime(model), sound, seed=seed).weights for seed in (1, 2))
    np.testing.assert_allclose(one[:, LIPS], two[:, LIPS], atol=1e-6)
    blinks = blendshapes.NAMES.index("eyeBlinkLeft")
    assert np.abs(one[:, blinks] - two[:, blinks]).mean() > 0.02
