"""A small lip reader: which viseme a mouth shows, from 300 ms of its curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.datasets.clips import Curves
from training.phones.table import VISEMES
from training.strangers.shapes import GAP, table

REACH: Final = 4
"""Frames before and after the one that is read, at 30 fps."""
SHAPES: Final = (
    "jawOpen", GAP, "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthSmile", "mouthFrown", "mouthStretch", "mouthLowerDown", "mouthUpperUp",
)  # fmt: skip
CLASSES: Final = len(VISEMES)
_LEAST_SHARE: Final = 0.25
"""A shape that moves less than this share of a real one's deviation is not made as large as the others."""
_HIDDEN, _STEPS, _BATCH, _NOISE = 96, 600, 256, 0.2

Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]
"""The viseme of each frame (frames,); -1 where it must not be learnt or does not count."""


@dataclass(frozen=True)
class Reader:
    """A net that was trained on real curves, and how much those move."""

    net: nn.Sequential
    real_deviation: Curves
    """(shapes,)"""

    def read(self, faces: Sequence[Curves], talking: Sequence[Mask]) -> list[Labels]:
        """The viseme that each frame of some faces (frames, 52) shows.

        Their curves are standardised together, by what they do in the frames (frames,) of speech: how much silence
        there is does not matter.
        """
        windows = _windows(faces, talking, self.real_deviation)
        with torch.inference_mode():
            return [self.net(torch.from_numpy(each)).argmax(1).numpy() for each in windows]


def trained(faces: Sequence[Curves], talking: Sequence[Mask], labels: Sequence[Labels], *, seed: int = 0) -> Reader:
    """A reader of real faces (frames, 52) at 30 fps, with what each frame shows; classes count alike."""
    deviation = _in_speech([table(face, SHAPES) for face in faces], talking).std(0)
    known = np.concatenate(labels)
    x = torch.from_numpy(np.concatenate(_windows(faces, talking, deviation))[known >= 0])
    y = torch.from_numpy(known[known >= 0])
    counts = torch.bincount(y, minlength=CLASSES).float()
    weight = torch.where(counts > 0, len(y) / CLASSES / counts.clamp(min=1), 0.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more are slower with so small a net
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = _net(x.shape[1])
            _fit(net, x, y, weight)
    finally:
        torch.set_num_threads(threads)
    return Reader(net.eval().requires_grad_(False), np.asarray(deviation, np.float32))


def confusion(read: Sequence[Labels], shown: Sequence[Labels]) -> NDArray[np.int64]:
    """How often each viseme (row) was read as each (column)."""
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    for told, true in zip(read, shown, strict=True):
        np.add.at(counts, (true[true >= 0], told[true >= 0]), 1)
    return counts


def balanced_accuracy(counts: NDArray[np.int64]) -> float:
    """The mean over the visemes that occur of the share that was read right."""
    shown = counts.sum(1)
    return float((np.diag(counts)[shown > 0] / shown[shown > 0]).mean())


def chance(counts: NDArray[np.int64]) -> float:
    """The balanced accuracy of a face that always shows the same."""
    return 1 / int(np.count_nonzero(counts.sum(1)))


def _net(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, _HIDDEN), nn.GELU(), nn.Dropout(0.3),
        nn.Linear(_HIDDEN, _HIDDEN), nn.GELU(), nn.Dropout(0.3),
        nn.Linear(_HIDDEN, CLASSES),
    )  # fmt: skip


def _fit(net: nn.Sequential, x: Tensor, y: Tensor, weight: Tensor) -> None:
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        drawn = torch.randint(len(x), (_BATCH,))
        told = net(x[drawn] + _NOISE * torch.randn(_BATCH, x.shape[1]))
        optimiser.zero_grad()
        nn.functional.cross_entropy(told, y[drawn], weight).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        slower.step()


def _in_speech(curves: Sequence[Curves], talking: Sequence[Mask]) -> Curves:
    return np.concatenate([each[there] for each, there in zip(curves, talking, strict=True)])


def _windows(faces: Sequence[Curves], talking: Sequence[Mask], real_deviation: Curves) -> list[Curves]:
    """Each frame's 300 ms of standardised curves, (frames, window * shapes) for each face."""
    curves = [table(face, SHAPES) for face in faces]
    every = _in_speech(curves, talking)
    scale = np.maximum(every.std(0), np.maximum(_LEAST_SHARE * real_deviation, 1e-4))
    made = []
    for each in curves:
        padded = np.pad((each - every.mean(0)) / scale, ((REACH, REACH), (0, 0)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, 0)
        made.append(np.ascontiguousarray(windows.reshape(len(each), -1), np.float32))
    return made
