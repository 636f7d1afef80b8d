"""The teachers' pass over a track: joined chunks, one scale for all, and what a kill costs."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

from model.windows import FEATURE_SAMPLES, Samples
from protocols.errors import FacewireError
from training.encoder.targets import KEPT_FEATURES, Features, targets
from training.interrupt import StoppedError

SILENT = Progress(disable=True)
FRAMES = 2345
NUMBERED = np.repeat(np.arange(FRAMES, dtype=np.int16), FEATURE_SAMPLES)
"""A track whose sound tells the number of each frame."""


class FrameTeacher:
    """Tells the number of each frame, in two digits, late or not, at any scale."""

    name = "frames"
    sha256 = "0" * 64
    positional = False

    def __init__(self, delay: int = 0, scale: float = 1.0) -> None:
        self.delay_samples = delay * FEATURE_SAMPLES
        self.scale = scale
        self.heard = 0

    def encode(self, chunk: Samples) -> Features:
        self.heard += 1
        numbers = np.rint(chunk[::FEATURE_SAMPLES] * 32768)
        late = np.concatenate([np.zeros(self.delay_samples // FEATURE_SAMPLES), numbers])[: len(numbers)]
        return np.stack([late % 50, 7 + late // 50], 1).astype(np.float32) * np.float32(self.scale)


def standardised() -> np.ndarray:
    numbers = np.arange(FRAMES)
    digits = np.stack([numbers % 50, numbers // 50], 1)
    return np.asarray((digits - digits.mean(0)) / digits.std(0))


@pytest.mark.parametrize("delay", [0, 5])
def test_chunks_join_to_the_frames_of_the_whole(delay: int, tmp_path: Path) -> None:
    made = targets(FrameTeacher(delay), NUMBERED, tmp_path, SILENT)
    np.testing.assert_allclose(made, standardised(), atol=2e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["frames-00000000.npy"]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_teachers_of_any_scale_count_alike(scale: float, tmp_path: Path) -> None:
    made = targets(FrameTeacher(scale=scale), NUMBERED, tmp_path, SILENT)
    np.testing.assert_allclose(made, standardised(), atol=2e-3)


def test_a_kill_costs_the_chunk_that_was_under_way(tmp_path: Path) -> None:
    class Killed(FrameTeacher):
        def encode(self, chunk: Samples) -> Features:
            if self.heard == 2:
                raise KeyboardInterrupt
            return super().encode(chunk)

    with pytest.raises(KeyboardInterrupt):
        targets(Killed(), NUMBERED, tmp_path, SILENT)
    assert not list(tmp_path.glob("*.npy"))
    teacher = FrameTeacher()
    np.testing.assert_allclose(targets(teacher, NUMBERED, tmp_path, SILENT), standardised(), atol=2e-3)
    assert teacher.heard == 1


def test_ctrl_c_ends_with_the_chunk(tmp_path: Path) -> None:
    class Interrupted(FrameTeacher):
        def encode(self, chunk: Samples) -> Features:
            os.kill(os.getpid(), signal.SIGINT)
            return super().encode(chunk)

    with pytest.raises(StoppedError, match="heard 1 of 3 chunks; run the same command to continue"):
        targets(Interrupted(), NUMBERED, tmp_path, SILENT)


def test_a_teacher_that_tells_the_clock_forgets_it(tmp_path: Path) -> None:
    class Clock:
        name = "clock"
        sha256 = "1" * 64
        delay_samples = 0
        positional = True

        def encode(self, chunk: Samples) -> Features:
            return np.stack([100 * np.arange(1500), chunk[::320]], 1).astype(np.float32) + chunk[::320, None] * 10

    pcm = np.random.default_rng(0).integers(-9999, 9999, (8 * KEPT_FEATURES - 77) * FEATURE_SAMPLES).astype(np.int16)
    made = targets(Clock(), pcm, tmp_path, SILENT)
    assert made.shape == (8 * KEPT_FEATURES - 77, 2)
    by_place = made[: 7 * KEPT_FEATURES].reshape(7, KEPT_FEATURES, 2).astype(np.float64).sum(0)
    by_place[: KEPT_FEATURES - 77] += made[7 * KEPT_FEATURES :]
    assert np.abs(by_place).max() < 0.02
    assert made.astype(np.float32).std(0) == pytest.approx([1, 1], abs=0.01)
    with pytest.raises(FacewireError, match=r"at least 160 s .* got 46 s"):
        targets(Clock(), NUMBERED, tmp_path / "short", SILENT)


def test_another_teacher_of_the_same_name_is_heard_anew(tmp_path: Path) -> None:
    class Other(FrameTeacher):
        sha256 = "2" * 64

    targets(FrameTeacher(), NUMBERED, tmp_path, SILENT)
    for teacher, heard in ((FrameTeacher(), 0), (Other(), 3)):
        targets(teacher, NUMBERED, tmp_path, SILENT)
        assert teacher.heard == heard


def test_features_that_say_nothing_are_refused(tmp_path: Path) -> None:
    class Broken(FrameTeacher):
        def encode(self, chunk: Samples) -> Features:
            return super().encode(chunk) * np.float32(np.nan)

    with pytest.raises(FacewireError, match="not finite"):
        targets(Broken(), NUMBERED, tmp_path, SILENT)
    with pytest.raises(FacewireError, match="the same features for all sound"):
        targets(FrameTeacher(scale=0.0), NUMBERED, tmp_path, SILENT)
