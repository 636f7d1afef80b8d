"""The windows an encoder learns from: cut from the track as at run time, disturbed, some of them without a voice."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model.cleaning import ORDER, clean
from model.windows import FEATURE_SAMPLES, RUMBLE_HZ, Samples, WindowSpec
from training.encoder.track import Cut, Track
from training.passages.compose import without_speech
from training.phones.table import INDEX, SILENCE
from training.sounds.augment import disturb
from training.sounds.recordings import Recordings

LEFT_MS: Final = 600
"""What an encoder that is trained here hears before a hop."""


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder is trained. Step n of a run depends on these settings and n alone."""

    steps: int = 4500
    batch: int = 32
    """Windows per step."""
    learning_rate: float = 1.5e-3
    warmup_steps: int = 150
    seed: int = 0
    window: WindowSpec = field(default_factory=lambda: WindowSpec(LEFT_MS, highpass_hz=RUMBLE_HZ))
    hops_ms: tuple[int, ...] = (20, 40, 100)
    lookaheads_ms: tuple[int, ...] = (0, 40, 80, 160, 240)
    weights: tuple[float, float, float] = (0.2, 1.0, 0.5)
    """Of the loss before, in and after the hop."""
    silent: float = 0.12
    """Share of windows without speech: silence and noise, whose target is the teachers' output for silence."""
    voices: float = 0.17
    """Largest change of the vocal tract and the pace, as a logarithm, in seven of ten windows."""
    phones: float = 1.0
    """Weight of the phones beside the teachers."""
    ahead: tuple[int, ...] = (2, 4, 8)
    """Phones so many features ahead are told, too, as far as lips prepare for them: only in training."""
    cut: float = 0.1
    """Share of windows that begin before their stream does."""


@dataclass(frozen=True)
class Batch:
    """Windows (B, samples), targets by teacher (B, features, dim), phones (B, features), weight of each feature."""

    windows: Tensor
    targets: dict[str, Tensor]
    phones: Tensor
    weights: Tensor


def batch_at(step: int, track: Track, settings: EncoderSettings, sounds: Sequence[Recordings] = ()) -> Batch:
    """The windows of a step: the same for the same seed and step, however often the run was resumed.

    `sounds` are recordings without speech.
    """
    rng = np.random.default_rng([settings.seed, step])
    right_ms, hop_ms = int(rng.choice(settings.lookaheads_ms)), int(rng.choice(settings.hops_ms))
    spec = replace(settings.window, right_ms=right_ms, hop_ms=hop_ms)
    drawn = [_example(track, spec, settings, rng, sounds) for _ in range(settings.batch)]
    before, payload, after = settings.weights
    right = spec.features - spec.left_features - spec.hop_features
    weights = torch.tensor([before] * spec.left_features + [payload] * spec.hop_features + [after] * right)
    return Batch(
        torch.from_numpy(np.stack([cut.sound for cut in drawn])),
        {name: torch.from_numpy(np.stack([cut.targets[name] for cut in drawn])) for name in track.targets},
        torch.from_numpy(np.stack([cut.phones for cut in drawn])),
        weights / weights.sum(),
    )


def _example(
    track: Track,
    spec: WindowSpec,
    settings: EncoderSettings,
    rng: np.random.Generator,
    sounds: Sequence[Recordings],
) -> Cut:
    if rng.random() < settings.silent:
        still = {name: np.tile(row, (spec.features, 1)) for name, row in track.silence.items()}
        silent = np.full(spec.features, INDEX[SILENCE])
        return Cut(_cleaned(without_speech(spec.samples, rng, sounds), spec), still, silent)
    longer = float(np.exp(rng.uniform(-settings.voices, settings.voices))) if rng.random() < 0.7 else 1.0
    reach = int(spec.features / longer) + 2
    cut = track.window(spec, int(rng.integers(track.features - reach)), longer)
    sound = disturb(cut.sound, rng)
    if rng.random() < settings.cut:
        missing = int(rng.integers(1, spec.left_features + 1))
        sound[: missing * FEATURE_SAMPLES] = 0
        cut.phones[:missing] = INDEX[SILENCE]
        for name, rows in cut.targets.items():
            rows[:missing] = track.silence[name]
    return cut._replace(sound=_cleaned(sound, spec))


def _cleaned(sound: Samples, spec: WindowSpec) -> Samples:
    """A window as the encoder hears it at run time, without rumble."""
    cleaned, _ = clean(sound.astype(np.float64) - sound[0], np.zeros(ORDER), spec.highpass_hz)
    return cleaned.astype(np.float32)
