"""The table of a performance: each figure beside the range that it must be in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model.performance import blinks
from protocols.blendshapes import INDEX
from training.performance.measure import (
    accents,
    blinks_s,
    gaps_s,
    heeded,
    ks_distance,
    speeds,
)
from training.performance.perform import Performed

ANGLES: Final = ("yaw", "pitch", "roll")
STD_DEG: Final = ((2.0, 5.0), (2.5, 6.0), (1.0, 3.0))
SPEED_DEG: Final = ((5.0, 12.0), (11.0, 22.0), (4.0, 9.0))
"""Of people who present to a camera: our own measurement of eight."""
BROWS: Final = {"browInnerUp": (0.03, 0.12), "browOuterUpLeft": (0.02, 0.10), "browDownLeft": (0.02, 0.10)}


@dataclass(frozen=True)
class Figure:
    """One row."""

    name: str
    value: float
    least: float
    most: float

    @property
    def good(self) -> bool:
        """Within its range."""
        return self.least <= self.value <= self.most


def blinking(runs: Sequence[Performed], what: str, median_s: float, least: float, most: float) -> list[Figure]:
    """How often runs blink, and how their gaps are distributed."""
    minutes = sum(run.seconds for run in runs) / 60
    count = sum(len(blinks_s(run.weights[:, INDEX["eyeBlinkLeft"]], run.fps)) for run in runs)
    gaps = gaps_s(runs)
    distance = ks_distance(gaps, median_s, blinks.SIGMA) if len(gaps) else float("nan")
    return [
        Figure(f"blinks per minute, {what}", count / minutes, least, most),
        Figure(f"gaps of blinks, {what}: KS distance", distance, 0.0, 0.15),
    ]


def talking(runs: Sequence[Performed], seed: int) -> list[Figure]:
    """The figures of running speech."""
    weights = np.concatenate([run.weights for run in runs])
    lids, jaw = weights[:, INDEX["eyeBlinkLeft"]], weights[:, INDEX["jawOpen"]]
    found = blinking(runs, "talking", blinks.MEDIAN_TALKING_S, 15, 30)
    found.append(Figure("eyeBlink, median", float(np.median(lids)), 0.0, 0.03))
    found.append(Figure("lids over half closed, share of frames", float((lids > 0.5).mean()), 0.0, 0.08))
    if jaw.std() > 0 and lids.std() > 0:
        found.append(Figure("eyeBlink with jawOpen, r", float(np.corrcoef(lids, jaw)[0, 1]), -0.1, 0.1))
    found += _head(runs)
    found += _heeding(runs, np.random.default_rng(seed))
    for name, (least, most) in BROWS.items():
        found.append(Figure(f"{name}, deviation", float(weights[:, INDEX[name]].std()), least, most))
    return found


def _head(runs: Sequence[Performed]) -> list[Figure]:
    pose = np.concatenate([run.pose[:, :3] for run in runs])
    found = []
    for axis, name in enumerate(ANGLES):
        deviation = float(np.mean([run.pose[:, axis].std() for run in runs]))
        found.append(Figure(f"head {name}, deviation in degrees", deviation, *STD_DEG[axis]))
        speed = np.concatenate([speeds(run.pose[:, axis : axis + 1], run.fps) for run in runs])
        found.append(Figure(f"head {name}, mean speed in degrees/s", float(speed.mean()), *SPEED_DEG[axis]))
        found.append(Figure(f"head {name}, highest speed in degrees/s", float(speed.max()), 0.0, 200.0))
    found.append(Figure("head angles, 99 % within degrees", float(np.percentile(np.abs(pose), 99)), 0.0, 20.0))
    return found


def _heeding(runs: Sequence[Performed], rng: np.random.Generator) -> list[Figure]:
    known = [(len(accents(run)), *heeded(run, rng)) for run in runs]
    known = [row for row in known if row[0]]
    if not known:
        return []
    count, hits, chance = np.array(known).T
    share, by_chance = float(np.average(hits, weights=count)), float(np.average(chance, weights=count))
    return [
        Figure("accents heeded by head or brows, share", share, 0.0, 1.0),
        Figure("the same, times what chance heeds", share / by_chance, 1.5, 10.0),
    ]


def table(figures: Sequence[Figure]) -> str:
    """As text, one figure a line."""
    lines = [f"{'figure':46} {'value':>8}  must"]
    for figure in figures:
        note = "" if figure.good else "   <- out of its range"
        lines.append(f"{figure.name:46} {figure.value:8.3f}  {figure.least:g} to {figure.most:g}{note}")
    return "\n".join(lines)
