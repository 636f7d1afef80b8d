"""A person's resting face, from which every expression is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples
from training.prepare.face_points import INNER_LIPS, LIDS

Doubles = NDArray[np.float64]

_BLOCK: Final = SAMPLE_RATE_HZ // 10
_QUIET_DB: Final = 25.0
"""Below the loudest 100 ms of a recording."""
_CLOSED: Final = 0.010
"""How far apart lips may be beyond the closest fifth of the quiet frames, in distances of the outer eye corners."""
_OPEN_LIDS: Final = 0.75
"""Of the usual opening; less is a blink."""
_FEWEST: Final = 10
_LONGEST_S: Final = 0.4
"""Longest duration that a silence counts: a long one does not outweigh the others."""
_STIFF_RAD: Final = 0.05
"""Smaller head angles say little about the linear term, which stays near 0."""


@dataclass(frozen=True, eq=False)
class RestFace:
    """A resting face, and how its appearance changes as the head turns."""

    points: Doubles
    """(478, 3) in distances of the outer eye corners, at the mean angles."""
    angles: Doubles
    """(3,) radians."""
    slopes: Doubles
    """(3, 478, 3) per radian."""

    def at(self, angles: Doubles) -> Doubles:
        """The resting face (n, 478, 3) as it appears at the head's angles (n, 3)."""
        turned: Doubles = self.points + np.tensordot(angles - self.angles, self.slopes, 1)
        return turned


@dataclass(frozen=True, eq=False)
class Still:
    """A recording without its head's movement."""

    points: Doubles
    """(n, 478, 3)."""
    angles: Doubles
    """(n, 3)."""
    seen: NDArray[np.bool_]
    quiet: NDArray[np.bool_]
    """(n,): whether nobody speaks."""
    fps: float


def quiet_frames(samples: Samples, frames: int, fps: float) -> NDArray[np.bool_]:
    """(frames,): whether the sound around them is quiet."""
    count = max(1, len(samples) // _BLOCK)
    power = np.array([np.mean(np.square(block)) for block in np.array_split(samples, count)])
    level_db = 10 * np.log10(power + 1e-12)
    block = np.minimum(np.arange(frames) / fps * SAMPLE_RATE_HZ // _BLOCK, count - 1).astype(int)
    quiet: NDArray[np.bool_] = level_db[block] < level_db.max() - _QUIET_DB
    return quiet


def rest_face(recordings: Sequence[Still]) -> RestFace:
    """A person's resting face: the frames of all recordings with silence, a closed mouth and open eyes.

    If there are hardly any, the frames in which the lips are closest.
    """
    points = np.concatenate([r.points for r in recordings])
    angles = np.concatenate([r.angles for r in recordings])
    seen = np.concatenate([r.seen for r in recordings])
    lids = np.sum([distance(points, upper, lower) for upper, lower in LIDS], axis=0)
    awake = seen & (lids > _OPEN_LIDS * np.median(lids[seen]))
    quiet = awake & np.concatenate([r.quiet for r in recordings])
    candidates = quiet if quiet.sum() >= _FEWEST else awake
    gap = distance(points, *INNER_LIPS)
    resting = candidates & (gap < np.percentile(gap[candidates], 20) + _CLOSED)
    weight = np.concatenate(
        [_weights(part, r.fps) for part, r in zip(_split(resting, recordings), recordings, strict=True)]
    )[resting]
    weight /= weight.sum()
    mean_angles = weight @ angles[resting]
    mean = np.tensordot(weight, points[resting], 1)
    turned = angles[resting] - mean_angles
    moment = (turned * weight[:, None]).T
    covariance = moment @ turned + np.eye(3) * _STIFF_RAD**2
    slopes = np.linalg.solve(covariance, np.tensordot(moment, points[resting] - mean, 1).reshape(3, -1))
    return RestFace(mean, mean_angles, slopes.reshape(3, *mean.shape))


def distance(points: Doubles, upper: int, lower: int) -> Doubles:
    """(n,): how far one point lies above another."""
    apart: Doubles = points[:, upper, 1] - points[:, lower, 1]
    return apart


def _split(values: NDArray[np.bool_], recordings: Sequence[Still]) -> list[NDArray[np.bool_]]:
    return np.split(values, np.cumsum([len(r.points) for r in recordings])[:-1])


def _weights(resting: NDArray[np.bool_], fps: float) -> Doubles:
    """Each frame's share of the silence it belongs to, times the weight of that silence."""
    starts = np.cumsum(np.diff(resting, prepend=False) & resting)
    lengths = np.bincount(starts[resting], minlength=starts[-1] + 1)[starts]
    weights: Doubles = np.where(resting, np.minimum(lengths, _LONGEST_S * fps) / np.maximum(lengths, 1), 0.0)
    return weights
