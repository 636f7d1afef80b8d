"""Landmarks of the face in every frame of a video, found by MediaPipe's Face Landmarker and kept in a file.

Needs the extra `video` (MediaPipe, PyAV).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from model.extras import need
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.prepare.decode import Frame, VideoError, frames
from training.prepare.face_points import COUNT

Doubles = NDArray[np.float64]

_STEP_MS: Final = 1000
"""The time step told to MediaPipe: for one face its landmarker smooths over time, which delays fast lips by half a
frame; over a second it does not."""
_LONGEST_GAP_S: Final = 0.25
"""Longer gaps between frames are not interpolated."""
_SAME_S: Final = 0.002
"""Time stamps are rounded to a millisecond in some files."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What was found in the frames of a video."""

    times_s: Doubles
    """(n,) on the file's clock, ascending."""
    points: NDArray[np.float32]
    """(n, 478, 3): x to the face's left, y up, z out of the picture, all in heights of the picture; NaN: no face."""
    scores: NDArray[np.float32]
    """(n, 52): MediaPipe's own scores, in the order of `blendshapes.NAMES`."""

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(n,): whether a face was found."""
        return np.isfinite(self.points[:, 0, 0])


def steady(found: Landmarks) -> tuple[Landmarks, NDArray[np.bool_], float]:
    """The same at a constant rate: landmarks from the first frame on, whether seen (n,), and frames per second.

    Times between frames are interpolated, times without a face filled from their neighbours. Of a video at a constant
    rate nothing changes.
    """
    times, seen = found.times_s, found.seen
    steps = np.diff(times)
    fps = round(1 / float(steps[steps < max(_LONGEST_GAP_S, 2 * steps.min())].mean()), 3)
    grid = times[0] + np.arange(round((times[-1] - times[0]) * fps) + 1) / fps
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    near = np.abs(np.stack([times[after - 1], times[after]]) - grid) < _SAME_S
    known = np.where(near[1], seen[after], np.where(near[0], seen[after - 1], seen[after - 1] & seen[after]))
    known &= near.any(axis=0) | (steps[after - 1] < _LONGEST_GAP_S)
    values = np.concatenate([found.points.reshape(len(times), -1), found.scores], axis=1)[seen]
    place = np.interp(grid, times[seen], np.arange(len(values)))
    place = np.where(near.any(axis=0) & known, np.rint(place), place)
    low = np.floor(place).astype(int)
    share = (place - low)[:, None].astype(np.float32)
    filled = values[low] * (1 - share) + values[np.minimum(low + 1, len(values) - 1)] * share
    points, scores = np.split(filled, [COUNT * 3], axis=1)
    return Landmarks(grid, points.reshape(-1, COUNT, 3), scores), known, fps


def landmarks(video: Path, task: Path, file: Path, aspect: float | None, step: Callable[[], object]) -> Landmarks:
    """Landmarks of a video, from `file` if it exists. `aspect` overrides the video's pixel aspect.

    `step` is called after each frame. Raises VideoError, and FacewireError if MediaPipe is missing.
    """
    if file.exists():
        try:
            return Landmarks(**load_file(file))
        except (SafetensorError, TypeError):
            file.unlink()
    times: list[float] = []
    points, scores = [], []
    with _hushed(), _landmarker(task) as landmarker:
        for number, frame in enumerate(frames(video)):
            if times and frame.time_s <= times[-1]:
                continue
            found = _found(landmarker, frame, number, aspect or frame.pixel_aspect)
            times.append(frame.time_s)
            points.append(found[0])
            scores.append(found[1])
            step()
    if len(times) < 2:
        raise VideoError(f"{video}: {len(times)} frames: a picture, not a video")
    result = Landmarks(np.array(times), np.array(points, np.float32), np.array(scores, np.float32))
    file.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_not_at_all(file) as partial:
        save_file({"times_s": result.times_s, "points": result.points, "scores": result.scores}, partial)
    return result


@contextmanager
def _hushed() -> Iterator[None]:
    """Silence standard error: MediaPipe reports its accelerators there, and no setting stops it."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nothing)
        os.close(kept)


def _landmarker(task: Path) -> Any:
    need("video", "mediapipe")
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    try:
        return vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise FacewireError(f"{task}: not MediaPipe's face_landmarker.task ({error})") from error


def _found(landmarker: Any, frame: Frame, number: int, aspect: float) -> tuple[NDArray[np.float32], Any]:
    import mediapipe

    height, width, _ = frame.rgb.shape
    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.rgb)
    result = landmarker.detect_for_video(image, number * _STEP_MS)
    if not result.face_landmarks:
        return np.full((COUNT, 3), np.nan, np.float32), np.zeros(blendshapes.COUNT, np.float32)
    ratio = width / height
    points = [(p.x * ratio * aspect, -p.y, -p.z * ratio) for p in result.face_landmarks[0]]
    known = [(entry.score, entry.category_name) for entry in result.face_blendshapes[0]]
    return np.array(points, np.float32), blendshapes.remap([s for s, _ in known], [name for _, name in known])
