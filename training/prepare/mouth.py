"""Weights of the mouth and the jaw, from how the landmarks around them moved.

Beside the landmarks themselves, rows for what the eye sees first: how far the lips are apart, how wide the mouth is,
how high each lip is. How large a channel is expected to be depends on whether the mouth is spread, rounded or closed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import INDEX
from training.prepare.face_points import INNER_LIPS, LIP_RINGS, LIPS
from training.prepare.least_squares import bounded, coupling

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_SIDED: Final = ("Smile", "Frown", "Dimple", "Stretch", "Press", "LowerDown", "UpperUp")
SHAPES: Final = (
    "jawOpen", "mouthClose", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    *(f"mouth{name}{side}" for name in _SIDED for side in ("Left", "Right")),
)  # fmt: skip
_CORNERS: Final = ((61, 291), (78, 308))
_LIP_PAIRS: Final = ((13, 14), (82, 87), (312, 317))
_HEIGHTS: Final = ((0, 13), (37, 82), (267, 312), (14, 17), (87, 84), (317, 314))


@dataclass(frozen=True)
class MouthSettings:
    """Constants, found on the shared set of one speaker."""

    noise: float = 0.056
    """Of a landmark, in distances of the outer eye corners; all widths are measured against it."""
    lips: float = 2.2
    """How much more a landmark of the lips counts than others."""
    depth: float = 0.13
    """How much z counts beside x and y: MediaPipe hardly sees lips protrude."""
    gap: float = 8.0
    corners: float = 4.3
    heights: float = 3.3
    """What rows of the lips' gap, the mouth's width, and the lips' heights count."""
    sides: float = 22.0
    sparse: float = 0.11
    """L1, in parts of a width."""
    lowered: float = 0.02
    """Width of a lowering of touching lips as a whole, which no shape explains: not to be taken for an open jaw."""
    lowered_shaped: float = 0.0027
    """The same where they do not touch."""
    spread: float = 0.004
    rounded: float = -0.035
    """Change of the mouth's width at which it counts as spread, and as rounded."""
    apart: float = 0.030
    touching: float = 0.008
    """Gap of the lips at which they begin to touch, and do."""
    smallest: float = 0.094
    """Points that no shape moves farther are left out."""


WIDTHS: Final = {
    "jawOpen": 0.2, "mouthClose": 0.06, "jawLeft": 0.05, "jawRight": 0.05, "mouthFunnel": 0.2, "mouthPucker": 0.3,
    "mouthLeft": 0.05, "mouthRight": 0.05, "mouthRollLower": 0.08, "mouthRollUpper": 0.05, "mouthShrugLower": 0.05,
    "mouthShrugUpper": 0.1, "mouthSmile": 0.45, "mouthFrown": 0.08, "mouthDimple": 0.06, "mouthStretch": 0.2,
    "mouthPress": 0.06, "mouthLowerDown": 0.8, "mouthUpperUp": 0.4,
}  # fmt: skip
"""How large each shape is expected to be: standard deviation of a Gaussian prior."""
SPREAD: Final = {"mouthFunnel": 0.08, "mouthPucker": 0.2}
ROUNDED: Final = {"mouthFunnel": 0.3, "mouthStretch": 0.05, "mouthSmile": 0.05}
CLOSED: Final = {"mouthClose": 0.1, "mouthRollLower": 0.05}
"""What is expected instead in a spread, a rounded, and a closed mouth."""


def solve_mouth(
    moved: Doubles, displacements: Floats, settings: MouthSettings = MouthSettings()
) -> tuple[Doubles, Doubles]:
    """Weights (n, len(SHAPES)) of landmarks' displacements (n, 478, 3), and how far the lips touch (n,), 0 to 1.

    displacements: (52, 468, 3) of the face model at weight 1. `mouthClose` never exceeds `jawOpen`.
    """
    columns = displacements[[INDEX[name] for name in SHAPES]].astype(np.float64)
    lowered = np.zeros_like(columns[:1])
    lowered[0, list(LIPS), 1] = -1
    columns = np.concatenate([columns, lowered])
    points = _points(columns[:-1], settings)
    seen = _rows(moved, points, settings)
    basis = _rows(columns, points, settings)
    gap = moved[:, INNER_LIPS[0], 1] - moved[:, INNER_LIPS[1], 1]
    touch = smoothstep((settings.apart - gap) / (settings.apart - settings.touching))
    wider = moved[:, _CORNERS[0][1], 0] - moved[:, _CORNERS[0][0], 0]
    rounded = np.clip((settings.spread - wider) / (settings.spread - settings.rounded), 0, 1)
    widths = _widths(rounded, touch, settings)
    usual = np.array([_usual(name) for name in SHAPES] + [settings.lowered])
    moment = basis @ basis.T / settings.noise**2
    moment[:-1, :-1] += coupling(SHAPES, usual[:-1], settings.sides)
    moment[0, 0] += 1 / usual[0] ** 2
    target = seen @ basis.T / settings.noise**2 - np.append(settings.sparse / usual[:-1], 0)
    prior = 1 / widths**2
    prior[:, 0] = 0
    # In place of jawOpen its part beyond mouthClose: then both bounds are simple ones.
    beyond = np.eye(len(usual))
    beyond[0, 1] = 1
    weights = bounded(beyond.T @ moment @ beyond, target @ beyond, prior) @ beyond.T
    return np.minimum(weights[:, :-1], 1), touch


def smoothstep(share: Doubles) -> Doubles:
    """0 to 1 without corners."""
    bounded_share = np.clip(share, 0, 1)
    step: Doubles = bounded_share**2 * (3 - 2 * bounded_share)
    return step


def _points(columns: Doubles, settings: MouthSettings) -> NDArray[np.intp]:
    reach = np.linalg.norm(columns, axis=2).max(axis=0)
    return np.setdiff1d(np.flatnonzero(reach > settings.smallest), LIP_RINGS)


def _rows(moved: Doubles, points: NDArray[np.intp], settings: MouthSettings) -> Doubles:
    """What is compared, (n, rows), of displacements (n, points, 3)."""
    weight = np.where(np.isin(points, LIPS), settings.lips, 1.0)[:, None] * [1, 1, settings.depth]
    parts = [(moved[:, points] * weight).reshape(len(moved), -1)]
    for pairs, axis, share in (
        (_LIP_PAIRS, 1, settings.gap), (_CORNERS, 0, settings.corners), (_HEIGHTS, 1, settings.heights),
    ):  # fmt: skip
        first, second = np.array(pairs).T
        parts.append(share * (moved[:, first, axis] - moved[:, second, axis]))
    return np.concatenate(parts, axis=1)


def _usual(name: str) -> float:
    return WIDTHS[name] if name in WIDTHS else WIDTHS[name.removesuffix("Left").removesuffix("Right")]


def _widths(rounded: Doubles, touch: Doubles, settings: MouthSettings) -> Doubles:
    """Widths (n, k) blended by their logarithms."""
    usual = np.log([_usual(name) for name in SHAPES] + [settings.lowered])
    shaped = np.log(settings.lowered_shaped)

    def instead(table: dict[str, float], last: float) -> Doubles:
        plain = (name.removesuffix("Left").removesuffix("Right") for name in SHAPES)
        found = [np.log(table[name]) if name in table else usual[k] for k, name in enumerate(plain)]
        return np.array([*found, last])

    open_mouth = instead(SPREAD, shaped) + rounded[:, None] * (instead(ROUNDED, shaped) - instead(SPREAD, shaped))
    closed = instead(CLOSED, usual[-1])
    return np.exp(open_mouth + touch[:, None] * (closed - open_mouth))
