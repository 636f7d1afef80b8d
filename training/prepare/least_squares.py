"""Bounded least squares for many frames at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_SWEEPS = 200
_STILL = 1e-4


def bounded(moment: Doubles, target: Doubles, prior: Doubles, start: Doubles | None = None) -> Doubles:
    """Weights w (n, k) within 0 and 1 that minimise w' (moment + diag prior) w / 2 - target' w in every frame.

    moment: (k, k) symmetric; target: (n, k); prior: (n, k), 1 / width squared, which may differ from frame to frame.
    By coordinate descent from `start`: one channel of all frames after the other, until nothing moves.
    """
    weights = np.zeros_like(target) if start is None else start.copy()
    diagonal = np.diag(moment)
    for _ in range(_SWEEPS):
        moved = 0.0
        for k in range(len(moment)):
            others = weights @ moment[:, k] - weights[:, k] * diagonal[k]
            new = np.clip((target[:, k] - others) / (diagonal[k] + prior[:, k]), 0, 1)
            moved = max(moved, float(np.abs(new - weights[:, k]).max(initial=0)))
            weights[:, k] = new
        if moved < _STILL:
            break
    return weights


def coupling(names: Sequence[str], widths: Doubles, strength: float) -> Doubles:
    """What ties the left and right of each shape together, (k, k), to be added to the moment.

    A difference of one width between them costs `strength` times as much as a weight of one width does.
    """
    moment = np.zeros((len(names), len(names)))
    for left, name in enumerate(names):
        right = name.removesuffix("Left") + "Right"
        if name.endswith("Left") and name not in ("mouthLeft", "jawLeft"):
            pair = np.ix_([left, names.index(right)], [left, names.index(right)])
            moment[pair] += strength / widths[left] ** 2 * np.array([[1, -1], [-1, 1]])
    return moment
