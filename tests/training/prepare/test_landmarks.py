"""Videos are decoded on their own clock, and landmarks brought to a constant rate."""

import sys
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import FacewireError
from training.prepare.decode import VideoError, frame_count, frames, sound
from training.prepare.landmarks import Landmarks, landmarks, steady

pytest.importorskip("av", reason="needs PyAV: pip install '.[video]'")
from tests.training.films import write_film


def test_frames_come_with_their_times_and_enlarged(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.1, 0.12, 0.3]
    found = list(frames(write_film(tmp_path / "film.mkv", times)))
    np.testing.assert_allclose([frame.time_s for frame in found], times, atol=1e-3)
    assert found[0].rgb.shape == (192, 288, 3)
    assert [round(float(frame.rgb.mean()) / 40) for frame in found] == [0, 1, 2, 3, 4]
    assert found[0].pixel_aspect == 1


def test_a_large_picture_is_reduced_and_a_turned_one_stands_upright(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    from training.prepare.decode import _upright

    class Turned:
        """What a telephone held upright records."""

        def __init__(self) -> None:
            picture = np.zeros((2160, 3840, 3), np.uint8)
            picture[:, :1920] = 255  # the left half is bright
            self.picture = av.VideoFrame.from_ndarray(picture, format="rgb24")
            self.width, self.height, self.time, self.rotation = 3840, 2160, 0.5, 90
            self.reformat = self.picture.reformat

    frame = _upright(Turned(), 2.0)
    assert frame.rgb.shape == (1920, 1080, 3)
    assert frame.rgb[1800].mean() > 250 > 5 > frame.rgb[100].mean()  # turned against the clock: left is below
    assert frame.pixel_aspect == 0.5


def test_sound_is_found_with_when_it_begins(tmp_path: Path) -> None:
    samples, begin_s = sound(write_film(tmp_path / "film.mkv", [0, 0.1, 0.2], sound_from_s=0.25))
    assert begin_s == pytest.approx(0.25, abs=0.002)
    assert len(samples) == pytest.approx(16_000, abs=10)
    assert np.abs(samples).max() == pytest.approx(8000 / 32768, abs=0.01)  # the mean of both channels


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video at all", encoding="utf-8")
    for call in (frame_count, sound, lambda path: list(frames(path))):
        with pytest.raises(VideoError, match=r"text.mp4: not a video"):
            call(tmp_path / "text.mp4")
    with pytest.raises(VideoError, match="no sound"):
        sound(write_film(tmp_path / "silent.mkv", [0, 0.1], tone=False))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_film(tmp_path / "film.mkv", [0, 0.1])
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(FacewireError, match=r"pip install '\.\[video\]'"):
        landmarks(film, tmp_path / "x.task", tmp_path / "x.safetensors", None, lambda: None)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FacewireError, match=r"pip install '\.\[video\]'"):
        sound(film)


def moving(times_s: list[float], unseen: tuple[int, ...] = ()) -> Landmarks:
    """Points that move one height per second."""
    points = np.repeat(np.array(times_s)[:, None], 478 * 3, axis=1).reshape(-1, 478, 3).astype(np.float32)
    points[list(unseen)] = np.nan
    return Landmarks(np.array(times_s), points, np.zeros((len(times_s), 52), np.float32))


def test_a_constant_rate_is_left_alone() -> None:
    found = moving([0.2 + i / 25 for i in range(50)])
    at, seen, fps = steady(found)
    assert fps == 25
    assert seen.all()
    np.testing.assert_array_equal(at.points, found.points)


def test_a_variable_rate_is_interpolated_in_time() -> None:
    rng = np.random.default_rng(0)
    times = [1.0, *np.sort(rng.uniform(1, 5, 119)).tolist(), 5.0]
    at, seen, fps = steady(moving(times))
    assert fps == pytest.approx(30)
    np.testing.assert_allclose(np.diff(at.times_s), 1 / 30, atol=1e-9)
    assert at.times_s[0] == 1
    # Neighbours are blended by their times, not by their numbers.
    np.testing.assert_allclose(at.points[:, 0, 0], at.times_s, atol=2.1e-3)
    assert seen.mean() > 0.9


def test_missing_faces_are_filled_and_masked() -> None:
    found = moving([i / 25 for i in range(50)], unseen=(0, 20, 21, 22))
    at, seen, _ = steady(found)
    assert np.flatnonzero(~seen).tolist() == [0, 20, 21, 22]
    assert np.isfinite(at.points).all()
    np.testing.assert_allclose(at.points[21, 0, 0], 21 / 25, atol=0.01)


def test_a_long_pause_between_frames_is_not_seen() -> None:
    at, seen, fps = steady(moving([i / 20 for i in range(40)] + [3 + i / 20 for i in range(40)]))
    assert not seen[(at.times_s > 2.0) & (at.times_s < 2.95)].any()
    assert seen[at.times_s < 1.9].all()
    assert fps == 20
