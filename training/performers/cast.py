"""Virtual performers, whose properties are known numbers.

Hardly any recordings have several people saying the same with curves of one kind, and of real people nobody knows how
much further one mouth moves than another. So performers are made from one person, with another vocal tract and with
habits of the face that are known because they were put there.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import Floats
from protocols import blendshapes
from training.datasets.clips import Clip, Curves

FACTORS: Final[Mapping[str, tuple[float, float]]] = {
    "jaw": (0.65, 1.5),
    "lips": (0.65, 1.5),
    "brows": (0.65, 1.5),
    "eyes": (0.6, 1.0),  # more than a lid that is closed there is not
    "left_to_right": (0.75, 1.35),
}
"""Habits that multiply: ranges."""
AMOUNTS: Final[Mapping[str, tuple[float, float]]] = {
    "brow_raise": (0.0, 0.12),
    "brow_with_jaw": (0.0, 0.6),
    "late_ms": (-60.0, 60.0),
}
"""Habits that add: ranges."""
VOICES: Final[Mapping[str, tuple[float, float]]] = {"pitch": (0.78, 1.28), "formants": (0.87, 1.15)}
SIDED: Final = tuple(
    (blendshapes.INDEX[left], blendshapes.INDEX[right])
    for left, right in blendshapes.PAIRS
    if left.startswith(("mouth", "brow")) and left != "mouthLeft"
)
"""(left, right) shapes of mouth and brows that may differ between the sides."""
RAISED: Final = blendshapes.indices(("browInnerUp", "browOuterUpLeft", "browOuterUpRight"))
_JAW, _INNER = blendshapes.INDEX["jawOpen"], blendshapes.INDEX["browInnerUp"]
_REGIONS: Final = {"jaw": "jaw", "lips": "mouth", "brows": "brows", "eyes": "eyes"}


@dataclass(frozen=True)
class Habits:
    """How a performer's face differs from that of the person it is made from."""

    jaw: float
    """Amplitude about the resting face: factors for jaw, lips, brows and eyes."""
    lips: float
    brows: float
    eyes: float
    left_to_right: float
    """Amplitude of the left side of mouth and brows relative to the right one."""
    brow_raise: float
    """How far the brows are always raised."""
    brow_with_jaw: float
    """How far the inner brows rise with an open jaw, relative to its opening."""
    late_ms: float
    """How much later than the sound the whole face is."""


@dataclass(frozen=True)
class Performer:
    """A made-up person."""

    name: str
    pitch: float
    """Factor of the voice's pitch."""
    formants: float
    """Factor on the formants' frequencies: above 1, a shorter vocal tract."""
    habits: Habits

    def told(self) -> dict[str, float]:
        """All their numbers by name."""
        return {"pitch": self.pitch, "formants": self.formants, **asdict(self.habits)}


def cast(count: int, seed: int) -> list[Performer]:
    """So many performers: each habit takes evenly spaced values over its range, assigned at random by the seed.

    No two are alike in any habit, and two habits correlate only by chance.
    """
    draw = np.random.default_rng([seed, count])
    share = np.linspace(0, 1, count)

    def dealt(least: float, most: float, *, factors: bool) -> list[float]:
        values = least * (most / least) ** share if factors else least + (most - least) * share
        return [round(float(value), 3) for value in draw.permutation(values)]

    columns = {name: dealt(*ends, factors=True) for name, ends in {**VOICES, **FACTORS}.items()}
    columns |= {name: dealt(*ends, factors=False) for name, ends in AMOUNTS.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [
        Performer(f"performer_{number}", row.pop("pitch"), row.pop("formants"), Habits(**row))
        for number, row in enumerate(rows, 1)
    ]


def gains(habits: Habits) -> Floats:
    """Factor (52,) on each channel's distance from rest."""
    found = np.ones(blendshapes.COUNT, np.float32)
    for name, region in _REGIONS.items():
        found[list(blendshapes.REGIONS[region])] = getattr(habits, name)
    side = habits.left_to_right**0.5
    for left, right in SIDED:
        found[left] *= side
        found[right] /= side
    return found


def performed(clip: Clip, rest: Curves, habits: Habits) -> tuple[Curves, NDArray[np.bool_]]:
    """A recording's curves (frames, 52) as a performer would make them, and whether they were seen (frames,).

    The resting face (52,) stays, but for raised brows. The recording's own lag is removed; the performer's is in the
    curves.
    """
    times_s = np.arange(len(clip.curves)) / clip.fps - habits.late_ms / 1000
    curves, seen = clip.at(times_s)
    face = rest + gains(habits) * (curves - rest)
    face[:, list(RAISED)] += habits.brow_raise
    face[:, _INNER] += habits.brow_with_jaw * np.maximum(face[:, _JAW] - rest[_JAW], 0)
    captured = clip.confidence > 0
    return np.asarray(np.where(captured, np.clip(face, 0, 1), curves), np.float32), seen
