import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from model.windows import SAMPLE_RATE_HZ
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.training.talkers.speaking import length_s, utterance
from training.cli import app
from training.datasets import dataset
from training.phones import spoken
from training.talkers import animator as animators
from training.talkers import faces
from training.talkers.animator import FPS, Animator
from training.talkers.manner import lively


@pytest.fixture
def folder(tmp_path: Path, learnt: Animator) -> Path:
    """A folder with an animator, and six utterances in `speech`."""
    rng = np.random.default_rng(0)
    (tmp_path / "speech").mkdir()
    for number in range(6):
        said = utterance(rng)
        sound = rng.normal(0, 0.1, int(length_s(said) * SAMPLE_RATE_HZ))
        soundfile.write(tmp_path / "speech" / f"{number:05}.flac", sound, SAMPLE_RATE_HZ)
        spoken.write(tmp_path / "speech" / f"{number:05}.flac", said)
    learnt.save(tmp_path / "animator.safetensors")
    return tmp_path


def animate(folder: Path, *options: str) -> str:
    words = ["talkers", "animate", folder / "animator.safetensors", folder / "speech", "--out", folder / "set"]
    done = CliRunner().invoke(app, [*map(str, words), "--licence", "Apache-2.0", *options], catch_exceptions=False)
    assert done.exit_code in (0, 1)
    return done.output


def test_speech_becomes_a_dataset(folder: Path) -> None:
    assert "6 recordings" in animate(folder)
    made = dataset.read(folder / "set")
    assert made.speakers == ("unknown",)
    row = made.manifest.recordings[2]
    assert row.licence == "Apache-2.0; face learnt from set (CC0)"
    assert row.fps == FPS
    assert "browInnerUp" not in row.captured
    assert row.confidence["jawForward"] == 0.5
    said = spoken.read(folder / "speech" / "00002.flac")
    assert len(row.closures_s) == sum(each.phone in "pbm" for each in said.phones)
    clip = dataset.read_clip(made.folder, row)
    learnt = animators.load(folder / "animator.safetensors")
    face = lively(learnt, [spoken.read(sound) for sound in spoken.recordings(folder / "speech")])
    assert clip.curves == pytest.approx(face(said, row.frames, FPS), abs=1e-6)
    assert clip.curves[:, INDEX["jawOpen"]].max() > 0.05
    assert clip.offset_s == 0


def test_the_same_command_keeps_what_is_there_and_refuses_other_faces(folder: Path) -> None:
    animate(folder)
    before = (folder / "set" / "manifest.json").read_bytes()
    animate(folder)
    assert (folder / "set" / "manifest.json").read_bytes() == before
    with pytest.raises(Exception, match="output of another command"):
        animate(folder, "--plain")


def test_a_broken_recording_is_named_and_the_others_are_made(folder: Path) -> None:
    (folder / "speech" / "00001.flac").write_bytes(b"no sound")
    told = animate(folder, "--speaker", "stranger")
    assert "00001.phones" in told
    made = dataset.read(folder / "set")
    assert len(made.manifest.recordings) == 5
    assert made.speakers == ("stranger",)
    assert json.loads((folder / "set" / "manifest.json").read_text("utf-8"))["made_by"].startswith(
        "facewire-train talkers animate animator.safetensors speech --speaker stranger (animator "
    )


def test_a_licence_for_both() -> None:
    told = {"data": {"anna": {"one": {"licence": "MIT"}}}}
    assert faces.licence_of(told, "CC0") == "CC0; face learnt from one (MIT)"


@pytest.mark.parametrize("told", [{}, {"data": []}, {"data": {"anna": {"one": {}}}}, {"data": {"anna": None}}])
def test_an_animator_without_licences_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(FacewireError, match="licences"):
        faces.licence_of(told, "CC0")
