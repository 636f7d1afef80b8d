"""A dataset is complete or taken up where it was cut; what cannot be taken is named; what was taken is read again."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.progress import Progress
from safetensors.numpy import load_file
from typer.testing import CliRunner

from protocols import blendshapes
from protocols.errors import FacewireError
from tests.training.people import prepared, write_person
from training.cli import app
from training.datasets import dataset
from training.datasets.clip_files import digest, pcm_of
from training.datasets.dataset import Done, Found, Skipped
from training.prepare import importing, npz_folder

LAYOUT = Path(__file__).parents[4] / "shared" / "data" / "beat_layout"


def found(folder: Path, name: str = "a", seconds: float = 2.0, **changed: object) -> Found:
    """A recording whose source is a file of its name."""
    (folder / name).write_text(name, encoding="utf-8")
    rng = np.random.default_rng(len(name))
    frames = int(seconds * 30)
    values: dict[str, object] = {
        "recording": name, "speaker": "nina", "licence": "CC0", "source": folder / name, "fps": 30.0,
        "samples": rng.uniform(-0.5, 0.5, int(seconds * 16_000)).astype(np.float32),
        "curves": rng.uniform(0, 1, (frames, 52)).astype(np.float32),
        "seen": np.ones(frames, bool), "confidence": np.ones(52, np.float32),
    }  # fmt: skip
    return Found(**(values | changed))  # type: ignore[arg-type]


def run(items: Sequence[Found | Skipped], out: Path, made_by: str = "a test") -> importing.Made:
    def importer(done: Done) -> Iterator[Found | Skipped]:
        return (item for item in items if isinstance(item, Skipped) or not done(item.source, *item.beside))

    with Progress(disable=True) as bar:
        return importing.run(importer, len(items), out, made_by, bar)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    confidence = np.linspace(0, 1, 52).astype(np.float32).round(2)
    item = found(
        tmp_path, emotion="fear", lip_gap=np.arange(60, dtype=np.float32), confidence=confidence, closures_s=(0.5,)
    )
    run([item, found(tmp_path, "b", 3.5, speaker="ada", fps=29.97, seen=np.arange(105) > 3)], tmp_path / "set")
    made = dataset.read(tmp_path / "set")
    first, second = made.manifest.recordings
    assert (first.recording, first.emotion, first.frames, first.seconds, first.seen) == ("a", "fear", 60, 2.0, 1)
    assert (second.speaker, second.emotion, second.fps, second.seen) == ("ada", None, 29.97, round(101 / 105, 4))
    assert first.sha256 == digest(tmp_path / "set" / first.file)
    assert first.source_sha256 == digest(tmp_path / "a")
    assert made.speakers == ("nina", "ada")
    clip, other = made.clips("all")
    np.testing.assert_array_equal(clip.curves, item.curves)
    np.testing.assert_allclose(clip.samples, item.samples, atol=2**-16)
    np.testing.assert_allclose(clip.confidence, confidence)
    assert clip.closures_s == (0.5,)
    assert (other.identity, other.fps, other.seen.sum()) == ("ada", 29.97, 101)
    assert (clip.curves.base is not None, type(clip.pcm)) == (True, np.memmap)  # nothing is read before it is used
    np.testing.assert_array_equal(load_file(tmp_path / "set" / first.file)["lip_gap"], np.arange(60))
    assert str(tmp_path) not in (tmp_path / "set" / "manifest.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "set" / "manifest.json").read_text(encoding="utf-8"))["format"] == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_sound_of_16_bits_is_stored_without_loss(values: list[int]) -> None:
    samples = np.array(values, np.float32) / 32768
    np.testing.assert_array_equal(pcm_of(samples), values)


def test_people_are_apart_and_splits_share_no_recording(tmp_path: Path) -> None:
    folders = [prepared(write_person(tmp_path / who, 20), tmp_path / f"{who}-set", who) for who in ("ada", "nina")]
    parts = {split: dataset.people(folders, split) for split in ("train", "test", "all")}
    assert [group[0].identity for group in parts["all"]] == ["ada", "nina"]
    names = {split: {clip.recording for group in groups for clip in group} for split, groups in parts.items()}
    assert names["train"].isdisjoint(names["test"])
    assert names["train"] | names["test"] <= names["all"]
    assert len(parts["all"][0]) == 20


def test_each_reason_not_to_take_a_recording(tmp_path: Path) -> None:
    nan = np.full((60, 52), 0.5, np.float32)
    nan[7, blendshapes.INDEX["jawOpen"]] = np.nan
    made = run(
        [
            found(tmp_path, "good"),
            found(tmp_path, "again", recording="good"),
            found(tmp_path, "nan", curves=nan),
            found(tmp_path, "noise", samples=np.full(32_000, np.inf, np.float32)),
            found(tmp_path, "percent", curves=np.full((60, 52), 40, np.float32)),
            found(tmp_path, "unsure", confidence=np.full(52, np.nan, np.float32)),
            found(tmp_path, "short", 0.9),
            found(tmp_path, "longer", curves=np.zeros((67, 52), np.float32), seen=np.ones(67, bool)),
            found(tmp_path, "fits", curves=np.zeros((65, 52), np.float32), seen=np.ones(65, bool)),
            found(tmp_path, "hidden", seen=np.arange(60) % 5 > 0),
            Skipped(tmp_path / "torn.json", "torn in two", broken=True),
            Skipped(tmp_path / "other.json", "not wanted", broken=False),
        ],
        tmp_path / "set",
    )
    assert [row.recording for row in made.dataset.manifest.recordings] == ["fits", "good"]
    assert made.broken
    lines = made.report.splitlines()
    assert lines[lines.index("broken: 8") + 1 : lines.index("left out: 2")] == [
        "  again: another recording is also named good",
        "  nan: frame 7: jawOpen is not a number",
        "  noise: its sound has values that are not finite",
        "  percent: its curves go from 40.00 to 40.00, must be 0 to 1",
        "  unsure: its shapes' confidence is not 0 to 1",
        "  short: too short: 0.90 s, must be 1 s at least",
        "  longer: its curves last 2.23 s, its sound 2.00 s: do they belong together?",
        "  torn.json: torn in two",
    ]
    assert lines[-2:] == ["  hidden: a face was found in only 80% of its frames", "  other.json: not wanted"]
    assert (tmp_path / "set" / "report.txt").read_text(encoding="utf-8") == made.report


def test_sound_beyond_the_face_is_left_out(tmp_path: Path) -> None:
    run([found(tmp_path, samples=np.ones(34_000, np.float32) / 2)], tmp_path / "set")
    (clip,) = dataset.read(tmp_path / "set").clips("all")
    assert len(clip) == 32_000


def test_nothing_to_take_is_an_error_and_leaves_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match=r"no recording could be used\nbroken: 1\n  x: torn"):
        run([Skipped(tmp_path / "x", "torn", broken=True)], tmp_path / "set")
    with pytest.raises(FacewireError, match=r"no manifest.json there; make a dataset"):
        dataset.read(tmp_path / "set")


def test_a_run_that_was_cut_short_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    folder, out = write_person(tmp_path / "raw", 6), tmp_path / "set"
    paths = sorted(folder.glob("*.npz"))
    read: list[str] = []

    def importer(done: Done, stop_after: int) -> Iterator[Found | Skipped]:
        for item in npz_folder.recordings(paths, "nina", "CC0", done):
            if len(read) == stop_after:
                raise KeyboardInterrupt
            read.append(item.source.stem)
            yield item

    with Progress(disable=True) as bar:
        with pytest.raises(KeyboardInterrupt):
            importing.run(lambda done: importer(done, 4), 6, out, "a test", bar)
        (out / "clips" / "00009.part").write_bytes(b"half a file")
        finished = {path: path.stat().st_mtime_ns for path in out.glob("clips/*.safetensors")}
        assert len(finished) == 4
        with pytest.raises(FacewireError, match="if it was interrupted call it again"):
            dataset.read(out)
        made = importing.run(lambda done: importer(done, 99), 6, out, "a test", bar)
    assert read == [path.stem for path in paths]  # each once
    assert all(path.stat().st_mtime_ns == before for path, before in finished.items())
    whole = prepared(folder, tmp_path / "whole", "nina")
    assert [row.model_dump(exclude={"file", "sha256"}) for row in made.dataset.manifest.recordings] == [
        row.model_dump(exclude={"file", "sha256"}) for row in dataset.read(whole).manifest.recordings
    ]
    assert sorted(path.name for path in (out / "clips").iterdir()) == [f"{n:05}.safetensors" for n in range(6)]


def test_a_source_that_changed_is_read_again_and_one_that_is_gone_is_dropped(tmp_path: Path) -> None:
    folder = write_person(tmp_path / "raw", 3)
    before = dataset.read(prepared(folder, tmp_path / "set", "nina")).manifest.recordings
    (folder / "clip00.npz").unlink()
    (folder / "clip01.align").write_text("23750 29500 bin", encoding="utf-8")  # beside it
    after = dataset.read(prepared(folder, tmp_path / "set", "nina")).manifest.recordings
    assert [row.recording for row in after] == ["clip01", "clip02"]
    assert after[0].closures_s == [0.95]
    assert after[1] == before[2]
    assert {f"clips/{path.name}" for path in (tmp_path / "set" / "clips").iterdir()} == {row.file for row in after}


def test_the_dataset_of_another_command_is_not_touched(tmp_path: Path) -> None:
    run([found(tmp_path)], tmp_path / "set", "prepare beat x")
    before = (tmp_path / "set" / "manifest.json").read_bytes()
    with pytest.raises(
        FacewireError, match=r"holds the output of another command \(prepare beat x\); choose another --out"
    ):
        run([found(tmp_path)], tmp_path / "set", "prepare beat y")
    assert (tmp_path / "set" / "manifest.json").read_bytes() == before


def test_damaged_datasets_are_told(tmp_path: Path) -> None:
    made = run([found(tmp_path), found(tmp_path, "b")], tmp_path / "set").dataset
    first, second = (made.folder / row.file for row in made.manifest.recordings)
    second.write_bytes(second.read_bytes()[:3000])
    with pytest.raises(FacewireError, match=r"00001.safetensors: not a recording that prepare wrote"):
        dataset.read(made.folder).clips("all")
    second.write_bytes(b"")
    with pytest.raises(FacewireError, match=r"00001.safetensors: not a recording that prepare wrote"):
        run([found(tmp_path)], tmp_path / "set")
    second.unlink()
    with pytest.raises(FacewireError, match=r"00001.safetensors: not a recording that prepare wrote"):
        dataset.read(made.folder).clips("all")
    manifest = made.folder / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"frames": 60', '"frames": 61', 1), encoding="utf-8"
    )
    with pytest.raises(FacewireError, match=r"00000.safetensors: not what manifest.json says it is"):
        dataset.read(made.folder).clips("all")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(FacewireError, match=r"not a manifest of format 1: format: "):
        dataset.read(made.folder)
    assert first.exists()


@pytest.mark.skipif(not LAYOUT.is_dir(), reason=f"no recordings in BEAT's layout at {LAYOUT}")
def test_the_command_tells_minutes_splits_and_what_is_broken(tmp_path: Path) -> None:
    for path in LAYOUT.rglob("*.*"):
        (tmp_path / "layout" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "layout" / path.parent.name / path.name).symlink_to(path)
    command = ["prepare", "beat", str(tmp_path / "layout"), "--english"]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "all")])
    assert result.exit_code == 0
    assert "all: 3 recordings, 2.8 minutes\n" in result.output
    assert "  grid: 2 recordings, 2.0 minutes; train 1, validation 1\n" in result.output
    (tmp_path / "layout" / "1" / "1_grid_0_2_2.wav").unlink()
    result = CliRunner().invoke(app, [*command, "--speaker", "grid", "--out", str(tmp_path / "one")])
    assert result.exit_code == 1
    assert "broken: 1\n  1_grid_0_2_2.json: no sound: expected 1_grid_0_2_2.wav beside it\n" in result.output
    (row,) = dataset.read(tmp_path / "one").manifest.recordings
    assert (row.recording, row.emotion, row.fps, len(row.captured)) == ("1_grid_0_1_1", "neutral", 60, 51)
