import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from model import checkpoint
from protocols.blendshapes import COUNT
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from tests.training.people import person
from tests.training.strangers.sounds import noise, said_at_random, shown, write
from training import cli
from training.datasets import dataset
from training.datasets.clips import Clip
from training.phones.spoken import Spoken
from training.strangers import run as run_module
from training.strangers import said
from training.strangers.measure import CEILING, LOUDNESS, MEAN_FACE, REAL
from training.strangers.run import Sets, run
from training.strangers.said import Said, Word, frames_of, real_face, sound_only

RUNNER = CliRunner()


def with_face(each: Said, recording: str) -> Said:
    """The recording with its true face, whose words are held out or not, in turn."""
    curves = shown(each.spoken, frames_of(each.clip), 30)
    clip = replace(
        each.clip, recording=recording, curves=curves, seen=np.ones(len(curves), bool), confidence=np.ones(COUNT)
    )
    phones = each.spoken.phones
    words = [Word("white" if place % 2 else "bin", phone.begin, phone.end) for place, phone in enumerate(phones)]
    return Said(clip, each.spoken, tuple(words))


def test_the_truth_has_full_marks_in_every_set_and_a_still_face_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {name: with_face(said_at_random(seed), name) for seed, name in enumerate("abcdefgh")}
    monkeypatch.setattr(run_module, "split_of", lambda name: "train" if name in "abcd" else "test")
    monkeypatch.setattr(said, "grid_set", lambda clips: [people[clip.recording] for clip in clips])

    class Grid:
        folder = tmp_path
        manifest = type("Manifest", (), {"name": "grid"})

        def clips(self, name: str) -> list[Clip]:
            assert name == "all"
            return [people[each].clip for each in "abcdef"]

    spoken = [people["g"], people["h"]]
    faces = {
        "true": lambda clips: [real_face(clip) for clip in clips],
        "still": lambda clips: [np.full((frames_of(clip), COUNT), 0.2, np.float32) for clip in clips],
    }
    sets = Sets(curves=[people["g"].clip, people["h"].clip], reader=Grid(), spoken={"others": spoken})  # type: ignore[arg-type]
    told: list[str] = []
    found = run(faces, sets, tmp_path / "out", told.append, shown)
    assert found == json.loads((tmp_path / "out" / "figures.json").read_text("utf-8"))
    assert list(found) == ["true curves", "grid: unseen words", "true curves: unseen words", "others: phones"]
    assert "".join(f"{text}\n" for text in told)[:-1] == (tmp_path / "out" / "figures.md").read_text("utf-8")
    assert list(found["true curves"]) == ["true", "still", MEAN_FACE, LOUDNESS]
    assert found["true curves"]["true"]["lip error 27"] == 0 == found["true curves"]["still"]["r jawOpen"]
    assert list(found["others: phones"]) == ["true", "still", LOUDNESS, CEILING, REAL]
    for name in list(found)[1:]:
        true, still = found[name]["true"], found[name]["still"]
        assert true["readability"] == found[name][REAL]["readability"] == found[name][CEILING]["readability"] > 0.5
        assert true["share of the ceiling"] == 1
        assert true["closure recall"] == 1 > still["closure depth"] == 0
        assert still["readability"] <= still["readability by chance"]  # 0 if what it shows is never said
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "curves.png", "visemes-true-curves.png", "sizes-true-curves.png", "visemes-others.png", "sizes-others.png",
        "visemes-grid.png", "sizes-grid.png",
    }  # fmt: skip


def test_a_set_in_which_nobody_speaks_is_named_and_the_others_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Said(sound_only("silent", noise(0, 16_000)), Spoken("nobody", "en", "", ()))
    monkeypatch.setattr(said, "ravdess_neutral", lambda files, per_actor: [])  # the aligner found no sentence
    faces = {"still": lambda clips: [np.full((frames_of(clip), COUNT), 0.2, np.float32) for clip in clips]}
    sets = Sets(
        spoken={"silence": [silent], "speech": [said_at_random(0)]},
        ravdess={said.Ravdess(1, 1, 1, 1, 1): tmp_path / "03-01-01-01-01-01-01.wav"},
    )
    found = run(faces, sets, tmp_path / "out")
    assert list(found) == ["silence: phones", "speech: phones", "RAVDESS: phones", "RAVDESS: strong and normal"]
    assert [name for name, table in found.items() if table] == ["speech: phones"]
    report = (tmp_path / "out" / "figures.md").read_text("utf-8")
    assert report.count("No recordings to judge by.") == 3
    assert "### RAVDESS: strong and normal\n\nNo recordings" in report
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["sizes-speech.png"]


@pytest.mark.slow
def test_the_command_judges_a_checkpoint_as_it_streams(tmp_path: Path) -> None:
    checkpoint.save(tiny_model(), tmp_path / "tiny.safetensors", {})
    person(tmp_path / "anna", "anna", "train", clips=4)
    write(tmp_path / "spoken", said_at_random(0))
    for name in ("ba", "ti", "mu", "do"):
        path = tmp_path / "kl" / "es" / "syllab" / f"{name}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, noise(1, 16_000), 16_000)
    arguments = [
        "strangers", f"{tmp_path}/tiny.safetensors", "--curves", f"{tmp_path}/anna", "--spoken", f"{tmp_path}/spoken",
        "--syllables", f"{tmp_path}/kl", "--out", f"{tmp_path}/out",
    ]  # fmt: skip
    done = RUNNER.invoke(cli.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads((tmp_path / "out" / "figures.json").read_text("utf-8"))
    assert list(found) == ["true curves", "spoken: phones", "syllables"]
    assert found["true curves"]["tiny"]["size jawOpen"] > 0
    assert found["spoken: phones"]["tiny"]["closures"] > 0
    assert found["syllables"]["tiny"]["syllables"] == 4
    assert "### syllables" in done.stdout


def test_without_a_set_there_is_nothing_to_judge_by(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="give --curves"):
        RUNNER.invoke(cli.app, ["strangers", "none.safetensors", "--out", str(tmp_path)], catch_exceptions=False)


@pytest.mark.slow
def test_a_reader_needs_recordings_of_grid(tmp_path: Path) -> None:
    person(tmp_path / "anna", "anna", "train", clips=12)
    with pytest.raises(FacewireError, match="names of GRID"):
        run({}, Sets(reader=dataset.read(tmp_path / "anna" / "set")), tmp_path / "out")
