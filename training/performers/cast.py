"""Virtual performers: who they are, in known numbers.

There are hardly any recordings of several people who say the same with curves of one kind, and of real people nobody
knows how much louder one mouth speaks than another. So performers are made of one person: another throat, and habits
of the face that are known, because they were put there.
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
"""Habits that multiply, each from its least to its most."""
AMOUNTS: Final[Mapping[str, tuple[float, float]]] = {
    "brow_raise": (0.0, 0.12),
    "brow_with_jaw": (0.0, 0.6),
    "late_ms": (-60.0, 60.0),
}
"""Habits that add."""
VOICES: Final[Mapping[str, tuple[float, float]]] = {"pitch": (0.78, 1.28), "formants": (0.87, 1.15)}
SIDED: Final = tuple(
    (blendshapes.INDEX[left], blendshapes.INDEX[right])
    for left, right in blendshapes.PAIRS
    if left.startswith(("mouth", "brow")) and left != "mouthLeft"
)
"""(left, right) shapes of mouth and brows that one side may move more than the other."""
RAISED: Final = blendshapes.indices(("browInnerUp", "browOuterUpLeft", "browOuterUpRight"))
_JAW, _INNER = blendshapes.INDEX["jawOpen"], blendshapes.INDEX["browInnerUp"]
_REGIONS: Final = {"jaw": "jaw", "lips": "mouth", "brows": "brows", "eyes": "eyes"}


@dataclass(frozen=True)
class Habits:
    """How a performer's face differs from that of the person whom it is made of."""

    jaw: float
    """Amplitude about the resting face: factors of jaw, lips, brows and eyes."""
    lips: float
    brows: float
    eyes: float
    left_to_right: float
    """Amplitude of the left side of mouth and brows to that of the right one."""
    brow_raise: float
    """How far the brows are up, always."""
    brow_with_jaw: float
    """How far the inner brows go up with an open jaw, by how far that is open."""
    late_ms: float
    """By how much the whole face comes after its sound."""


@dataclass(frozen=True)
class Performer:
    """Somebody who does not exist."""

    name: str
    pitch: float
    """Factor of the voice's pitch."""
    formants: float
    """Factor of its formants' frequencies: above 1 a shorter throat."""
    habits: Habits

    def told(self) -> dict[str, float]:
        """All their numbers by name."""
        return {"pitch": self.pitch, "formants": self.formants, **asdict(self.habits)}


def cast(count: int, seed: int) -> list[Performer]:
    """So many performers: of each habit they have all degrees between the extremes, dealt out by the seed.

    No two are alike in anything, and of few people no two habits go together by more than chance.
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
    """The factor (52,) of each channel's distance from rest."""
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

    Rest (52,) stays rest, but for raised brows. The recording's own lag is taken out; the performer's is in the curves.
    """
    times_s = np.arange(len(clip.curves)) / clip.fps - habits.late_ms / 1000
    curves, seen = clip.at(times_s)
    face = rest + gains(habits) * (curves - rest)
    face[:, list(RAISED)] += habits.brow_raise
    face[:, _INNER] += habits.brow_with_jaw * np.maximum(face[:, _JAW] - rest[_JAW], 0)
    captured = clip.confidence > 0
    return np.asarray(np.where(captured, np.clip(face, 0, 1), curves), np.float32), seen
