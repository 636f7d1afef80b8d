"""How large a mouth moves: beside real ARKit faces, and when somebody speaks up."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ
from training.datasets.clips import Clip, Curves
from training.strangers.shapes import LIPS, values

REAL: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "jawOpen": (0.30, 0.30), "mouthFunnel": (0.37, 0.37), "mouthPucker": (0.29, 0.29),
        "mouthLowerDown": (0.39, 0.61), "mouthUpperUp": (0.33, 0.36), "mouthStretch": (0.13, 0.25),
        "mouthSmile": (0.35, 0.72), "mouthShrugUpper": (0.11, 0.19), "mouthShrugLower": (0.07, 0.29),
        "mouthClose": (0.07, 0.07), "mouthPress": (0.03, 0.05), "mouthRollLower": (0.01, 0.26),
        "mouthFrown": (0.13, 0.13), "mouthDimple": (0.03, 0.14), "jawForward": (0.07, 0.11),
    }
)  # fmt: skip
"""95th percentile of each shape in lively speech, from the least to the most of several real ARKit faces."""
_QUIET_DB: Final = 25
"""Below the loudest 100 ms of a recording nobody speaks."""

Mask = NDArray[np.bool_]


def p95(faces: Sequence[Curves], talking: Sequence[Mask], shape: str) -> float:
    """95th percentile of a shape over the frames in speech of some faces (frames, 52)."""
    chosen = [values(face, shape)[there] for face, there in zip(faces, talking, strict=True)]
    return float(np.percentile(np.concatenate(chosen), 95))


def ratios(faces: Sequence[Curves], talking: Sequence[Mask]) -> dict[str, float]:
    """95th percentile of every shape, by the middle of the real ones."""
    return {f"p95 {shape} to real": p95(faces, talking, shape) / float(np.mean(REAL[shape])) for shape in REAL}


def loud(clip: Clip, frames: int, fps: float) -> Mask:
    """The frames (frames,) in which a recording is not quiet."""
    block = SAMPLE_RATE_HZ // 10
    whole = np.pad(clip.samples, (0, -len(clip) % block)).reshape(-1, block)
    level_db = 20 * np.log10(np.sqrt(np.square(whole).mean(1)) + 1e-9)
    at = np.minimum((np.arange(frames) / fps * 10).astype(int), len(level_db) - 1)
    return np.asarray(level_db[at] > level_db.max() - _QUIET_DB)


def wider(
    normal: Sequence[Curves], strong: Sequence[Curves], masks: tuple[Sequence[Mask], Sequence[Mask]]
) -> dict[str, float]:
    """Strong to normal speech of the same people and words: 95th percentile of jaw and lips, mean over recordings."""

    def mean(faces: Sequence[Curves], talking: Sequence[Mask], shapes: Sequence[str]) -> float:
        return float(np.mean([p95([f], [t], shape) for f, t in zip(faces, talking, strict=True) for shape in shapes]))

    return {
        f"{part}, strong to normal": mean(strong, masks[1], shapes) / max(mean(normal, masks[0], shapes), 1e-9)
        for part, shapes in (("jaw", ("jawOpen",)), ("lips", LIPS))
    } | {"pairs": float(len(normal))}
