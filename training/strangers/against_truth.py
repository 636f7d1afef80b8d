"""A face beside the true one, shape by shape: how alike they move, and how much."""

from collections.abc import Sequence

import numpy as np

from protocols import blendshapes
from training.datasets.clips import Clip, Curves
from training.judge import metrics
from training.judge.metrics import Pair
from training.strangers.shapes import JUDGED, values


def mean_faces(clips: Sequence[Clip], fps: float, frames: Sequence[int]) -> list[Curves]:
    """Each clip's own mean face, which never moves: (frames, 52) for each."""
    means = [clip.at(np.arange(count) / fps)[0].mean(0) for clip, count in zip(clips, frames, strict=True)]
    return [np.tile(mean, (count, 1)) for mean, count in zip(means, frames, strict=True)]


def figures(pairs: Sequence[Pair]) -> dict[str, float]:
    """Lip error over 27 shapes, the same about each clip's means, and r and size of each judged shape.

    Correlation and deviation are about each clip's mean: the rest of a face says nothing about its motion. A face that
    never moves has r and size 0.
    """
    lips = blendshapes.LIPS_27
    found = {
        "lip error 27": float(np.mean([metrics.error(pair, lips) for pair in pairs])),
        "lip error 27 about the means": float(np.mean([metrics.error(_centred(pair), lips) for pair in pairs])),
    }
    for shape in JUDGED:
        made, real = (np.concatenate([_about_mean(face, shape) for face in faces]) for faces in _both(pairs))
        moved, true = float(made.std()), float(real.std())
        if true > 1e-6:
            moves = moved > 1e-6  # less is rounding
            found[f"r {shape}"] = float((made * real).mean() / (moved * true)) if moves else 0.0
            found[f"size {shape}"] = moved / true if moves else 0.0
    return found


def _about_mean(face: Curves, shape: str) -> Curves:
    curve = values(face, shape)
    return np.asarray(curve - curve.mean(), np.float32)


def _centred(pair: Pair) -> Pair:
    return Pair(pair.made - pair.made.mean(0), pair.real - pair.real.mean(0), pair.captured)


def _both(pairs: Sequence[Pair]) -> tuple[list[Curves], list[Curves]]:
    return [pair.made for pair in pairs], [pair.real for pair in pairs]
