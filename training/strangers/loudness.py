"""The face that loudness alone makes: what any face of speech has to be better than."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.stream import frame_count
from model.windows import SAMPLE_RATE_HZ, Samples
from training.datasets.clips import Clip, Curves

_REACH: Final = 6
"""Steps of 40 ms before and after, from which a frame is told."""
_STEP_S: Final = 0.04
_FLOOR_DB: Final = -50.0
"""Below a recording's loudest."""
_PENALTY: Final = 30.0


@dataclass(frozen=True)
class LoudnessFace:
    """A ridge regression from loudness to 52 curves."""

    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    mean: NDArray[np.float64]

    def face(self, samples: Samples, fps: float) -> Curves:
        """The face (frames, 52) of a recording (n,) at 16 kHz."""
        frames = frame_count(len(samples), round(fps))
        made = (_loudness(samples, frames, fps) - self.centre) @ self.weights + self.mean
        return np.clip(made, 0, 1).astype(np.float32)


def fitted(clips: Sequence[Clip], fps: float) -> LoudnessFace:
    """The map that fits the curves of some clips best, with a small ridge."""
    heard, curves = [], []
    for clip in clips:
        frames = frame_count(len(clip), round(fps))
        real, seen = clip.at(np.arange(frames) / fps)
        heard.append(_loudness(clip.samples, frames, fps)[seen])
        curves.append(real[seen])
    x, y = np.concatenate(heard), np.concatenate(curves).astype(np.float64)
    centre, mean = x.mean(0), y.mean(0)
    gram = (x - centre).T @ (x - centre) + _PENALTY * np.eye(x.shape[1])
    return LoudnessFace(np.linalg.solve(gram, (x - centre).T @ (y - mean)), centre, mean)


def of_others(clips: Sequence[Clip], fps: float) -> list[Curves]:
    """The face of each clip by a map that was fitted on the other clips."""
    if len(clips) < 2:
        return []
    return [fitted([other for other in clips if other is not clip], fps).face(clip.samples, fps) for clip in clips]


def _loudness(samples: Samples, frames: int, fps: float) -> NDArray[np.float64]:
    """Loudness (frames, 2 reach + 1) around each frame: 0 at the recording's loudest, -1 at the floor."""
    block = SAMPLE_RATE_HZ // 100
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    ends = np.arange(frames)[:, None] / fps + np.arange(-_REACH, _REACH + 1) * _STEP_S
    centre = np.rint(ends * SAMPLE_RATE_HZ).astype(int)
    first, last = (np.clip(centre + half, 0, len(samples)) for half in (-2 * block, 2 * block))
    level_db = 10 * np.log10((energy[last] - energy[first]) / (4 * block) + 1e-10)
    loudest = np.percentile(level_db, 95)
    return np.asarray(np.clip(level_db - loudest, _FLOOR_DB, 10) / -_FLOOR_DB, np.float64)
