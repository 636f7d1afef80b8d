"""From landmarks of a person's videos to ARKit weights, against a face model.

What is solved: displacements of the landmarks from the person's resting face, the head's movement taken out, as a sum
of the model's shapes, by bounded least squares in each frame for mouth, lids and brows; the gaze is MediaPipe's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from model.windows import Samples
from protocols.blendshapes import COUNT, INDEX, NAMES
from training.prepare.eyes import BROW_SHAPES, GAZE, LID_SHAPES, gaze, solve_brows, solve_lids
from training.prepare.face_model import FaceModel
from training.prepare.face_points import INNER_LIPS
from training.prepare.head_pose import mean_face, still
from training.prepare.landmarks import Landmarks
from training.prepare.mouth import SHAPES, solve_mouth
from training.prepare.rest import RestFace, Still, distance, quiet_frames, rest_face

Doubles = NDArray[np.float64]

_UNSEEN: Final = (
    "jawForward", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthPressLeft", "mouthPressRight",
)  # fmt: skip
_WELL_SEEN: Final = (
    "eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose", "mouthPucker", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight",
)  # fmt: skip
CONFIDENCE: Final[Mapping[str, float]] = MappingProxyType(
    {name: 0.0 if name in _UNSEEN else 1.0 if name in _WELL_SEEN else 0.5 for name in NAMES}
)
"""0: landmarks do not show it; 0.5: its direction is right, its size partly a guess."""

_BLINKS: Final = ("eyeBlinkLeft", "eyeBlinkRight")
_BLINK: Final = 0.4
"""A larger solved weight is a blink rather than a narrowed eye."""
_FEWEST_BLINKS: Final = 3
_USUAL_GAIN: Final = 1.15
"""For a person who did not blink."""
_HIGHEST_GAIN: Final = 2.0
_SMOOTHING_S: Final = 0.020
"""Standard deviation: 47 ms between half heights."""
_DEAD: Final = 0.005
"""How much landmarks tremble in a resting face."""
_JAW: Final = ("jawOpen", "mouthClose")
"""Shapes that open and close the lips together have no dead zone: it would part them."""
_FACES: Final = 2000
"""Frames that the mean face is made of."""


@dataclass(frozen=True, eq=False)
class Take:
    """A video's landmarks at a constant rate, and its sound from the first frame on."""

    landmarks: Landmarks
    seen: NDArray[np.bool_]
    fps: float
    samples: Samples
    """(n,) at 16 kHz."""


@dataclass(frozen=True, eq=False)
class Person:
    """What must be known of a face to read its expressions."""

    face: Doubles
    """(478, 3): the mean of all frames, upright, in distances of the outer eye corners."""
    rest: RestFace
    blink_gain: Doubles
    """(2,), left and right: a typical blink becomes 1."""
    gaze: Doubles
    """(8,): MediaPipe's usual scores of GAZE."""


@dataclass(frozen=True, eq=False)
class Solved:
    """Weights and what was measured beside them."""

    curves: NDArray[np.float32]
    """(n, 52) in the order of `blendshapes.NAMES`."""
    lip_gap: NDArray[np.float32]
    """(n,): how much farther the lips are apart than at rest, in distances of the outer eye corners."""


def person(takes: Sequence[Take], model: FaceModel) -> Person:
    """Learn a person's face from all their takes."""
    points = np.concatenate([take.landmarks.points[take.seen] for take in takes])
    face = mean_face(points[:: len(points) // _FACES + 1].astype(np.float64), model.neutral.astype(np.float64))
    stills = [_still(take, face) for take in takes]
    rest = rest_face(stills)
    lids = np.concatenate([solve_lids(s.points - rest.at(s.angles), model.displacements)[s.seen] for s in stills])
    gain = np.array([_gain(lids[:, LID_SHAPES.index(name)]) for name in _BLINKS])
    scores = np.concatenate([take.landmarks.scores[take.seen] for take in takes])
    return Person(face, rest, gain, np.median(scores[:, [INDEX[name] for name in GAZE]], axis=0))


def moved(take: Take, known: Person) -> tuple[Still, Doubles]:
    """A take without its head's movement, and how far each landmark is from where it rests (n, 478, 3)."""
    head = _still(take, known.face)
    return head, head.points - known.rest.at(head.angles)


def solve(take: Take, known: Person, model: FaceModel) -> Solved:
    """Weights of every frame of a take; those of frames without a face are filled from their neighbours."""
    _, away = moved(take, known)
    weights = np.zeros((len(away), COUNT))
    mouth, touch = solve_mouth(away, model.displacements)
    # Lips that touch are not smoothed: a closure lasts a frame or two.
    _put(weights, SHAPES, _smooth(mouth, take.fps) + touch[:, None] * (mouth - _smooth(mouth, take.fps)))
    _put(weights, LID_SHAPES, solve_lids(away, model.displacements))
    _put(weights, BROW_SHAPES, _smooth(solve_brows(away, model.displacements), take.fps))
    blinks = np.minimum(weights[:, [INDEX[name] for name in _BLINKS]] * known.blink_gain, 1)
    weights[:, [INDEX[name] for name in _UNSEEN]] = 0
    alive = np.maximum(weights - _DEAD, 0) / (1 - _DEAD)
    weights = np.where(np.isin(NAMES, _JAW), weights, alive)
    _put(weights, _BLINKS, blinks)
    _put(weights, GAZE, gaze(take.landmarks.scores[:, [INDEX[name] for name in GAZE]], known.gaze, blinks))
    weights[:, INDEX["mouthClose"]] = np.minimum(weights[:, INDEX["mouthClose"]], weights[:, INDEX["jawOpen"]])
    return Solved(weights.astype(np.float32), distance(away, *INNER_LIPS).astype(np.float32))


def _still(take: Take, face: Doubles) -> Still:
    points, angles = still(take.landmarks.points.astype(np.float64), face, take.fps)
    return Still(points, angles, take.seen, quiet_frames(take.samples, len(points), take.fps), take.fps)


def _gain(blink: Doubles) -> float:
    """The factor that brings a person's typical blink to 1."""
    peaks = blink[find_peaks(np.concatenate([[0], blink, [0]]), height=_BLINK)[0] - 1]
    return min(1 / float(np.median(peaks)), _HIGHEST_GAIN) if len(peaks) >= _FEWEST_BLINKS else _USUAL_GAIN


def _smooth(weights: Doubles, fps: float) -> Doubles:
    smoothed: Doubles = gaussian_filter1d(weights, _SMOOTHING_S * fps, axis=0, mode="nearest")
    return smoothed


def _put(weights: Doubles, names: Sequence[str], values: Doubles) -> None:
    weights[:, [INDEX[name] for name in names]] = values
