"""`facewire-train enroll`: from a recording to a file, and what is refused, in words that help."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from model import checkpoint, identity_file, stream, voices
from model.torch_runtime import TorchRuntime
from model.voices import Projection
from model.windows import SAMPLE_RATE_HZ
from protocols import takes as livelink
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from tests.training.enroll import performer
from training import cli
from training.enroll import enrol, takes, voice
from training.enroll.one_recording import OneRecording
from training.enroll.parts import Parts
from training.sounds.hearing import hear


def enroll(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, ["enroll", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return performer.write_checkpoint(tmp_path_factory.mktemp("face") / "face.safetensors")


@pytest.mark.slow
def test_a_take_becomes_an_identity_that_plays(face: Path, tmp_path: Path) -> None:
    take = performer.write(tmp_path, "take", performer.sound(32), performer.curves(32, late_s=0.06))
    out = tmp_path / "ids" / "vera.identity.safetensors"
    text = enroll("vera", "--npz", take, "--checkpoint", face, "--out", out)
    assert "| lip error 27 |" in text
    assert out.stat().st_size < 10_000
    assert out.with_suffix(".png").stat().st_size > 10_000
    runtime = TorchRuntime(checkpoint.load(face))
    identity = identity_file.require(identity_file.read(out), out, runtime.fingerprint)
    assert identity.told["offset_ms"] == pytest.approx(60, abs=10)
    assert 20 < identity.told["speech_s"] < 32
    library = runtime.library.enrolled(identity)
    made = stream.render(runtime, performer.sound(2), identity="vera", library=library).weights
    assert np.isfinite(made).all()
    with pytest.raises(FacewireError, match="exists already; remove it"):
        enroll("vera", "--npz", take, "--checkpoint", face, "--out", out)


@pytest.mark.slow
def test_an_iphones_take_is_calibrated_and_may_have_a_sound_of_its_own(face: Path, tmp_path: Path) -> None:
    curves = 0.2 + 0.8 * performer.curves(32)
    livelink.write(tmp_path / "take.csv", livelink.Take(curves, Fraction(performer.FPS)))
    soundfile.write(tmp_path / "another.wav", performer.sound(32), SAMPLE_RATE_HZ)
    found = takes.livelink(tmp_path / "take.csv", tmp_path / "another.wav", "vera")
    assert np.median(found.curves[:60, performer.JAW]) < 0.01
    out = tmp_path / "vera.identity.safetensors"
    enroll(
        "vera", "--livelink", tmp_path / "take.csv", "--audio", tmp_path / "another.wav", "--checkpoint", face,
        "--out", out,
    )  # fmt: skip
    told = identity_file.read(out).told
    assert told["source"] == "livelink"
    assert told["take"] == ["--livelink", "take.csv", "--audio", "another.wav"]


def test_a_voice_alone_is_said_to_be_a_guess(face: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "voice.wav", performer.sound(30), SAMPLE_RATE_HZ)
    out = tmp_path / "vera.identity.safetensors"
    text = enroll("vera", "--audio", tmp_path / "voice.wav", "--checkpoint", face, "--out", out)
    assert "only a guess" in text
    assert "% alma" in text or "% bruno" in text
    assert identity_file.read(out).told["source"] == "audio"


def refused(tmp_path: Path, checkpoint: Path, sound: np.ndarray, face: np.ndarray, **others: np.ndarray) -> str:
    """What is said of a recording, of which no file is left."""
    take = performer.write(tmp_path, "take", sound, face, **others)
    with pytest.raises(FacewireError) as error:
        enroll("vera", "--npz", take, "--checkpoint", checkpoint, "--out", tmp_path / "vera.identity.safetensors")
    assert not list(tmp_path.glob("*.identity.*"))
    return str(error.value)


def test_what_is_too_short_is_refused_before_anybody_listens(
    tmp_path: Path, face: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrol, "hear", None)
    text = refused(tmp_path, face, performer.sound(12), performer.curves(12))
    assert "s of speech, at least 12 s" in text
    assert "record one or two minutes" in text


def test_twelve_seconds_of_speech_are_enough(tmp_path: Path, face: Path) -> None:
    take, out = performer.write(tmp_path, "take", performer.sound(18), performer.curves(18)), tmp_path / "vera"
    enroll("vera", "--npz", take, "--checkpoint", face, "--out", out.with_suffix(identity_file.SUFFIX))
    assert identity_file.read(out.with_suffix(identity_file.SUFFIX)).told["speech_s"] < 16


def test_silence_is_refused(tmp_path: Path, face: Path) -> None:
    text = refused(tmp_path, face, performer.sound(30) * np.float32(1e-4), performer.curves(30))
    assert "silent: its loudest" in text


def test_curves_of_another_sound_are_refused(tmp_path: Path, face: Path) -> None:
    curves = performer.curves(30)
    curves[:, performer.JAW] = np.random.default_rng(1).uniform(0, 0.6, len(curves))
    text = refused(tmp_path, face, performer.sound(30), curves)
    assert "do not follow its sound" in text
    assert "0.3 is needed" in text


def test_a_lag_beyond_what_is_corrected_is_refused(tmp_path: Path, face: Path) -> None:
    text = refused(tmp_path, face, performer.sound(30), performer.curves(30, late_s=1.5))
    assert "do not follow its sound" in text or "away from its sound" in text


def test_a_face_that_is_hardly_seen_is_refused(tmp_path: Path, face: Path) -> None:
    curves = performer.curves(30)
    text = refused(tmp_path, face, performer.sound(30), curves, ok=np.arange(len(curves)) % 5 > 0)
    assert "a face was found in only 80%" in text
    assert "the face in view" in text


def test_two_speakers_are_refused(tmp_path: Path) -> None:
    model = tiny_model()
    bright, dull = performer.sound(30), performer.sound(30, seed=3, smooth=24)
    pooled = []
    for sound in (bright, dull):
        heard = hear(OneRecording(model), sound)
        pooled.append(voices.pooled(heard.voice))
    assert model.voice
    model.voice.mean.copy_(torch.from_numpy((pooled[0] + pooled[1]) / 2))
    model.voice.matrix.zero_()
    model.voice.matrix[0] = torch.from_numpy(pooled[1] - pooled[0])
    checkpoint.save(model, tmp_path / "face.safetensors", {})
    both = np.concatenate([bright[: len(bright) // 2], dull[len(dull) // 2 :]])
    soundfile.write(tmp_path / "both.wav", both, SAMPLE_RATE_HZ)
    options = ("--checkpoint", tmp_path / "face.safetensors", "--out", tmp_path / "vera.identity.safetensors")
    with pytest.raises(FacewireError, match="two people seem to speak"):
        enroll("vera", "--audio", tmp_path / "both.wav", *options)
    soundfile.write(tmp_path / "one.wav", bright, SAMPLE_RATE_HZ)
    enroll("vera", "--audio", tmp_path / "one.wav", *options)


ALONE = Projection(*(np.zeros(shape, np.float32) for shape in (8, 8, (4, 8), (0, 4))))
"""Knows no others."""


def test_one_odd_stretch_is_no_second_speaker() -> None:
    rng = np.random.default_rng(0)
    one = np.array([1, 0, 0, 0]) + rng.normal(0, 0.1, (10, 4))
    other = np.array([0, 1, 0, 0]) + rng.normal(0, 0.1, (5, 4))
    assert voice.likeness_of_halves(_unit(one), ALONE) > 0.9
    assert voice.likeness_of_halves(_unit(np.concatenate([one, other[:1]])), ALONE) > 0.9
    assert voice.likeness_of_halves(_unit(np.concatenate([one, other])), ALONE) < 0.3


def _unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["auto", "--audio", "a.wav"], "identity name 'auto'"),
        (["../vera", "--audio", "a.wav"], "identity name"),
        (["vera"], "give one recording"),
        (["vera", "--npz", "a.npz", "--livelink", "a.csv"], "give one recording"),
        (["vera", "--video", "a.mp4", "--audio", "a.wav"], "leave --audio out"),
        (["vera", "--audio", "a.wav", "--out", "vera.safetensors"], "expected a name that ends in"),
        (["alma", "--audio", "a.wav"], "the checkpoint has an identity of that name"),
        (["vera", "--npz", "none.npz"], "none.npz: no such file"),
        (["vera", "--livelink", "none.csv"], "none.csv: no such file"),
        (["vera", "--audio", "none.wav"], "none.wav: no such sound file"),
    ],
)
def test_mistakes_are_told(face: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    out = [] if "--out" in arguments else ["--out", tmp_path / "vera.identity.safetensors"]
    with pytest.raises(FacewireError, match=words):
        enroll(*arguments, "--checkpoint", face, *out)


def test_every_fifth_stretch_is_held_out() -> None:
    parts = Parts(frames=3600, fps=30)
    assert [(each.start, each.stop) for each in parts.stretches()] == [
        (720, 900), (1620, 1800), (2520, 2700), (3420, 3600),
    ]  # fmt: skip
    assert parts.held.mean() == pytest.approx(0.2)
    for begin in parts.begins(75):
        assert not parts.held[begin : begin + 75].any()
    short = Parts(frames=600, fps=30)
    assert short.held.sum() == 120
