"""How much of a mouth a linear map can read from an encoder's features: ridge regression on clips with curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import timbre
from model.windower import windows_of
from model.windows import FEATURE_CENTRE_MS, FEATURE_MS, SAMPLE_RATE_HZ, Samples, WindowSpec
from protocols.blendshapes import INDEX
from training.datasets.clips import Clip
from training.datasets.dataset import Dataset
from training.datasets.splits import Split
from training.encoder.targets import Features

SHAPES: Final = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
"""The mouth shapes that are well observed in videos of speech."""
_PENALTIES: Final = (1.0, 10.0, 100.0, 1e3, 1e4)

Encode = Callable[[Samples], Features]
"""Windows (B, samples) -> features (B, frames, D)."""


@dataclass(frozen=True)
class ProbeResult:
    """Correlation of each shape over all test frames, and their mean."""

    by_shape: dict[str, float]
    mean: float


def ridge_probe(
    encode: Encode, datasets: Sequence[Dataset], *, spec: WindowSpec, strangers: Sequence[Dataset] = (), every: int = 3
) -> ProbeResult:
    """Fit on every `every`-th training clip, choose the penalty on validation clips, judge on all test clips.

    With datasets of `strangers`, whom nothing was fitted on, all of their clips are judged instead. Raises
    FacewireError if a dataset lacks one of these splits.
    """

    def frames(split: Split, step: int) -> tuple[Features, Features]:
        return _frames(encode, [clip for dataset in datasets for clip in dataset.clips(split)][::step], spec)

    inputs, curves = frames("train", every)
    validation = frames("validation", every)
    heard = [clip for dataset in strangers for clip in dataset.clips("all")]
    test = _frames(encode, heard, spec) if heard else frames("test", 1)
    centre, spread, mean = inputs.mean(0), inputs.std(0) + 1e-6, curves.mean(0)
    x = (inputs - centre) / spread
    gram, cross = x.T @ x, x.T @ (curves - mean)
    fits = [np.linalg.solve(gram + penalty * np.eye(len(gram)), cross) for penalty in _PENALTIES]

    def correlations(fit: NDArray[np.float64], frames: tuple[Features, Features]) -> NDArray[np.float64]:
        made, real = (frames[0] - centre) / spread @ fit, frames[1]
        return np.array([np.corrcoef(made[:, i], real[:, i])[0, 1] for i in range(real.shape[1])])

    best = max(fits, key=lambda fit: correlations(fit, validation).mean())
    judged = correlations(best, test)
    return ProbeResult(dict(zip(SHAPES, judged.tolist(), strict=True)), float(judged.mean()))


def streamed(encode: Encode, samples: Samples, spec: WindowSpec) -> Features:
    """The features of a whole recording, (hops * hop features, D), window by window as at run time."""
    every = encode(windows_of(spec, samples).unlevelled)
    kept = every[:, spec.left_features : spec.left_features + spec.hop_features]
    return kept.reshape(-1, kept.shape[-1])


def at_rate(features: Features, frames: int, fps: float) -> Features:
    """Features (n, D), n at least 2, at the times j / fps as (frames, D), by linear interpolation on absolute time."""
    place = (np.arange(frames) * 1000 / fps - FEATURE_CENTRE_MS) / FEATURE_MS
    place = np.clip(place, 0, len(features) - 1)
    low = np.minimum(place.astype(int), len(features) - 2)
    part = (place - low)[:, None].astype(np.float32)
    return np.asarray(features[low] * (1 - part) + features[low + 1] * part, np.float32)


def log_mel(windows: Samples) -> Features:
    """The baseline without learning: log energies (B, frames, bands) of HuBERT's frames."""
    return timbre.log_mel(windows, 1e-6)


def _frames(encode: Encode, clips: Sequence[Clip], spec: WindowSpec) -> tuple[Features, Features]:
    """Features and curves of clips, frame by frame at each clip's own rate: (n, D), (n, shapes)."""
    inputs, curves = [], []
    for clip in clips:
        frames = min(len(clip.curves), int(len(clip) / SAMPLE_RATE_HZ * clip.fps))
        inputs.append(at_rate(streamed(encode, clip.samples, spec), frames, clip.fps))
        curves.append(clip.at(np.arange(frames) / clip.fps)[0][:, [INDEX[name] for name in SHAPES]])
    return np.concatenate(inputs), np.concatenate(curves)
