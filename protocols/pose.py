"""The pose of a face: how its head and eyes are turned and where its head is, and what receivers call that.

Signs are the face's own: yaw > 0 turns to its right, pitch > 0 down, roll > 0 onto its right shoulder; x > 0 is to its
right, y > 0 up, z > 0 forward. A rotation is a yaw about the vertical, then a pitch about the axis through the ears,
then a roll about the nose, the order of Unity and of Unreal; other axes therefore change nothing but signs. Eyes turn
relative to the head.
"""

from collections.abc import Sequence
from math import asin, atan2, cos, degrees, hypot, radians, sin
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocols.errors import FacewireError

Pose = NDArray[np.float32]
"""(10,), or (n, 10) for n frames, in the order of `POSE_NAMES`: degrees and metres."""

POSE_NAMES: Final = (
    "head_yaw", "head_pitch", "head_roll", "head_x", "head_y", "head_z",
    "left_eye_yaw", "left_eye_pitch", "right_eye_yaw", "right_eye_pitch",
)  # fmt: skip
POSE_COUNT: Final = len(POSE_NAMES)
HEAD: Final = slice(0, 6)
EYES: Final = slice(6, 10)
AT_REST: Final[Pose] = np.zeros(POSE_COUNT, np.float32)
"""Head upright, eyes straight ahead."""
AT_REST.flags.writeable = False

_FARTHEST: Final = np.array([1.0 if name in ("head_x", "head_y", "head_z") else 180.0 for name in POSE_NAMES])
_Sources = tuple[NDArray[np.int64], NDArray[np.int64]]
# Where each of Live Link's nine angles comes from, and its sign. The roll of an eye comes from nowhere.
_LIVELINK: Final[_Sources] = np.array([0, 1, 2, 6, 7, 0, 8, 9, 0]), np.array([1, 1, -1, 1, 1, 0, 1, 1, 0])
# Each of Face Cap's ten numbers, likewise.
_FACECAP: Final[_Sources] = np.array([3, 4, 5, 1, 0, 2, 7, 6, 9, 8]), np.array([-100, 100, 100, 1, -1, 1, 1, -1, 1, -1])
_POLE: Final = 1e-4


def checked(poses: ArrayLike, first: int = 0) -> Pose:
    """A read-only copy of poses (10,) or (n, 10), float32.

    Raises FacewireError for another shape, and for what is no number or out of bounds (180 degrees, one metre), with
    the frame, counted from `first`.
    """
    with np.errstate(over="ignore"):
        copied = np.array(poses, np.float32)
    if copied.ndim not in (1, 2) or copied.shape[-1] != POSE_COUNT:
        raise FacewireError(f"frame {first}: a pose of shape {copied.shape}, must be ({POSE_COUNT},)")
    bad = np.argwhere(~(np.abs(copied) <= _FARTHEST))  # written so that NaN is bad as well
    if len(bad):
        *at, number = bad[0]
        raise FacewireError(
            f"frame {first + sum(at)}: {POSE_NAMES[number]} = {copied[tuple(bad[0])]}, "
            f"must be {-_FARTHEST[number]:g} to {_FARTHEST[number]:g}"
        )
    copied.flags.writeable = False
    return copied


def clamped(poses: Pose) -> Pose:
    """Poses (…, 10), each number within its bounds."""
    return np.clip(poses, -_FARTHEST, _FARTHEST).astype(np.float32)


def named(names: Sequence[str], values: ArrayLike) -> Pose:
    """Poses (…, 10) of values (…, k) that have these names; what is missing is 0, unknown names are ignored.

    Raises FacewireError where the number of names does not fit the values.
    """
    with np.errstate(over="ignore"):
        array = np.asarray(values).astype(np.float32)
    if array.shape[-1:] != (len(names),):
        raise FacewireError(f"a pose of shape {array.shape} does not fit {len(names)} names")
    poses = np.zeros((*array.shape[:-1], POSE_COUNT), np.float32)
    for at, name in enumerate(names):
        if name in POSE_NAMES:
            poses[..., POSE_NAMES.index(name)] = array[..., at]
    return poses


