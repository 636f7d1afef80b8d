"""Whether lips that close on p, b and m do so in every mood."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from model.performance.settings import MOODS, Settings
from model.runtime import Runtime
from model.windows import Floats
from protocols.blendshapes import INDEX
from training.datasets import alignments
from training.performance.figures import Figure
from training.performance.perform import Sound, perform

NEAR_S: Final = 0.08
"""Lips are closest within so much time before or after."""
PARTING: Final = ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")


def times_s(sound: Path) -> tuple[float, ...]:
    """When the lips close, in seconds, by the GRID alignment beside a recording: () without one.

    At the beginning of words in p, b or m, and at the end of the letter m. Raises FacewireError for any other file.
    """
    known = [word for word in alignments.words(sound) if word.text[0] in "pbm"]
    return tuple(word.end_s if word.text == "m" else word.begin_s for word in known)


def in_moods(runtime: Runtime, sounds: Sequence[Sound], seed: int, lookahead_ms: int | None) -> list[Figure]:
    """How far any mood, at its full intensity, takes the lips from where they are without a mood."""
    apart: list[float] = []
    parted: list[float] = []
    for sound in sounds:
        lips = {
            mood: perform(
                runtime,
                sound,
                settings=Settings(mood=mood, mood_intensity=1.0),
                seed=seed,
                lookahead_ms=lookahead_ms,
            ).weights
            for mood in MOODS
        }
        closed = _closed(sound, _open(lips["neutral"]), runtime.config.fps)
        every = np.stack(list(lips.values()))[:, closed]  # (moods, closures, 52)
        apart += np.abs(_open(every) - _open(every[0])).max(0).tolist()
        parted += (every - every[0])[..., [INDEX[name] for name in PARTING]].max((0, 2)).tolist()
    return [
        Figure("closures on p, b, m", len(apart), 1, np.inf),
        Figure("jawOpen - mouthClose there, farthest by mood", max(apart), 0.0, 0.01),
        Figure("upper or lower lip there, by mood, median", float(np.median(parted)), 0.0, 0.05),
    ]


def _open(weights: Floats) -> Floats:
    return weights[..., INDEX["jawOpen"]] - weights[..., INDEX["mouthClose"]]


def _closed(sound: Sound, apart: Floats, fps: int) -> list[int]:
    """The frame near each closure at which the lips are closest (frames,) without a mood."""
    reach = round(NEAR_S * fps)
    begins = [max(0, round(at_s * fps) - reach) for at_s in sound.closures_s]
    return [begin + int(apart[begin : begin + 2 * reach + 1].argmin()) for begin in begins if begin < len(apart)]
