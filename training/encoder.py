"""The compact speech encoder: a small HuBERT that learns the features of larger ones, window by window.

It is trained on exactly the windows of run time: cut at random from recordings whose targets the teachers
computed with long context, so that the student learns to make do with one second.
"""

import json
import logging
import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from rich.progress import track as progress
from torch import Tensor, nn
from torch.nn import functional
from transformers import HubertConfig

from model.windows import FEATURE_SAMPLES, Samples, WindowSpec
from protocols.errors import FacewireError
from training.sounds import Speech, disturb, minutes, quiet
from training.state import load, save
from training.student import Student, compact_config
from training.teachers import Features, Teacher
from training.track import Track, prepare

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder is trained. Step n of a run is a function of these and n alone."""

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
    silent: float = 0.08
    """Share of windows without speech: silence and noise, whose target is the teachers' silence."""
    cut: float = 0.1
    """Share of windows that begin before their stream does."""
    save_every: int = 250
    """Steps between exports."""


@dataclass(frozen=True)
class Batch:
    """Windows (B, samples), targets by teacher (B, features, dim), weight of each feature (features,)."""

    windows: Tensor
    targets: dict[str, Tensor]
    weights: Tensor


def batch_at(step: int, track: Track, settings: EncoderSettings) -> Batch:
    """The windows of a step: the same for the same seed and step, however often a run was resumed."""
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


def distance(made: dict[str, Tensor], batch: Batch) -> Tensor:
    """Mean over teachers of L1 + (1 - cosine) per feature, weighted over the window. A scalar."""
    parts = []
    for name, target in batch.targets.items():
        error = (made[name] - target).abs().mean(-1) + 1 - functional.cosine_similarity(made[name], target, dim=-1)
        parts.append((error.mean(0) * batch.weights).sum())
    return torch.stack(parts).mean()


def rate_at(step: int, settings: EncoderSettings) -> float:
    """Learning rate: linear warm-up, then half a cosine down to 0."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    done = max(0.0, (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps))
    return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Run:
    """A student and its optimiser at a step."""

    def __init__(self, student: Student, settings: EncoderSettings) -> None:
        self.student = student
        self.settings = settings
        self.step = 0
        self.optimizer = torch.optim.AdamW(student.parameters(), weight_decay=0.01, betas=(0.9, 0.98))

    def advance(self, batch: Batch) -> float:
        """One step of training; returns its loss. Raises FacewireError where that is no number."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, self.settings)
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            made = self.student(batch.windows)
        loss = distance({name: value.float() for name, value in made.items()}, batch)
        if not torch.isfinite(loss):
            raise FacewireError(f"encoder: the loss of step {self.step} is {loss.item()}; try a lower learning rate")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return loss.item()


def train_encoder(
    speech: Sequence[Speech],
    teachers: Sequence[Teacher],
    out: Path,
    *,
    work: Path,
    settings: EncoderSettings | None = None,
    config: HubertConfig | None = None,
) -> Path:
    """Distil the teachers into a compact HubertModel: a folder `out` that `HubertModel.from_pretrained` loads.

    `work` keeps the packed speech, the teachers' features and the state of the run: called again, it goes on.
    """
    settings = settings or EncoderSettings()
    track = prepare(speech, teachers, work)
    torch.manual_seed(settings.seed)
    dims = {name: rows.shape[-1] for name, rows in track.targets.items()}
    run = Run(Student(config or compact_config(), dims).train(), settings)
    state = work / "state.safetensors"
    if state.exists():
        run.step = load(state, run.student, run.optimizer)
        log.info("going on from step %d", run.step)
    told = {
        "minutes": minutes(speech),
        "licences": {s.name: s.licence for s in speech},
        "teachers": [teacher.name for teacher in teachers],
    }
    _steps(run, track, state, out, told)
    return out


def _steps(run: Run, track: Track, state: Path, out: Path, told: dict[str, Any]) -> None:
    losses, since, settings = [], monotonic(), run.settings
    for step in progress(range(run.step, settings.steps), "Training the encoder"):
        losses.append(run.advance(batch_at(step, track, settings)))
        if run.step % 50 == 0:
            speed = settings.batch * len(losses) / (monotonic() - since)
            log.info("step %d loss %.4f, %.0f windows/s", run.step, np.mean(losses), speed)
            losses, since = [], monotonic()
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            save(state, run.student, run.optimizer, run.step)
            export(run.student, out, {**told, "step": run.step, "settings": asdict(settings)})


def export(student: Student, out: Path, provenance: dict[str, Any]) -> None:
    """The encoder without its heads: config.json, model.safetensors (float32), and encoder.json saying whence."""
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    student.hubert.save_pretrained(part)
    (part / "encoder.json").write_text(json.dumps(provenance, indent=2) + "\n")
    out.mkdir(parents=True, exist_ok=True)
    for path in part.iterdir():
        os.replace(path, out / path.name)
    part.rmdir()