def to_livelink(poses: Pose) -> NDArray[np.float64]:
    """Poses (…, 10) as Live Link's nine angles (…, 9): head, left and right eye, each yaw, pitch, roll in radians.

    Roll has the other sign: Unreal makes the angles from ARKit's transform of a face that looks along its -X, where a
    positive roll tips the head onto its left shoulder. The rolls of eyes in the app's own takes confirm it.
    """
    return np.deg2rad(_picked(poses, _LIVELINK))


def from_livelink(angles: NDArray[np.floating]) -> Pose:
    """The inverse for angles (…, 9), as far as they tell; the head stays where it is."""
    return _placed(np.rad2deg(angles.astype(np.float64)), _LIVELINK)


def to_facecap(poses: Pose) -> NDArray[np.float64]:
    """Poses (…, 10) as Face Cap's numbers (…, 10): /HT x y z, /HR x y z, /ELR x y, /ERR x y.

    Its axes are ARKit's, right-handed with x to the face's own left. Degrees; positions in centimetres, the scale of
    the head in the app author's receiver.
    """
    return _picked(poses, _FACECAP)


def from_facecap(numbers: NDArray[np.floating]) -> Pose:
    """The inverse for numbers (…, 10)."""
    return _placed(numbers.astype(np.float64), _FACECAP)


def quaternion(yaw: float, pitch: float, roll: float = 0.0) -> tuple[float, float, float, float]:
    """The unit quaternion (x, y, z, w) of a rotation in degrees, in the axes of an avatar that faces Unity's +z.

    Left-handed: about +y it turns to its own right, about +x it looks down, about +z it tips to its left.
    """
    half_yaw, half_pitch, half_roll = radians(yaw) / 2, radians(pitch) / 2, -radians(roll) / 2
    cy, sy, cx, sx, cz, sz = (f(half) for half in (half_yaw, half_pitch, half_roll) for f in (cos, sin))
    return (
        cy * sx * cz + sy * cx * sz,
        sy * cx * cz - cy * sx * sz,
        cy * cx * sz - sy * sx * cz + 0.0,  # without + 0.0, -0 at rest
        cy * cx * cz + sy * sx * sz,
    )


def from_quaternion(x: float, y: float, z: float, w: float) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a quaternion of any length but 0, the inverse of `quaternion`.

    Pitch is -90 to 90; there, where yaw and roll turn about the same axis, roll is 0. A quaternion of 0 is at rest.
    """
    length = hypot(x, y, z, w)
    if not length:
        return 0.0, 0.0, 0.0
    x, y, z, w = x / length, y / length, z / length, w / length
    ahead, aside, down = 1 - 2 * (x * x + y * y), 2 * (x * z + w * y), 2 * (w * x - y * z)  # where the nose points
    pitch = degrees(asin(min(1.0, max(-1.0, down))))
    if hypot(ahead, aside) < _POLE:
        return degrees(atan2(2 * (w * y - x * z), 1 - 2 * (y * y + z * z))), pitch, 0.0
    return degrees(atan2(aside, ahead)), pitch, -degrees(atan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z)))


def _picked(poses: Pose, sources: _Sources) -> NDArray[np.float64]:
    at, factors = sources
    picked: NDArray[np.float64] = poses[..., at].astype(np.float64) * factors
    return picked + 0.0  # -0 becomes 0


def _placed(numbers: NDArray[np.float64], sources: _Sources) -> Pose:
    at, factors = sources
    known = factors != 0
    poses = np.zeros((*numbers.shape[:-1], POSE_COUNT), np.float64)
    poses[..., at[known]] = numbers[..., known] / factors[known]
    with np.errstate(over="ignore"):
        return (poses + 0.0).astype(np.float32)
