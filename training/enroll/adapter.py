"""What no embedding of a frozen denoiser reaches: how far each channel of a face goes, and where it rests.

Scale and offset bring the deviation and the rest of the generated face to those of the recorded one. They are not
fitted by least squares, which would scale down to its mean whatever the sound does not decide: eyes, brows and half of
the lips.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import Floats
from protocols import blendshapes
from training.datasets.clips import Curves
from training.judge import metrics
from training.judge.metrics import Pair

SCALES: Final = (0.25, 3.0)
FURTHEST: Final = 0.3
"""Largest offset."""
PRIOR_S: Final = 5.0
"""Seconds of recording with the same weight as the assumption that nothing need be changed."""
REST_S: Final = 1.0
"""Seconds without speech from which a resting mouth can be told."""
LOWER: Final = 0.2
"""Share of the frames in which a channel of the upper face goes no further than at rest."""
MOVES: Final = 0.005
"""Least deviation of a channel that the denoiser moves."""
STILL: Final = 1e-3
"""Deviation of a recorded channel that does not move: it may not have been captured at all."""
BY_ERROR: Final = ("jaw", "mouth")
"""Regions that the sound decides: there an adapter is judged by the face's error, elsewhere by mean and deviation."""

Adapter = tuple[Floats, Floats]
"""Scale and offset (52,)."""


def none() -> Adapter:
    """The adapter that changes nothing."""
    return np.ones(blendshapes.COUNT, np.float32), np.zeros(blendshapes.COUNT, np.float32)


def behind(first: Adapter, second: Adapter) -> Adapter:
    """The adapter equal to two, one after the other."""
    return first[0] * second[0], first[1] * second[0] + second[1]


def adapted(face: Curves, adapter: Adapter) -> Curves:
    """A face (frames, 52) as `stream.step` makes it with an adapter."""
    moved: Curves = np.clip(face * adapter[0] + adapter[1], 0, 1)
    return moved


def matched(made: Curves, real: Curves, captured: NDArray[np.bool_], quiet: NDArray[np.bool_], fps: int) -> Adapter:
    """The adapter with which a face (frames, 52) moves and rests as the real one of the same sound.

    `quiet` (frames,) says when nobody speaks. Rest must stay rest. For jaw and mouth, rest is the median while nobody
    speaks: means would open the lips of a person who speaks little, and close those of one who speaks a lot. With too
    little silence to see it, it stays where it is. The rest of the face does not follow speech, but its shapes leave
    rest in one direction: there rest is the lower end of all frames. By their means, it would rest half blinking and
    half frowning.
    """
    share = len(real) / (len(real) + PRIOR_S * fps)
    deviations = made.std(0), real.std(0)
    moves = captured & (deviations[0] >= MOVES) & (deviations[1] >= STILL)
    ratio = np.where(moves, deviations[1], 1) / np.where(moves, deviations[0], 1)
    scale = np.clip(ratio**share, *SCALES)
    lips = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27)
    rest, real_rest = (np.quantile(face, LOWER, axis=0) for face in (made, real))
    told = np.ones(blendshapes.COUNT, bool)
    if quiet.sum() >= REST_S * fps:
        rest[lips], real_rest[lips] = (np.median(face[quiet], 0)[lips] for face in (made, real))
    else:
        told = ~lips
    offset = np.clip((real_rest - scale * rest) * share, -FURTHEST, FURTHEST) * (moves & told)
    return scale.astype(np.float32), offset.astype(np.float32)


def kept(adapter: Adapter, held: Sequence[Pair]) -> Adapter:
    """The adapter in the regions where it improves held-out faces; elsewhere none."""
    scale, offset = none()
    after = [Pair(adapted(pair.made, adapter), pair.real, pair.captured) for pair in held]
    for region, channels in blendshapes.REGIONS.items():
        use = held[0].channels(channels)
        measure = _error if region in BY_ERROR else _away
        if use and measure(after, use) < measure(held, use):
            scale[use], offset[use] = adapter[0][use], adapter[1][use]
    return scale, offset


def _error(pairs: Sequence[Pair], use: Sequence[int]) -> float:
    return float(np.mean([metrics.error(pair, use) for pair in pairs]))


def _away(pairs: Sequence[Pair], use: Sequence[int]) -> float:
    """How far mean and deviation of the generated face are from those of the real one."""
    made, real = (np.concatenate(faces)[:, list(use)] for faces in zip(*((p.made, p.real) for p in pairs), strict=True))
    return float((np.abs(made.mean(0) - real.mean(0)) + np.abs(made.std(0) - real.std(0))).mean())
