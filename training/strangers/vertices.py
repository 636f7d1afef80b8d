"""Errors of a mouth in millimetres, on the head of ICT-FaceKit."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.ict import PARTS, FaceKit
from protocols import blendshapes
from training.judge.metrics import Pair

_MM: Final = 10
"""The kit's lengths are in centimetres."""
_REACH_CM: Final = 0.5
"""The lips' vertices are so near a landmark of the mouth."""
_MOUTH: Final = slice(48, 68)
_INNER: Final = (62, 66)
"""The middle of the upper and the lower lip, inside."""


def lip_vertices(kit: FaceKit) -> NDArray[np.int64]:
    """The vertices of the lips (k,)."""
    face = kit.neutral[PARTS["face"]]
    marks = kit.neutral[kit.landmarks[_MOUTH]]
    near = np.linalg.norm(face[:, None] - marks[None], axis=2).min(1) < _REACH_CM
    return np.asarray(np.flatnonzero(near) + PARTS["face"].start, np.int64)


def figures(kit: FaceKit, pairs: Sequence[Pair]) -> dict[str, float]:
    """LVE and MOD in mm, of the channels of jaw and mouth that were captured, mean over frames.

    LVE is the distance of the lips' farthest vertex from where it should be; MOD how much wider or less wide the mouth
    is open, in the middle of the lips.
    """
    lips, inner = lip_vertices(kit), kit.landmarks[list(_INNER)]
    lve, mod = [], []
    for pair in pairs:
        use = pair.channels(blendshapes.LIPS_27)
        wrong = pair.made[:, use] - pair.real[:, use]
        moved = np.tensordot(wrong, kit.displacements[use][:, lips], 1)
        lve.append(np.linalg.norm(moved, axis=2).max(1))
        upper, lower = np.moveaxis(np.tensordot(wrong, kit.displacements[use][:, inner], 1), 1, 0)
        mod.append(np.abs(upper[:, 1] - lower[:, 1]))
    return {
        "LVE, mm": float(_MM * np.concatenate(lve).mean()),
        "MOD, mm": float(_MM * np.concatenate(mod).mean()),
    }
