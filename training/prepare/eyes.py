"""Weights of lids and brows from landmarks, and of the gaze from MediaPipe's scores."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import INDEX
from training.prepare.face_points import CURVES, LIDS
from training.prepare.least_squares import bounded, coupling

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LID_SHAPES: Final = tuple(f"eye{name}{side}" for name in ("Blink", "Squint", "Wide") for side in ("Left", "Right"))
BROW_SHAPES: Final = ("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight")
GAZE: Final = tuple(f"eyeLook{way}{side}" for way in ("Down", "In", "Out", "Up") for side in ("Left", "Right"))
_LID_WIDTHS: Final = {"eyeBlink": 1.0, "eyeSquint": 0.25, "eyeWide": 0.3}
_BROW_WIDTH: Final = 0.5
_LIDS: Final = [p for name, (points, _) in CURVES.items() if "lid" in name.split() for p in points]
_BROWS: Final = [p for name, (points, _) in CURVES.items() if "brow" in name.split() for p in points] + [
    46, 53, 52, 65, 55, 276, 283, 282, 295, 285,
]  # fmt: skip
"""The upper edges of the brows and the lower ones."""


# Found on the shared set of one speaker; the noise of a landmark is in distances of the outer eye corners, and all
# widths are measured against it. MediaPipe's z of lids and brows tells nothing.
_LID_NOISE: Final = 0.048
_BROW_NOISE: Final = 0.086
_OPENING: Final = 1.4
"""What the row of the lids' opening counts."""
_BROW_SIDES: Final = 0.8
_SPARSE: Final = 0.06
"""L1, in parts of a width."""


def solve_lids(moved: Doubles, displacements: Floats) -> Doubles:
    """Weights (n, len(LID_SHAPES)) of landmarks' displacements (n, 478, 3), before the gain of blinks.

    displacements: (52, 468, 3) of the face model at weight 1.
    """

    def rows(moved: Doubles) -> Doubles:
        upper, lower = np.array(LIDS).T
        return np.concatenate([_flat(moved, _LIDS), _OPENING * (moved[:, upper, 1] - moved[:, lower, 1])], axis=1)

    widths = np.array([_LID_WIDTHS[name.removesuffix("Left").removesuffix("Right")] for name in LID_SHAPES])
    basis = rows(displacements[[INDEX[name] for name in LID_SHAPES]].astype(np.float64))
    return _solved(rows(moved), basis, widths, _LID_NOISE)


def solve_brows(moved: Doubles, displacements: Floats) -> Doubles:
    """Weights (n, len(BROW_SHAPES)) of landmarks' displacements (n, 478, 3), as `solve_lids`."""
    widths = np.full(len(BROW_SHAPES), _BROW_WIDTH)
    basis = _flat(displacements[[INDEX[name] for name in BROW_SHAPES]].astype(np.float64), _BROWS)
    return _solved(_flat(moved, _BROWS), basis, widths, _BROW_NOISE, coupling(BROW_SHAPES, widths, _BROW_SIDES))


def gaze(scores: Floats, rest: Doubles, blinks: Doubles) -> Doubles:
    """Weights (n, len(GAZE)) of MediaPipe's scores (n, 8) beyond a person's usual ones (8,); none in blinks (n, 2)."""
    open_eyes = 1 - np.tile(blinks, len(GAZE) // 2)
    seen: Doubles = np.clip(scores - rest, 0, 1) * open_eyes
    return seen


def _flat(moved: Doubles, points: list[int]) -> Doubles:
    return moved[:, points, :2].reshape(len(moved), -1)


def _solved(seen: Doubles, basis: Doubles, widths: Doubles, noise: float, ties: Doubles | float = 0.0) -> Doubles:
    moment = basis @ basis.T / noise**2 + ties
    target = seen @ basis.T / noise**2 - _SPARSE / widths
    return bounded(moment, target, np.broadcast_to(1 / widths**2, target.shape))
