"""The shapes of a mouth by which it is judged: both sides averaged, and how far the lips are apart."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from protocols.blendshapes import INDEX
from training.datasets.clips import Curves

GAP: Final = "gap"
"""jawOpen - mouthClose: how far the lips are apart."""
_ONE: Final = (
    "jawOpen", "jawForward", "mouthClose", "mouthFunnel", "mouthPucker",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
_SIDED: Final = ("Smile", "Frown", "Dimple", "Stretch", "Press", "LowerDown", "UpperUp")
CHANNELS: Final = {name: (INDEX[name],) for name in _ONE} | {
    f"mouth{name}": (INDEX[f"mouth{name}Left"], INDEX[f"mouth{name}Right"]) for name in _SIDED
}
"""Channels of each shape by its name without a side."""
JUDGED: Final = (
    "jawOpen", GAP, "mouthFunnel", "mouthPucker", "mouthLowerDown", "mouthUpperUp", "mouthStretch", "mouthSmile",
)  # fmt: skip
"""Shapes whose curves are compared with true ones."""
LIPS: Final = JUDGED[2:7]
"""Shapes of the lips that speech moves."""


def values(face: Curves, shape: str) -> Curves:
    """The curve (frames,) of a shape of a face (frames, 52)."""
    if shape == GAP:
        return np.asarray(face[:, INDEX["jawOpen"]] - face[:, INDEX["mouthClose"]], np.float32)
    return np.asarray(face[:, CHANNELS[shape]].mean(1), np.float32)


def table(face: Curves, shapes: Sequence[str]) -> Curves:
    """The curves (frames, shapes) of some shapes of a face (frames, 52)."""
    return np.stack([values(face, shape) for shape in shapes], 1)


def resampled(face: Curves, fps: float, wanted_fps: float, frames: int | None = None) -> Curves:
    """A face (frames, 52) at another rate, linearly interpolated; of the same length if `frames` is None."""
    count = round(len(face) * wanted_fps / fps) if frames is None else frames
    at = np.clip(np.arange(count) * fps / wanted_fps, 0, len(face) - 1)
    low = np.minimum(at.astype(int), max(0, len(face) - 2))
    share = (at - low)[:, None].astype(np.float32)
    return np.asarray(face[low] * (1 - share) + face[np.minimum(low + 1, len(face) - 1)] * share, np.float32)
