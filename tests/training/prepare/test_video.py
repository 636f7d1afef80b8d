"""`prepare video`: from a folder of videos to a dataset."""

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from protocols.blendshapes import INDEX, remap
from protocols.errors import FacewireError
from training.bars import progress
from training.cli import app
from training.datasets import dataset
from training.datasets.dataset import Found, Skipped
from training.prepare import face_model, video
from training.prepare.face_points import INNER_LIPS

pytest.importorskip("av", reason="needs PyAV: pip install '.[video]'")
pytest.importorskip("mediapipe", reason="needs MediaPipe: pip install '.[video]'")
from tests.training.films import write_film

SHARED = Path(__file__).parents[4] / "shared" / "data"
KIT = SHARED / "ict_facekit" / "ict_facekit.tar.xz"
TASK = SHARED / "mediapipe" / "face_landmarker.task"
VIDEOS = SHARED / "grid_s1_video"
ASPECT = 16 / 15
"""GRID's pixels, which its files call square."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (KIT.exists() and TASK.exists() and VIDEOS.exists()),
        reason="needs ICT-FaceKit, face_landmarker.task and grid_s1_video in ../shared/data",
    ),
    pytest.mark.filterwarnings("ignore:.*SymbolDatabase:UserWarning"),
]

LEAST = {
    "eyeBlinkLeft": (0.98, 0.05), "eyeBlinkRight": (0.98, 0.05), "jawOpen": (0.95, 0.03), "mouthClose": (0.93, 0.02),
    "mouthFunnel": (0.92, 0.03), "mouthPucker": (0.88, 0.05), "mouthSmileLeft": (0.9, 0.03),
    "mouthSmileRight": (0.85, 0.03), "mouthStretchLeft": (0.85, 0.02), "mouthStretchRight": (0.85, 0.02),
    "mouthLowerDownLeft": (0.92, 0.06), "mouthLowerDownRight": (0.92, 0.06), "mouthUpperUpLeft": (0.92, 0.05),
    "mouthUpperUpRight": (0.92, 0.05),
}  # fmt: skip
"""Correlation at least, and error at most, of the channels that are seen well."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "face.safetensors"
    done = CliRunner().invoke(app, ["face-model", str(KIT), "--landmarker", str(TASK), "--out", str(path)])
    assert done.exit_code == 0, done.output
    return path


def prepare(out: Path, model: Path, *paths: Path) -> tuple[int, str]:
    options = ["--speaker", "s1", "--licence", "CC BY 4.0", "--pixel-aspect", str(ASPECT)]
    files = ["--face-model", str(model), "--landmarker", str(TASK), "--out", str(out)]
    done = CliRunner().invoke(app, ["prepare", "video", *map(str, paths), *options, *files])
    if isinstance(done.exception, FacewireError):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.slow
def test_curves_agree_with_those_that_others_solved_from_the_same_videos(tmp_path: Path, model: Path) -> None:
    code, report = prepare(tmp_path / "set", model, VIDEOS)
    assert code == 0, report
    found = dataset.read(tmp_path / "set")
    rows = found.manifest.recordings
    assert len(rows) == 14
    assert {row.fps for row in rows} == {25}
    assert all(row.seen == 1 for row in rows)
    assert sum(len(row.closures_s) for row in rows) > 14
    lips = np.subtract(*face_model.read(model).displacements[:, INNER_LIPS, 1].T)
    ours, theirs, gaps, closures = [], [], [], []
    for row in rows:
        arrays = dataset.read_clip(tmp_path / "set", row)
        with np.load(SHARED / "grid_s1" / f"{row.recording}.npz") as npz:
            theirs.append(remap(npz["bs"], npz["names"].tolist()))
            captured = remap(npz["captured"][None].astype(float), npz["names"].tolist())[0] > 0
            gap = npz["lip_gap"]
        ours.append(np.asarray(arrays.curves))
        gaps.append((np.asarray(video_gap(tmp_path / "set", row.file)), gap))
        np.testing.assert_array_equal(row.weights() > 0, captured)
        for onset_s in row.closures_s:
            around = slice(max(0, int(onset_s * 25) - 3), int(onset_s * 25) + 4)
            closures.append([(ours[-1] @ lips)[around].min(), gap[around].min()])
    curves, truth = np.concatenate(ours), np.concatenate(theirs)
    print("\n" + report)
    solved_mm, picture_mm = np.mean(closures, axis=0) * 89.2
    print(f"lips at b and p: {solved_mm:.2f} mm above rest, in the picture {picture_mm:.2f}")
    assert solved_mm < 0.7
    missed = []
    for name, index in INDEX.items():
        if truth[:, index].std() < 1e-3:
            continue
        r = float(np.corrcoef(curves[:, index], truth[:, index])[0, 1])
        rms = float(np.sqrt(np.mean((curves[:, index] - truth[:, index]) ** 2)))
        print(
            f"{name:20} r {r:.3f}  rms {rms:.3f}  deviation {curves[:, index].std():.3f} ({truth[:, index].std():.3f})"
        )
        least, error = LEAST.get(name, (0.3, 0.05))
        if r < least or rms > error:
            missed.append(name)
    assert not missed
    mine, measured = (np.concatenate(part) for part in zip(*gaps, strict=True))
    assert np.corrcoef(mine, measured)[0, 1] > 0.998
    assert np.polyfit(measured, mine, 1)[0] == pytest.approx(1, abs=0.05)


