"""Takes of an iPhone: mapped by name, calibrated, with the sound of a video or of a file."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from protocols import blendshapes, takes
from protocols.errors import FacewireError
from training.datasets.dataset import Found, Skipped
from training.prepare import livelink_takes

JAW = blendshapes.INDEX["jawOpen"]
REST = 0.2
SECONDS = 4


def loud(times_s: np.ndarray) -> np.ndarray:
    """Speech from second 1 to 3."""
    return np.where((times_s > 1) & (times_s < 3), np.sin(np.pi * times_s * 4) ** 2, 0)


def voice() -> np.ndarray:
    times_s = np.arange(SECONDS * 48_000) / 48_000
    return (0.5 * loud(times_s) * np.random.default_rng(0).uniform(-1, 1, len(times_s))).astype(np.float32)


def write(folder: Path, name: str = "MySlate_1_iPhone", fps: int = 60) -> Path:
    """A take of a face whose jaw rests at .2 and opens to 1, and its sound as a wav."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.full((SECONDS * fps, 52), 0.05, np.float32)
    weights[:, JAW] = REST + (1 - REST) * loud(np.arange(len(weights)) / fps)
    takes.write(folder / f"{name}.csv", takes.Take(weights, Fraction(fps)))
    soundfile.write(folder / f"{name}.wav", voice(), 48_000)
    return folder / f"{name}.csv"


def write_video(path: Path, late_s: float = 0.0) -> None:
    """Grey pictures at 30 fps with the voice, whose first sample is heard `late_s` after the first picture."""
    with av.open(path, "w") as container:
        pictures = container.add_stream("mpeg4", rate=30)
        pictures.width = pictures.height = 64
        sound = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for index in range(SECONDS * 30):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
            frame.pts = index
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        heard = (voice()[round(late_s * 48_000) :] * 32767).astype(np.int16)
        block = av.AudioFrame.from_ndarray(heard[None], format="s16", layout="mono")
        block.rate, block.pts, block.time_base = 48_000, round(late_s * 48_000), Fraction(1, 48_000)
        container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def read(folder: Path) -> list[Found | Skipped]:
    paths = livelink_takes.listed(folder)
    return list(livelink_takes.recordings(folder, paths, "ada", "private", lambda *_: False))


def test_rest_is_0_and_1_stays_1(tmp_path: Path) -> None:
    write(tmp_path / "20260102_1")
    (found,) = read(tmp_path)
    assert isinstance(found, Found)
    assert (found.recording, found.speaker, found.fps) == ("20260102_1/MySlate_1_iPhone", "ada", 60)
    frames_s = np.arange(SECONDS * 60) / 60
    np.testing.assert_allclose(found.curves[:, JAW], loud(frames_s), atol=0.01)
    assert found.curves[:, JAW].min() == 0
    assert found.curves[:, JAW].max() == pytest.approx(loud(frames_s).max(), abs=1e-4)
    assert np.delete(found.curves, JAW, 1).max() < 1e-5
    assert found.confidence.sum() == 52
    assert len(found.samples) == SECONDS * 16_000


def test_columns_in_another_order_are_mapped_by_name_and_missing_ones_are_broken(tmp_path: Path) -> None:
    path = write(tmp_path)
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    first, last = rows[0].index("JawOpen"), rows[0].index("TongueOut")
    for row in rows:
        row[first], row[last] = row[last], row[first]
    path.write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    (found,) = read(tmp_path)
    assert isinstance(found, Found)
    np.testing.assert_allclose(found.curves[:, JAW], loud(np.arange(SECONDS * 60) / 60), atol=0.01)

    path.write_text(
        "\n".join(",".join(row[:first] + row[first + 1 :]) for row in rows), encoding="utf-8"
    )  # tongueOut's column now
    (without_tongue,) = read(tmp_path)
    assert isinstance(without_tongue, Found)
    assert without_tongue.confidence[blendshapes.INDEX["tongueOut"]] == 0
    assert without_tongue.confidence.sum() == 51
    path.write_text("\n".join(",".join(row[:last] + row[last + 1 :]) for row in rows), encoding="utf-8")
    (without_jaw,) = read(tmp_path)
    assert without_jaw == Skipped(path, "missing blendshapes: jawOpen", broken=True)


def test_broken_takes_are_named_and_other_tables_are_not_takes(tmp_path: Path) -> None:
    write(tmp_path, "good")
    back = write(tmp_path, "back")
    back.write_text(back.read_text(encoding="utf-8").replace("00:00:02:30.000", "00:00:01:30.000"), encoding="utf-8")
    write(tmp_path, "mute").with_suffix(".wav").unlink()
    torn = write(tmp_path, "torn")
    torn.write_text(torn.read_text(encoding="utf-8")[:20_000], encoding="utf-8")
    nan = write(tmp_path, "nan")
    nan.write_text(nan.read_text(encoding="utf-8").replace("0.050000", "nan", 1), encoding="utf-8")
    other = write(tmp_path, "other")
    other.write_text("frame,time\n1,2\n", encoding="utf-8")
    (tmp_path / "frame_log.csv").write_text(
        "frame,time\n1,2\n", encoding="utf-8"
    )  # nothing to hear beside it: the app's own log
    items = read(tmp_path)
    told = {item.source.stem: item.reason for item in items if isinstance(item, Skipped) and item.broken}
    assert set(told) == {"back", "mute", "torn", "nan", "other"}
    assert len(items) == 6
    assert told["back"] == "time does not advance at frame 150"
    assert told["mute"] == "no sound: expected mute.wav or .flac or .mov or .mp4 beside it"
    assert "columns, the header" in told["torn"]
    assert told["nan"] == "frame 0: eyeBlinkLeft is not a number"
    assert "not a take of Live Link Face" in told["other"]
    for path in tmp_path.glob("*.wav"):
        path.unlink()
    for path in tmp_path.glob("[!f]*.csv"):
        path.unlink()
    with pytest.raises(FacewireError, match="none of its csv files is a take"):
        livelink_takes.listed(tmp_path)


@pytest.mark.parametrize("late_s", [0.0, 0.25])
def test_the_sound_of_a_video_begins_with_its_pictures(tmp_path: Path, late_s: float) -> None:
    path = write(tmp_path)
    path.with_suffix(".wav").unlink()
    write_video(path.with_suffix(".mov"), late_s)
    (found,) = read(tmp_path)
    assert isinstance(found, Found), found
    blocks = np.square(found.samples[: SECONDS * 16_000 // 160 * 160]).reshape(-1, 160).mean(1)
    assert np.flatnonzero(blocks > blocks.max() / 20)[0] / 100 == pytest.approx(1.08, abs=0.06)
    assert found.beside == (path.with_suffix(".mov"),)


def test_a_video_without_the_library_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    path.with_suffix(".wav").unlink()
    write_video(path.with_suffix(".mov"))
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    (told,) = read(tmp_path)
    assert isinstance(told, Skipped)
    assert "pip install" in told.reason
