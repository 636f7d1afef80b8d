"""The habits of a face, read off its motion in comparison with other faces of the same sound."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols import blendshapes
from training.datasets.clips import Curves
from training.performers.cast import FACTORS, Habits

REACH: Final = 6
"""Largest lag of a jaw in frames, early or late."""
_REGIONS: Final = {
    "jaw": (blendshapes.INDEX["jawOpen"],),
    "lips": blendshapes.REGIONS["mouth"],
    "brows": blendshapes.indices(("browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight")),
    "eyes": (blendshapes.INDEX["eyeBlinkLeft"], blendshapes.INDEX["eyeBlinkRight"]),
}
"""Shapes from which a region's amplitude is measured: not the inner brow, which may follow the jaw."""
_LEFT, _RIGHT = (
    [
        blendshapes.INDEX[pair[side]]
        for pair in blendshapes.PAIRS
        if pair[0].startswith("mouth") and pair[0] != "mouthLeft"
    ]
    for side in (0, 1)
)
_OUTER: Final = blendshapes.indices(("browOuterUpLeft", "browOuterUpRight"))
_JAW, _INNER = blendshapes.INDEX["jawOpen"], blendshapes.INDEX["browInnerUp"]

Measured = dict[str, float]
"""By the names of `Habits`; factors as logarithms, so that differences are meaningful."""


def read(faces: Mapping[str, Sequence[Curves]], cast: Sequence[str], fps: int) -> dict[str, Measured]:
    """Habits of each face, all of the same recordings, each (frames, 52), as differences from the mean over the `cast`.

    Anyone who is not in the cast is compared with that mean as well.
    """
    mean_jaw = [
        np.mean([face[:, _JAW] for face in same], 0) for same in zip(*(faces[name] for name in cast), strict=True)
    ]
    found = {name: _read(own, mean_jaw, fps) for name, own in faces.items()}
    return relative(found, cast)


def planted(habits: Mapping[str, Habits]) -> dict[str, Measured]:
    """Habits as they were put there, in the same form: differences from the mean over all."""
    values = {
        name: {key: float(np.log(value)) if key in FACTORS else value for key, value in vars(own).items()}
        for name, own in habits.items()
    }
    return relative(values, list(values))


def relative(habits: Mapping[str, Measured], cast: Sequence[str]) -> dict[str, Measured]:
    """Differences of habits from their mean over the cast."""
    mean = {key: float(np.mean([habits[name][key] for name in cast])) for key in habits[cast[0]]}
    return {name: {key: own[key] - mean[key] for key in mean} for name, own in habits.items()}


def _read(face: Sequence[Curves], mean_jaw: Sequence[NDArray[np.float32]], fps: int) -> Measured:
    whole = np.concatenate(face)
    found = {name: _log_amplitude(face, channels) for name, channels in _REGIONS.items()}
    found["left_to_right"] = _log_amplitude(face, _LEFT) - _log_amplitude(face, _RIGHT)
    found["brow_raise"] = float(whole[:, list(_OUTER)].mean())
    jaw = whole[:, _JAW] - whole[:, _JAW].mean()
    found["brow_with_jaw"] = float(jaw @ whole[:, _INNER] / max(float(jaw @ jaw), 1e-9))
    found["late_ms"] = 1000 / fps * _lag([own[:, _JAW] for own in face], mean_jaw)
    return found


def _log_amplitude(face: Sequence[Curves], channels: Sequence[int]) -> float:
    """Logarithm of the deviation over time of all channels together."""
    return 0.5 * float(np.log(np.mean([own[:, list(channels)].var(0).sum() for own in face]) + 1e-9))


def _lag(jaws: Sequence[NDArray[np.float32]], mean: Sequence[NDArray[np.float32]]) -> float:
    """How many frames later a jaw is than the mean one of the same sounds, from the peak of their correlation.

    0 where one of them never moves.
    """
    lags = np.arange(-REACH, REACH + 1)
    shifted = [np.stack([jaw[REACH + lag : len(jaw) - REACH + lag] for lag in lags]) for jaw in jaws]
    still = np.concatenate([other[REACH : len(other) - REACH] for other in mean])
    both = np.concatenate([np.concatenate(shifted, 1), still[None]])
    if not both.std(1).all():
        return 0.0
    alike = np.corrcoef(both)[-1, :-1]
    best = int(np.clip(alike.argmax(), 1, len(lags) - 2))
    before, at, after = alike[best - 1 : best + 2].tolist()
    bend = before - 2 * at + after
    return float(lags[best]) + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def correlation(one: Mapping[str, Measured], other: Mapping[str, Measured], name: str) -> tuple[float, float]:
    """How a habit in `one` relates to that in `other`: correlation over people, and slope."""
    first, second = (np.array([values[who][name] for who in one]) for values in (one, other))
    first, second = first - first.mean(), second - second.mean()
    size = float(first @ first)
    both = float(first @ second)
    return both / max(np.sqrt(size * float(second @ second)), 1e-12), both / max(size, 1e-12)
