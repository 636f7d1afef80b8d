"""Performers from one person's dataset to a page: dealt out, trained with and without, one of them enrolled."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.progress import Progress
from typer.testing import CliRunner

from model import checkpoint
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert
from tests.training.people import prepared, write_person
from training import cli, recipe
from training.datasets import dataset
from training.datasets.dataset import Dataset
from training.enroll import enrol, takes
from training.fit import loop
from training.judge import plots
from training.judge.tables import Column, Value
from training.performers import cast, datasets, study
from training.performers.page import write_page
from training.performers.study import ENROLLED, OFF, Found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("performers")
    write_person(root / "raw", clips=80, seconds=2)
    prepared(root / "raw", root / "nina", "nina")
    tiny_hubert().save_pretrained(root / "hubert")
    enough = {"features.passages": 2, "features.quiet": 0.5}  # for a face that moves
    small = recipe.load("smoke").changed({"features.encoder": str(root / "hubert"), "fit.steps": 2, **enough})
    (root / "small.yaml").write_text(yaml.safe_dump(small.model_dump(mode="json")), encoding="utf-8")
    return root


def source(root: Path) -> Dataset:
    return dataset.read(root / "nina")


def test_recordings_are_dealt_out_once_each_in_their_splits(root: Path) -> None:
    hands = datasets.dealt(source(root), 3, 0)
    names = [[row.recording for row in hand] for hand in hands]
    assert sorted(name for hand in names for name in hand) == [row.recording for row in source(root).rows("all")]
    for split in ("train", "test"):
        there = {row.recording for row in source(root).rows(split)}  # type: ignore[arg-type]
        counts = [len(there & set(hand)) for hand in names]
        assert max(counts) - min(counts) <= 1
        assert min(counts) >= 1
    assert names == [[row.recording for row in hand] for hand in datasets.dealt(source(root), 3, 0)]
    assert names != [[row.recording for row in hand] for hand in datasets.dealt(source(root), 3, 1)]
    with pytest.raises(FacewireError, match="3 recordings in the test split are too few for 4 performers"):
        datasets.dealt(source(root), 4, 0)


def test_a_dataset_of_two_people_is_refused(root: Path, tmp_path: Path) -> None:
    rows = source(root).manifest.recordings
    mixed = source(root).manifest.model_copy(
        update={"recordings": [rows[0].model_copy(update={"speaker": "otto"}), *rows[1:]]}
    )
    (tmp_path / "manifest.json").write_text(mixed.model_dump_json(), encoding="utf-8")
    with pytest.raises(FacewireError, match=r"2 people speak in it \(otto, nina\)"):
        datasets.one_person(tmp_path)


def test_performers_are_ordinary_datasets_whose_habit_of_being_late_is_left(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "voiced_as", lambda samples, pitch, formants: samples / 2)
    chosen = cast.cast(3, 0)
    with Progress(disable=True) as bar:
        folders = datasets.write(source(root), chosen, 0, tmp_path, bar)
        stamps = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.safetensors"))]
        datasets.write(source(root), chosen, 0, tmp_path, bar)
        assert stamps == [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.safetensors"))]
        with pytest.raises(FacewireError, match="holds the output of another command"):
            datasets.write(source(root), cast.cast(3, 1), 0, tmp_path, bar)
    plain = {clip.recording: clip for clip in source(root).clips("all")}
    for performer, folder in zip(chosen, folders, strict=True):
        made = dataset.read(folder)
        assert made.speakers == (performer.name,)
        assert "in time with the sound as they are" in (folder / "report.txt").read_text(encoding="utf-8")
        clip = made.clips("train")[0]
        assert clip.offset_s == 0
        original = plain[clip.recording]
        np.testing.assert_allclose(clip.samples, original.samples / 2, atol=2**-15)
        rest = datasets.resting_face(source(root).clips("train"))
        np.testing.assert_allclose(clip.curves, cast.performed(original, rest, performer.habits)[0], atol=1e-6)
        assert clip.confidence.tolist() == original.confidence.tolist()
    take = datasets.take(dataset.read(folders[0]).clips("train"))
    first, second = dataset.read(folders[0]).clips("train")[:2]
    assert (take.identity, take.fps, len(take) / 16_000) == ("performer_1", 25, len(take.curves) / 25)
    np.testing.assert_allclose(take.curves[50:100], second.curves, atol=1e-6)
    np.testing.assert_array_equal(take.pcm[: len(first)], first.pcm)


def performers(root: Path, out: Path) -> str:
    options = ("--performers", 3, "--recipe", root / "small.yaml", "--seeds", 2, "--device", "cpu")
    arguments = ["performers", root / "nina", "--out", out, *options]
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    page = (out / "performers.md").read_text(encoding="utf-8")
    assert page in result.output
    return page


@pytest.mark.slow
def test_the_page_is_made_by_one_command_and_what_is_finished_is_kept(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "TAKE_S", 12)
    monkeypatch.setattr(takes, "LEAST_S", 1.0)
    monkeypatch.setattr(enrol, "steps_for", lambda parts: 1)
    monkeypatch.setattr("training.enroll.learn.steps_for", lambda parts: 1)
    out = tmp_path / "out"
    page = performers(root, out)
    assert page.startswith("# Virtual performers\n\n```\nfacewire-train performers ")
    figures = json.loads((out / "performers.json").read_text(encoding="utf-8"))
    assert set(figures["figures"]) == {"identities", "no-identities", ENROLLED, "nearest", "unknown"}
    assert set(figures["figures"]["identities"]) == {"performer_1", "performer_2", "performer_3"}
    assert set(figures["figures"][ENROLLED]) == {"performer_3"}
    enrolled, trained = (figures["figures"][way]["performer_3"]["lip error 27"] for way in (ENROLLED, "identities"))
    assert figures["enrolled to trained on"]["lip error 27"] == pytest.approx(enrolled["mean"] / trained["mean"])
    assert figures["figures"]["identities"]["performer_1"][OFF]["deviation"] is not None
    assert set(figures["habits recovered"]) == {"performer_1", "performer_2", "performer_3", ENROLLED}
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", page):
        assert (out / picture).stat().st_size > 3_000

    heads = {name: checkpoint.header(out / name / "face.safetensors") for name in ("identities", "without-performer_3")}
    assert heads["identities"]["config"]["identities"] == ["performer_1", "performer_2", "performer_3"]
    assert heads["without-performer_3"]["config"]["identities"] == ["performer_1", "performer_2"]
    assert set(heads["without-performer_3"]["provenance"]["data"]) == {"performer_1", "performer_2"}
    assert heads["identities"]["config"]["steps"] == 8
    nameless = checkpoint.header(out / "no-identities" / "face.safetensors")["provenance"]
    assert (nameless["fit"]["unknown"], nameless["losses"]["contrast"]) == (1, 0)

    def never(*rest: object, **named: object) -> None:
        raise AssertionError("what is finished is kept")

    for place, name in ((loop, "_step"), (enrol, "by_face"), (study, "animate"), (datasets, "voiced_as")):
        monkeypatch.setattr(place, name, never)
    assert performers(root, out) == page


def test_the_page_says_whether_the_enrolled_is_near_enough(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "recovered", lambda *drawn: None)
    asked = study.Study(root / "nina", tmp_path, recipe.load("embedded"), 3, 0, 2)
    people = [one.name for one in asked.cast]
    object.__setattr__(asked, "tested", {name: [] for name in people})

    def column(error: float) -> Column:
        return {name: Value(error, 0.001) for name in ("lip error 27", "LBE 12", OFF)}

    def page(error: float) -> str:
        every, last = dict.fromkeys(people, column(0.1)), {people[-1]: column(error)}
        figures = {"identities": every, "no-identities": dict.fromkeys(people, column(0.2))}
        figures |= {ENROLLED: last, "nearest": last, "unknown": last}
        read = study.habits.planted({one.name: one.habits for one in asked.cast})
        found = Found(figures, people[0], read | {ENROLLED: read[people[-1]]})
        return write_page(asked, found, "facewire-train performers nina").read_text(encoding="utf-8")

    near, far = page(0.109), page(0.112)
    assert "trained on: 1.090, within 10%; LBE 12:" in near
    assert "trained on: 1.120, not within 10%" in far
    assert "| mean | 0.100 ± 0.001 | 0.200 ± 0.001 |" in near
    assert "| amplitude of the jaw | 1.00 | 1.00 | " in near
    assert "on\naverage 1.00;" in near
