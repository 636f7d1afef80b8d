"""The windows an encoder learns from: cut from the track as at run time, disturbed, some of them without a voice."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from model.windows import FEATURE_SAMPLES, Samples, WindowSpec
from training.encoder.targets import Features
from training.encoder.track import Track
from training.sounds.augment import disturb, quiet


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder is trained. Step n of a run depends on these settings and n alone."""

    steps: int = 4500
    batch: int = 32
    """Windows per step."""
    learning_rate: float = 1.5e-3
    warmup_steps: int = 150
    seed: int = 0
    window: WindowSpec = field(default_factory=WindowSpec)
    lookaheads_ms: tuple[int, ...] = (0, 40, 80, 160, 240)
    weights: tuple[float, float, float] = (0.2, 1.0, 0.5)
    """Of the loss before, in and after the hop."""
    silent: float = 0.12
    """Share of windows without speech: silence and noise, whose target is the teachers' output for silence."""
    cut: float = 0.1
    """Share of windows that begin before their stream does."""


@dataclass(frozen=True)
class Batch:
    """Windows (B, samples), targets by teacher (B, features, dim), weight of each feature (features,)."""

    windows: Tensor
    targets: dict[str, Tensor]
    weights: Tensor


def batch_at(step: int, track: Track, settings: EncoderSettings) -> Batch:
    """The windows of a step: the same for the same seed and step, however often the run was resumed."""
    rng = np.random.default_rng([settings.seed, step])
    spec = settings.window.with_lookahead(int(rng.choice(settings.lookaheads_ms)))
    drawn = [_example(track, spec, settings, rng) for _ in range(settings.batch)]
    before, payload, after = settings.weights
    right = spec.features - spec.left_features - spec.hop_features
    weights = torch.tensor([before] * spec.left_features + [payload] * spec.hop_features + [after] * right)
    return Batch(
        torch.from_numpy(np.stack([sound for sound, _ in drawn])),
        {name: torch.from_numpy(np.stack([t[name] for _, t in drawn])) for name in track.targets},
        weights / weights.sum(),
    )


def _example(
    track: Track, spec: WindowSpec, settings: EncoderSettings, rng: np.random.Generator
) -> tuple[Samples, dict[str, Features]]:
    if rng.random() < settings.silent:
        still = {name: np.tile(row, (spec.features, 1)) for name, row in track.silence.items()}
        return quiet(spec.samples, rng), still
    sound, targets = track.window(spec, int(rng.integers(track.features - spec.features)))
    sound = disturb(sound, rng)
    if rng.random() < settings.cut:
        missing = int(rng.integers(1, spec.left_features + 1))
        sound[: missing * FEATURE_SAMPLES] = 0
        for name, rows in targets.items():
            rows[:missing] = track.silence[name]
    return sound, targets
