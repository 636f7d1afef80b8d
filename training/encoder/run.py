"""One step of an encoder's training: how far the student is from its teachers, and the update."""

import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from protocols.errors import FacewireError
from training.encoder.batches import Batch, EncoderSettings
from training.encoder.student import Student
from training.encoder.track import UNKNOWN

SMOOTHING: Final = 0.05
"""Of the phones' labels, whose times are known to some 20 ms."""
AHEAD: Final = 0.3
"""Weight of each time ahead."""
BF16: Final = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
"""Whether the CPU is fast at bfloat16; others are ten times slower at it than at float32."""


def distances(made: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """L1 + (1 - cosine) to each teacher per feature, weighted over the window: scalars.

    Targets are standardised, so that teachers of any scale have the same weight.
    """
    found = {}
    for name, target in batch.targets.items():
        error = (made[name] - target).abs().mean(-1) + 1 - functional.cosine_similarity(made[name], target, dim=-1)
        found[name] = (error.mean(0) * batch.weights).sum()
    return found


def misheard(told: Tensor, batch: Batch, ahead: Sequence[int]) -> Tensor:
    """Cross-entropy of the phones now and `ahead`, weighted over the window; unknown ones do not count. A scalar."""
    found = []
    for place, later in enumerate((0, *ahead)):
        logits, wanted = told[:, : told.shape[1] - later, place], batch.phones[:, later:]
        weights = (batch.weights[: wanted.shape[1]] * (wanted != UNKNOWN)).flatten()
        error = functional.cross_entropy(
            logits.flatten(0, 1), wanted.clamp(min=0).flatten(), reduction="none", label_smoothing=SMOOTHING
        )
        found.append((error * weights).sum() / weights.sum().clamp(min=1e-3))
    return found[0] + AHEAD * torch.stack(found[1:]).sum() if ahead else found[0]


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

    def advance(self, batch: Batch) -> dict[str, float]:
        """One training step; returns its loss, and its parts by teacher. Raises FacewireError if it is not finite."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, self.settings)
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=BF16):
            made, told = self.student(batch.windows)
        parts = distances({name: value.float() for name, value in made.items()}, batch)
        loss = torch.stack(list(parts.values())).mean() if parts else torch.zeros(())
        if told is not None:
            parts["phones"] = misheard(told.float(), batch, self.settings.ahead)
            loss = loss + self.settings.phones * parts["phones"]
        if not torch.isfinite(loss):
            raise FacewireError(f"encoder: the loss of step {self.step} is {loss.item()}; try a lower learning rate")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return {"loss": loss.item(), **{name: part.item() for name, part in parts.items()}}
