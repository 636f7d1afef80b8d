"""How well the face model explains what was seen: reported after every `prepare video`."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from training.prepare.face_model import FaceModel
from training.prepare.face_points import CURVES, INNER_LIPS, LIPS, MESH
from training.prepare.rest import distance
from training.prepare.solve import Take, moved, person, solve

_OUTER_EYES_MM: Final = 89.2
"""Distance of the outer eye corners of ICT-FaceKit's head; grown-ups differ by a tenth."""
_PARTS: Final = {
    "lips": LIPS,
    "chin": (148, 149, 150, 152, 171, 175, 176, 199, 200, 201, 208, 369, 377, 378, 396, 400, 421, 428),
    "lids": tuple({point for name, (points, _) in CURVES.items() if "lid" in name for point in points}),
}


def fit_report(takes: Sequence[Take], model: FaceModel) -> str:
    """How far landmarks are from where the weights put them while the mouth speaks, compared with a still face."""
    known = person(takes, model)
    left, total, gaps, widths = [], [], [], []
    for take in takes:
        head, seen = moved(take, known)
        curves = solve(take, known, model).curves.astype(np.float64)
        made = np.tensordot(curves, model.displacements, 1)
        speaking = head.seen & ~head.quiet
        seen, made = seen[speaking, :MESH, :2], made[speaking, :, :2]
        left.append(seen - made)
        total.append(seen)
        gaps.append([distance(each, *INNER_LIPS) for each in (seen, made)])
        widths.append([each[:, 291, 0] - each[:, 61, 0] for each in (seen, made)])
    parts = [
        f"{name} {_rms(left, points):.2f} mm (a still face {_rms(total, points):.2f})"
        for name, points in _PARTS.items()
    ]
    gap, width = (np.corrcoef(np.concatenate(pairs, axis=1))[0, 1] for pairs in (gaps, widths))
    return f"left unexplained in speech: {', '.join(parts)}; lip gap r {gap:.3f}, mouth width r {width:.3f}"


def _rms(parts: Sequence[np.ndarray], points: Sequence[int]) -> float:
    every = np.concatenate(parts)[:, list(points)]
    return float(np.sqrt(np.square(every).sum(axis=2).mean()) * _OUTER_EYES_MM)
