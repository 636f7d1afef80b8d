"""How far a dataset's curves lag behind the sound: the lag at which the mouth's opening best matches the loudness.

Both are envelopes at 100 Hz without anything slower than a syllable; otherwise the long open mouth before and after a
sentence would decide. A correlation below `MIN_CORRELATION` is no evidence for any lag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.blendshapes import INDEX
from training.datasets.clips import Clip

RATE_HZ: Final = 100
MAX_LAG: Final = 40
"""In steps of 1 / RATE_HZ: 400 ms."""
MIN_CORRELATION: Final = 0.3
CLEARLY: Final = 0.8
"""Largest ratio of the second best lag's correlation to the best one's: speech is rhythmic."""
MIN_SECONDS: Final = 10.0
"""A few seconds may correlate well at some lag by chance."""
MOST_SECONDS: Final = 1800.0
"""Of a large dataset, recordings from all over it with this much sound are enough."""
_SLOW: Final = 15
"""Deviation of the Gaussian that is subtracted: 150 ms."""
_JAW, _CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]

Envelope = NDArray[np.float64]


@dataclass(frozen=True)
class Offset:
    """A measured lag of curves behind sound."""

    ms: float
    correlation: float
    """Mean over the recordings' time at this lag."""
    second: float
    """The best correlation at the lag of another syllable: at least 100 ms from this one."""
    seconds: float
    """Of the sound that was measured."""

    @property
    def trusted(self) -> bool:
        """Whether the correlation is evidence for this lag alone; if not, the curves are best left as they are."""
        clear = self.correlation >= max(MIN_CORRELATION, self.second / CLEARLY)
        return clear and self.seconds >= MIN_SECONDS and abs(self.ms) < 1000 * MAX_LAG / RATE_HZ


def measure(clips: Sequence[Clip]) -> Offset:
    """The lag beyond the clips' own offsets, up to 400 ms, from recordings whose jaw was captured and moved."""
    total, weight = np.zeros(2 * MAX_LAG + 1), 0
    usable = [clip for clip in clips if clip.confidence[_JAW] > 0]
    step = max(1.0, sum(len(clip) for clip in usable) / SAMPLE_RATE_HZ / MOST_SECONDS)
    for index in np.unique(np.arange(0, len(usable), step).astype(int)):
        found = _correlations(usable[index])
        if found is not None:
            total, weight = total + found[0] * found[1], weight + found[1]
    if not weight:
        return Offset(0.0, 0.0, 0.0, 0.0)
    mean = total / weight
    best = int(mean.argmax())
    others = mean[np.abs(np.arange(len(mean)) - best) >= RATE_HZ // 10]
    top = best + (_summit(mean[best - 1 : best + 2]) if 0 < best < len(mean) - 1 else 0.0)
    lag_ms = round(1000 * (top - MAX_LAG) / RATE_HZ, 1)
    return Offset(lag_ms, float(mean[best]), float(others.max()), weight / RATE_HZ)


def _summit(three: Envelope) -> float:
    """The position of the maximum of the parabola through three values, in steps from the middle one."""
    before, at, after = three.tolist()
    bend = before - 2 * at + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _correlations(clip: Clip) -> tuple[Envelope, int] | None:
    """Correlation at every lag from -MAX_LAG to MAX_LAG and the number of steps; None for a still face."""
    loud = _fast(_loudness(clip.samples))
    times_s = (np.arange(-MAX_LAG, len(loud) + MAX_LAG) + 0.5) / RATE_HZ + clip.offset_s
    frames_s = np.arange(len(clip.curves)) / clip.fps
    jaw = np.asarray(clip.curves[:, _JAW] - clip.curves[:, _CLOSE], np.float64)
    opening = _fast(np.interp(times_s, frames_s, jaw))
    views = np.lib.stride_tricks.sliding_window_view(opening, len(loud))
    loud = loud - loud.mean()
    moved = views - views.mean(1, keepdims=True)
    size = np.sqrt(np.square(moved).sum(1) * np.square(loud).sum())
    return (moved @ loud / size, len(loud)) if (size > 1e-6).all() else None


def _loudness(samples: Samples) -> Envelope:
    """Root of the sound's amplitude, smoothed, in the middle of each step."""
    block = SAMPLE_RATE_HZ // RATE_HZ
    energy = np.square(samples[: len(samples) // block * block], dtype=np.float64).reshape(-1, block).mean(1)
    window = np.hanning(13)[1:-1]
    return np.convolve(energy, window / window.sum(), "same") ** 0.25


def _fast(values: Envelope) -> Envelope:
    """The values without their slow part."""
    kernel = np.exp(-0.5 * np.square(np.arange(-3 * _SLOW, 3 * _SLOW + 1) / _SLOW))
    padded = np.pad(values, 3 * _SLOW, mode="edge")
    return values - np.convolve(padded, kernel / kernel.sum(), "valid")
