"""Whether the mouth stays open through a vowel: a held or sung one looks like no speech to a careless detector."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model.windows import SAMPLE_RATE_HZ
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.phones.table import VOWELS
from training.strangers.shapes import JUDGED, table

INSIDE_S: Final = 0.06
"""Frames count so long after a vowel's beginning and before its end: lips are on their way there."""
AT_REST: Final = 0.05
"""The mouth rests where none of its shapes is larger."""
_SHAPES: Final = tuple(shape for shape in JUDGED if shape != "mouthSmile")


def figures(said: Sequence[Spoken], faces: Sequence[Curves], fps: float) -> dict[str, float]:
    """Share of the frames inside vowels in which the mouth rests, of faces (frames, 52); {} without such frames."""
    resting: list[bool] = []
    for spoken, face in zip(said, faces, strict=True):
        times_s = np.arange(len(face)) / fps
        largest = table(face, _SHAPES).max(1)
        for phone, begin, end in spoken.phones:
            if phone in VOWELS:
                begin_s, end_s = begin / SAMPLE_RATE_HZ + INSIDE_S, end / SAMPLE_RATE_HZ - INSIDE_S
                resting += (largest[(times_s >= begin_s) & (times_s < end_s)] < AT_REST).tolist()
    return {"vowels at rest": float(np.mean(resting))} if resting else {}
