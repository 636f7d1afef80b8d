from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocols import blendshapes
from protocols.errors import FacewireError
from tests.training.people import write_person
from training.clips import joined, read_clip, read_clips, resting_face
from training.splits import split_of

JAW = blendshapes.NAMES.index("jawOpen")


def test_curves_are_mapped_by_name_and_read_at_the_sounds_time(tmp_path: Path) -> None:
    write_person(tmp_path, clips=1)
    clip = read_clip(tmp_path / "clip00.npz", "nina", offset_ms=0)
    late = read_clip(tmp_path / "clip00.npz", "nina", offset_ms=40)
    times_s = np.arange(60) / 30
    curves, seen = clip.at(times_s)
    assert curves.shape == (60, 52)
    assert seen.all()
    assert curves[:, JAW].max() > 0.5
    np.testing.assert_allclose(late.at(times_s)[0], clip.at(times_s + 0.04)[0], atol=1e-6)
    np.testing.assert_allclose(clip.at(np.array([1.0, 1.02]))[0][0], clip.curves[25])
    middle = clip.at(np.array([1.02]))[0][0]
    np.testing.assert_allclose(middle, (clip.curves[25] + clip.curves[26]) / 2, atol=1e-5)
    assert clip.confidence[blendshapes.NAMES.index("tongueOut")] == 0
    assert clip.confidence[JAW] == 1


def test_splits_share_no_recording_and_leave_out_unseen_faces(tmp_path: Path) -> None:
    write_person(tmp_path, clips=40)
    names = {split: {c.source.stem for c in read_clips(tmp_path, "nina", 0, split)} for split in ("train", "test")}
    assert names["train"].isdisjoint(names["test"])
    assert all(split_of(name) == "test" for name in names["test"])
    lost = next(iter(names["train"]))
    data = dict(np.load(tmp_path / f"{lost}.npz"))
    np.savez(tmp_path / f"{lost}.npz", **data, ok=np.arange(75) % 5 > 0)
    assert lost not in {c.source.stem for c in read_clips(tmp_path, "nina", 0, "train")}


def test_clips_in_a_row_keep_sound_and_face_together(tmp_path: Path) -> None:
    write_person(tmp_path, clips=3)
    clips = [read_clip(path, "nina", 0) for path in sorted(tmp_path.glob("*.npz"))]
    cut = [replace(clip, samples=clip.samples[: 40_001 + 16 * k]) for k, clip in enumerate(clips)]
    sound, curves = joined(cut, 30)
    assert curves.shape == (-(-len(sound) * 30 // 16_000), 52)
    second = 40_001 / 16_000
    frame = 100
    np.testing.assert_allclose(curves[frame], cut[1].at(np.array([frame / 30 - second]))[0][0], atol=1e-6)
    loud = np.array([np.abs(sound[max(0, f * 16_000 // 30 - 400) :][:800]).mean() for f in range(len(curves))])
    assert np.corrcoef(loud, curves[:, JAW])[0, 1] > 0.8


def test_the_resting_face_is_taken_from_silence(tmp_path: Path) -> None:
    write_person(tmp_path, clips=3)
    clips = [read_clip(path, "nina", 0) for path in sorted(tmp_path.glob("*.npz"))]
    assert resting_face(clips)[JAW] < 0.05
    assert np.mean([clip.curves[:, JAW].mean() for clip in clips]) > 0.1


def test_broken_recordings_are_named(tmp_path: Path) -> None:
    write_person(tmp_path, clips=1)
    data = dict(np.load(tmp_path / "clip00.npz"))
    np.savez(tmp_path / "clip00.npz", **data | {"bs": np.full_like(data["bs"], np.nan)})
    with pytest.raises(FacewireError, match=r"clip00\.npz: curves that are not numbers"):
        read_clip(tmp_path / "clip00.npz", "nina", 0)
    (tmp_path / "clip00.flac").unlink()
    with pytest.raises(FacewireError, match=r"no clip00\.flac"):
        read_clip(tmp_path / "clip00.npz", "nina", 0)
    with pytest.raises(FacewireError, match="no recordings for train"):
        read_clips(tmp_path / "none", "nina", 0, "train")
