"""Figures of a performance: how often it blinks, how lids, head and brows move, and whether they heed accents."""

from collections.abc import Sequence
from math import erf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.performance import blinks
from model.windows import Floats
from protocols.blendshapes import INDEX
from training.performance.perform import Performed

SHUT: Final = 0.5
"""A lid is over half closed."""
BLINK: Final = 0.4
"""A blink rises above this, and begins anew only after half of it."""
ACCENT_S: Final = 0.3
"""Accents are loudest within so much time before and after."""
ACCENT_LOUDEST: Final = 60
"""They are louder than so many per cent of the voiced frames."""
NEAR_S: Final = 0.2
"""A movement within this time heeds an accent."""
FAST: Final = 80
"""It is faster than so many per cent of all frames."""
SHIFTS: Final = 200
"""Circular shifts of the accents that tell what chance would hit."""

Numbers = NDArray[np.float64]


def blinks_s(eye_blink: Floats, fps: int) -> Numbers:
    """When the blinks in a curve (n,) begin, in seconds."""
    onsets, shut = [], False
    for frame, weight in enumerate(eye_blink):
        if not shut and weight > BLINK:
            onsets.append(frame)
        shut = weight > (BLINK / 2 if shut else BLINK)
    return np.array(onsets) / fps


def gaps_s(runs: Sequence[Performed]) -> Numbers:
    """From one blink to the next, of all runs; doubles count as one blink."""
    gaps = [np.diff(blinks_s(run.weights[:, INDEX["eyeBlinkLeft"]], run.fps)) for run in runs]
    together = np.concatenate(gaps)
    return together[together > blinks.LEAST_S]


def ks_distance(gaps: Numbers, median_s: float, sigma: float) -> float:
    """Largest difference between the distribution of gaps (n,) and a log-normal one (Kolmogorov and Smirnov)."""
    ordered = np.sort(gaps)
    expected = np.array([0.5 + 0.5 * erf(log(gap / median_s) / sigma / sqrt(2)) for gap in ordered])
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max(np.abs(expected - steps[:-1]).max(), np.abs(expected - steps[1:]).max()))


def accents(run: Performed) -> NDArray[np.int64]:
    """Frames of the loudest voiced peaks."""
    heard = run.heard
    voiced = (heard.voicing[0] > 0.5) & (heard.speech[0] > 0.2) & (heard.loudness_db[0] > -25)
    if not voiced.any():
        return np.array([], np.int64)
    loud = np.convolve(heard.loudness_db[0], np.hanning(7) / np.hanning(7).sum(), "same")
    reach = round(ACCENT_S * run.fps)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(loud, reach, constant_values=-100), 2 * reach + 1)
    return np.flatnonzero((loud == around.max(1)) & voiced & (loud > np.percentile(loud[voiced], ACCENT_LOUDEST)))


def speeds(values: Floats, fps: int) -> Numbers:
    """Speed (n,) of what moves along (n, k), per second."""
    speed = np.abs(np.diff(np.asarray(values, np.float64), axis=0, prepend=values[:1])) * fps
    together: Numbers = np.sqrt(np.square(speed).sum(1))
    return together


def movements(speed: Numbers) -> NDArray[np.int64]:
    """Frames at which a speed (n,) has a peak above its 80th percentile."""
    fast = speed > np.percentile(speed, FAST)
    return np.flatnonzero(fast[1:-1] & (speed[1:-1] >= speed[:-2]) & (speed[1:-1] > speed[2:])) + 1


def heeded(run: Performed, rng: np.random.Generator) -> tuple[float, float]:
    """Share of accents with a movement of head or brows nearby, and the same for accents that are shifted in time."""
    at = accents(run)
    moved = np.zeros(len(run.weights), bool)
    brows = run.weights[:, [INDEX["browInnerUp"], INDEX["browDownLeft"]]]
    for values in (run.pose[:, :3], brows):
        moved[movements(speeds(values, run.fps))] = True
    reach = round(NEAR_S * run.fps)
    near = np.convolve(moved, np.ones(2 * reach + 1), "same") > 0.5
    if not len(at):
        return float("nan"), float("nan")
    chance = [near[(at + shift) % len(near)].mean() for shift in rng.integers(len(near), size=SHIFTS)]
    return float(near[at].mean()), float(np.mean(chance))