def video_gap(folder: Path, file: str) -> np.ndarray:
    from training.datasets.clip_files import read_arrays

    return read_arrays(folder / file)["lip_gap"]


def test_what_cannot_be_used_is_named_and_the_rest_goes_on(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    real = folder / "s1_bbal7s.mpg"
    real.write_bytes((VIDEOS / real.name).read_bytes())
    write_film(folder / "faceless.mkv", [i / 25 for i in range(30)])
    write_film(folder / "silent.mkv", [i / 25 for i in range(30)], tone=False)
    (folder / "text.mp4").write_text("not a video", encoding="utf-8")
    code, report = prepare(tmp_path / "set", model, folder)
    assert code == 1
    assert [row.recording for row in dataset.read(tmp_path / "set").manifest.recordings] == ["s1_bbal7s"]
    for name, reason in (("faceless.mkv", "no face"), ("silent.mkv", "no sound"), ("text.mp4", "not a video")):
        line = next(line for line in report.splitlines() if name in line)
        assert reason in line


def test_landmarks_are_found_once(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = VIDEOS / "s1_bbal7s.mpg"
    with progress() as bar:
        first = video.track([film], TASK, tmp_path, ASPECT, bar)
        monkeypatch.setattr("training.prepare.landmarks._landmarker", None)
        again = video.track([film], TASK, tmp_path, ASPECT, bar)
    (one,), (other,) = (
        list(video.recordings(each, face_model.read(model), "s1", "CC BY 4.0", lambda *_: False))
        for each in (first, again)
    )
    assert isinstance(one, Found)
    assert isinstance(other, Found)
    np.testing.assert_array_equal(one.curves, other.curves)
    assert one.curves.shape == (75, 52)
    assert one.samples.dtype == np.float32
    assert list(video.recordings(again, face_model.read(model), "s1", "", lambda *_: True)) == []


def test_a_video_without_a_face_is_skipped_and_not_broken(tmp_path: Path) -> None:
    film = write_film(tmp_path / "faceless.mkv", [i / 25 for i in range(12)])
    with progress() as bar:
        (found,) = video.track([film], TASK, tmp_path, None, bar)
    assert isinstance(found, Skipped)
    assert not found.broken
    assert "found in 0 of 12 frames" in found.reason


def test_sound_begins_with_the_first_frame() -> None:
    samples = np.arange(32_000, dtype=np.float32)
    assert video._from(samples, 0.5)[0] == 8000
    earlier = video._from(samples, -0.5)
    assert not earlier[:8000].any()
    assert earlier[8001] == 1


def test_folders_without_videos_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no videos"):
        video.listed([tmp_path])
    with pytest.raises(FacewireError, match="no such file"):
        video.listed([tmp_path / "none.mp4"])


@pytest.mark.slow
def test_a_sheet_of_frames_beside_the_head_is_drawn(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install '.[train]'")
    from model import ict
    from training.prepare.contact_sheet import SHAPES, _chosen, draw
    from training.prepare.solve import Solved

    film = VIDEOS / "s1_bbal7s.mpg"
    with progress() as bar:
        (found,) = video.track([film], TASK, tmp_path, ASPECT, bar)
    assert isinstance(found, video.Tracked)
    draw([found], face_model.read(model), ict.read(KIT), ASPECT, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    curves = np.full((5, 52), 0.1, np.float32)
    curves[3] = 0
    curves[4, INDEX["mouthPucker"]] = 0.9
    chosen = _chosen([Solved(np.ones((2, 52), np.float32) * 0.2, np.zeros(2)), Solved(curves, np.zeros(5))])
    assert chosen[0] == ("", 1, 3)
    assert chosen[1 + SHAPES.index("mouthPucker")] == ("mouthPucker", 1, 4)
    assert chosen[1] == ("jawOpen", 0, 0)


def test_a_sheet_without_the_kit_and_an_odd_aspect_are_told(tmp_path: Path, model: Path) -> None:
    options = ["--speaker", "s1", "--licence", "x", "--face-model", str(model), "--out", str(tmp_path)]
    for wrong, reason in ((["--contact-sheet", "sheet.png"], "--kit"), (["--pixel-aspect", "0"], "expected about 1")):
        done = CliRunner().invoke(app, ["prepare", "video", str(VIDEOS), *options, *wrong])
        assert isinstance(done.exception, FacewireError)
        assert reason in str(done.exception)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    for command in (["face-model", "fetch"], ["prepare", "video", str(VIDEOS), "--speaker", "x", "--licence", "x"]):
        done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")])
        assert isinstance(done.exception, FacewireError)
        assert "mediapipe: pip install '.[video]'" in str(done.exception)
