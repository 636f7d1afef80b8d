"""Removes the head's movement from landmarks; what is left is expression."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from training.prepare.face_points import OUTER_EYES, RIGID

Doubles = NDArray[np.float64]

_SMOOTHING_S: Final = 0.08
"""Standard deviation: heads move more slowly than lips, which must not pick up the jitter of the rigid points."""
_ROUNDS: Final = 3


def mean_face(points: Doubles, neutral: Doubles) -> Doubles:
    """A person's mean face (478, 3) of landmarks (n, 478, 3), turned and scaled as a face model's neutral (468, 3).

    Lengths become distances of the outer eye corners.
    """
    template = neutral
    for _ in range(_ROUNDS):
        rotation, scale, centre, target = _fit(points, template)
        template = _moved(points, rotation, scale, centre, target).mean(axis=0)
        template /= np.linalg.norm(np.subtract(*template[list(OUTER_EYES)]))
    rotation, _, centre, target = _fit(template[None], neutral)
    upright: Doubles = _moved(template[None], rotation, np.ones(1), centre, target)[0]
    return upright


def still(points: Doubles, face: Doubles, fps: float) -> tuple[Doubles, Doubles]:
    """Landmarks (n, 478, 3) as if the head did not move, and its angles against `face` (n, 3), radians.

    `face` is the person's mean face; the head's pose is smoothed in time without delay.
    """
    rotation, scale, centre, target = _fit(points, face)
    width = _SMOOTHING_S * fps
    angles = gaussian_filter1d(Rotation.from_matrix(rotation).as_rotvec(), width, axis=0)
    scale = np.exp(gaussian_filter1d(np.log(scale), width))
    centre = gaussian_filter1d(centre, width, axis=0)
    return _moved(points, Rotation.from_rotvec(angles).as_matrix(), scale, centre, target), angles


def _fit(points: Doubles, face: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """The similarity that brings the rigid points onto a face's: rotation (n, 3, 3) for rows, scale (n,), centres.

    Source: S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    moving, fixed = points[:, RIGID], face[list(RIGID)]
    centre, target = moving.mean(axis=1), fixed.mean(axis=0)
    moving, fixed = moving - centre[:, None], fixed - target
    u, s, vt = np.linalg.svd(moving.transpose(0, 2, 1) @ fixed)
    s[:, 2] *= (sign := np.sign(np.linalg.det(u @ vt)))
    u[:, :, 2] *= sign[:, None]
    return u @ vt, s.sum(axis=1) / np.square(moving).sum(axis=(1, 2)), centre, target


def _moved(points: Doubles, rotation: Doubles, scale: Doubles, centre: Doubles, target: Doubles) -> Doubles:
    return scale[:, None, None] * ((points - centre[:, None]) @ rotation) + target
