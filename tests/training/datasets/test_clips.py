from dataclasses import replace
from pathlib import Path

import numpy as np

from protocols import blendshapes
from tests.training.people import write_person
from training.datasets.clips import Clip, beginning, joined, resting_face
from training.prepare import npz_folder

JAW = blendshapes.NAMES.index("jawOpen")


def clips_of(folder: Path, count: int, offset_ms: float = 0) -> list[Clip]:
    write_person(folder, clips=count)
    return [npz_folder.read(path, "nina", "CC0").clip(offset_ms) for path in sorted(folder.glob("*.npz"))]


def test_curves_are_mapped_by_name_and_read_at_the_sounds_time(tmp_path: Path) -> None:
    (clip,), (late,) = clips_of(tmp_path, 1), clips_of(tmp_path, 1, offset_ms=40)
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


def test_clips_in_a_row_keep_sound_and_face_together(tmp_path: Path) -> None:
    clips = clips_of(tmp_path, 3)
    cut = [replace(clip, pcm=clip.pcm[: 40_001 + 16 * k]) for k, clip in enumerate(clips)]
    sound, curves = joined(cut, 30)
    assert curves.shape == (-(-len(sound) * 30 // 16_000), 52)
    second = 40_001 / 16_000
    frame = 100
    np.testing.assert_allclose(curves[frame], cut[1].at(np.array([frame / 30 - second]))[0][0], atol=1e-6)
    loud = np.array([np.abs(sound[max(0, f * 16_000 // 30 - 400) :][:800]).mean() for f in range(len(curves))])
    assert np.corrcoef(loud, curves[:, JAW])[0, 1] > 0.8


def test_the_resting_face_is_taken_from_silence(tmp_path: Path) -> None:
    clips = clips_of(tmp_path, 3)
    assert resting_face(clips)[JAW] < 0.05
    assert np.mean([clip.curves[:, JAW].mean() for clip in clips]) > 0.1


def test_a_part_of_the_sound_is_that_part(tmp_path: Path) -> None:
    (clip,) = clips_of(tmp_path, 1)
    np.testing.assert_array_equal(clip.sound(100, 300), clip.samples[100:300])
    assert len(clip) == len(clip.samples) == 48_000


def test_a_quieter_clip_keeps_all_its_bits(tmp_path: Path) -> None:
    (clip,) = clips_of(tmp_path, 1)
    quiet = replace(clip, gain_db=-40)
    np.testing.assert_allclose(quiet.samples, clip.samples / 100, rtol=1e-6)
    assert len(np.unique(quiet.samples)) == len(np.unique(clip.samples)) > 1000
    assert quiet.samples.dtype == np.float32


def test_the_beginning_is_no_longer_than_wanted(tmp_path: Path) -> None:
    clips = clips_of(tmp_path, 3)  # of 3 s
    assert [len(clip) for clip in beginning(clips, 4)] == [48_000, 16_000]
    assert [len(clip) for clip in beginning(clips, 6)] == [48_000, 48_000]
    assert [len(clip) for clip in beginning(clips, 100)] == [48_000] * 3
