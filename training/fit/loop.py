"""The training loop of a denoiser, for the teacher and for every student."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from model import checkpoint
from model.face import FaceModel
from protocols.errors import FacewireError
from training.fit import losses, ranks, state
from training.fit.folder import START, STATE
from training.fit.logs import LossLog
from training.fit.segments import Segment, condition, fresh, noisy, segments
from training.interrupt import StoppedError, asked_to_stop
from training.passages.shards import Passages
from training.recipe import FitSettings, LossWeights

SAVE_EVERY: Final = 50
"""Steps between two saved states: a kill costs no more than these."""


class Outcome(NamedTuple):
    """The result of a segment."""

    total: Tensor
    """The loss that is minimised: a scalar."""
    terms: dict[str, Tensor]
    """Its terms for the log, unweighted."""
    states: list[Tensor]
    """The GRU states with which the passage's next segment begins."""


Loss = Callable[[Segment, list[Tensor]], Outcome]
"""The loss of a segment, given the GRU states that the last one returned (none at first)."""


def teacher_loss(model: FaceModel, weights: LossWeights = LossWeights()) -> Loss:  # noqa: B008
    """Equation 10: the weighted sum of expression, lip, contrast and velocity loss."""

    def loss(segment: Segment, states: list[Tensor]) -> Outcome:
        carried = fresh(states, segment)
        made, following = model.denoiser(
            noisy(model, segment), condition(model, segment), segment.t, carried[0] if carried else None
        )
        terms = teacher_terms(model, segment, made)
        return Outcome(weighted(terms, weights), terms, [following])

    return loss


def teacher_terms(model: FaceModel, segment: Segment, made: Tensor) -> dict[str, Tensor]:
    """The terms of equation 10 for a face (B, T, C) made from a segment."""
    with torch.autocast(made.device.type, enabled=False):
        return {
            "expression": losses.expression(made, segment.face, segment.weight),
            "lip": losses.lip(made, segment.face, segment.weight),
            "contrast": losses.contrast(model.identities.scores(segment.audio[:, :, 0].mean(1)), segment.speaker),
            "velocity": losses.velocity(made, segment.face, segment.weight),
        }


def weighted(terms: Mapping[str, Tensor], weights: LossWeights) -> Tensor:
    """The sum of the terms, each times the weight of its name."""
    return torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()


class _Objective(nn.Module):
    """The loss as a module of what is trained, so that gradients can be summed over processes."""

    def __init__(self, trained: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.trained = trained
        self.loss = loss

    def forward(self, segment: Segment, states: list[Tensor]) -> Outcome:
        with torch.autocast(segment.audio.device.type, torch.bfloat16, enabled=segment.audio.is_cuda):
            return self.loss(segment, states)


def run(
    model: FaceModel,
    passages: Passages,
    loss: Loss,
    ts: tuple[int, ...],
    settings: FitSettings,
    folder: Path,
    bar: Progress,
    *,
    told: Mapping[str, Any] | None = None,
    device: torch.device | None = None,
    save_every: int = SAVE_EVERY,
) -> FaceModel:
    """Train the model for the denoising steps `ts`; returns its moving average, on the CPU and ready for use.

    `folder` keeps the state of the run and its losses (losses.csv, TensorBoard's files); called again, it continues.
    `told` is what the checkpoint will record of its making. If torchrun started several processes, all of them call
    this.

    Raises FacewireError for a loss that is not finite and for a folder whose run was begun with other settings;
    StoppedError, after saving, when asked to stop.
    """
    _begin(model, folder, dict(told or {}))
    ranks.share_dropout(model.denoiser)
    model.to(device or "cpu").encoder.requires_grad_(False)
    trained = nn.ModuleDict({"denoiser": model.denoiser.train(), "identities": model.identities}).requires_grad_(True)
    average = deepcopy(trained)
    both = nn.ModuleDict({"trained": trained, "average": average})
    optimizer = torch.optim.Adam(trained.parameters(), lr=settings.learning_rate)
    begin = state.load(folder / STATE, both, optimizer) if (folder / STATE).exists() else 0
    objective: nn.Module = _Objective(trained, loss)
    if ranks.world() > 1:
        objective = DistributedDataParallel(objective, forward_sync_buffers=False)
    task = bar.add_task(folder.name, total=settings.steps, completed=begin)
    with LossLog(folder, begin) as log, asked_to_stop() as asked:
        for step in range(begin, settings.steps):
            _set_rate(optimizer, settings, step)
            torch.manual_seed(settings.seed * 1_000_003 + step)  # dropout
            values, stop = _step(objective, optimizer, segments(model, passages, settings, ts, step), settings, asked())
            if not math.isfinite(values["loss"]):
                raise FacewireError(f"{folder.name}: the loss of step {step} is not finite; try a lower learning rate")
            _follow(average, trained, min(settings.ema, (step + 1) / (step + 10)))
            log.write(step, values)
            bar.update(task, advance=1, description=f"{folder.name}  loss {values['loss']:.4f}")
            due = stop or (step + 1) % save_every == 0 or step + 1 == settings.steps
            if due and ranks.rank() == 0:
                state.save(folder / STATE, both, optimizer, step + 1)
            if stop:
                raise StoppedError(
                    f"{folder}: saved after step {step + 1} of {settings.steps}; run the same command to continue"
                )
    trained.load_state_dict(average.state_dict())
    return model.cpu().eval().requires_grad_(False)


def _begin(model: FaceModel, folder: Path, told: dict[str, Any]) -> None:
    """Save the model as it is before the first step, or check that the run in the folder has the same settings."""
    if ranks.rank() > 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / STATE).exists():
        checkpoint.save(model, folder / START, told, with_graphs=False)
        return
    before, now = checkpoint.header(folder / START)["provenance"], json.loads(json.dumps(told))
    other = [name for name in {**before, **now} if name != "commit" and before.get(name) != now.get(name)]
    if other:
        raise FacewireError(
            f"{folder}: a run that began with other settings ({', '.join(other)}); "
            "choose another --out, or delete it to begin again"
        )


def _step(
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    stretch: Iterable[Segment],
    settings: FitSettings,
    asked: bool,
) -> tuple[dict[str, float], bool]:
    """Descend on each segment in turn; returns the terms' mean over all processes, and whether any should stop."""
    found: list[Tensor] = []
    names: list[str] = []
    states: list[Tensor] = []
    for segment in stretch:
        outcome: Outcome = objective(segment, states)
        states, names = outcome.states, ["loss", *outcome.terms]
        found.append(torch.stack([outcome.total, *outcome.terms.values()]).detach())
        optimizer.zero_grad()
        # Processes sum their losses (training.losses); DistributedDataParallel takes the mean of their gradients.
        (outcome.total * ranks.world()).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(objective.parameters(), settings.clip_norm)
        optimizer.step()
    mean = torch.stack(found).mean(0)
    *values, stop = ranks.total(torch.cat([mean, mean.new_tensor([float(asked)])])).tolist()
    return dict(zip(names, values, strict=True)), stop > 0


def _set_rate(optimizer: torch.optim.Optimizer, settings: FitSettings, step: int) -> None:
    """One cycle: up over the first 15 %, then down along half a cosine. Or a constant rate."""
    done = step / settings.steps
    share = max(0.04, min(done / 0.15, 1.0))
    if done > 0.15:
        share *= 0.5 * (1 + math.cos((done - 0.15) / 0.85 * math.pi))
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * (share if settings.rate == "cycle" else 1.0)


@torch.no_grad()
def _follow(average: nn.Module, trained: nn.Module, decay: float) -> None:
    for mean, value in zip(average.parameters(), trained.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)
