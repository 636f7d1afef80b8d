"""The loop that trains a denoiser: passages in, a checkpoint out; for the teacher and for every student."""

import csv
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import Progress
from torch import Tensor, nn

from model.face import FaceModel
from model.noise import filter_taps
from protocols.errors import FacewireError
from training import losses, state

Passages = Mapping[str, Tensor]


@dataclass(frozen=True)
class FitSettings:
    """How a denoiser is trained. Step n of a run is a function of these and n alone."""

    steps: int = 3000
    batch: int = 32
    """Passages per step."""
    segment_frames: int = 90
    carried: int = 3
    """Consecutive segments through which a passage carries its GRU state."""
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    reset: float = 0.1
    """Share of passages whose state is reset before a segment."""
    unknown: float = 0.1
    """Share of passages that are trained with the mean identity."""
    ema: float = 0.998
    seed: int = 0
    save_every: int = 300


@dataclass(frozen=True)
class Segment:
    """A stretch of B passages: standardised audio (B, T, D) and face (B, T, C), noise and weights like the face."""

    audio: Tensor
    face: Tensor
    weight: Tensor
    noise: Tensor
    t: Tensor
    """Denoising step of each passage (B,), the same over all its segments: each step has its own GRU state."""
    identity: Tensor
    """Index (B,); the number of identities for `unknown`."""
    lookahead: Tensor
    fresh: Tensor
    """(B,): 0 where the GRU state starts afresh."""


Loss = Callable[[Segment, list[Tensor]], tuple[Tensor, list[Tensor]]]
"""Loss of a segment, given the GRU states that the last one returned (empty at first), and the next states."""


def standardise(model: FaceModel, passages: Passages) -> None:
    """Set the model's statistics from the training set. Channels that nothing captured rest at 0."""
    audio = passages["audio"].float()
    model.audio_mean.copy_(audio.mean((0, 1)))
    model.audio_std.copy_(audio.std((0, 1)).clamp(min=1e-3))
    face, weight = passages["face"].float(), passages["weight"].float()
    total = weight.sum((0, 1)).clamp(min=1e-6)
    mean = (face * weight).sum((0, 1)) / total
    std = (((face - mean).square() * weight).sum((0, 1)) / total).sqrt()
    captured = (weight.amax((0, 1)) > 0).float()
    model.face_mean.copy_(mean * captured)
    model.face_std.copy_(std.clamp(min=0.01))
    model.denoiser.captured.copy_(captured)


def segments(
    model: FaceModel, passages: Passages, settings: FitSettings, ts: tuple[int, ...], step: int
) -> Iterator[Segment]:
    """The segments of training step `step`: random passages, offsets, denoising steps `ts` and noise."""
    draw = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    total, frames = passages["audio"].shape[:2]
    chosen = torch.randint(total, (settings.batch,), generator=draw)
    length = settings.segment_frames * settings.carried
    begin = int(torch.randint(frames - length + 1, (), generator=draw))
    identity = passages["identity"][chosen].clone()
    identity[torch.rand(settings.batch, generator=draw) < settings.unknown] = len(model.identities.names)
    t = torch.tensor(ts)[torch.randint(len(ts), (settings.batch,), generator=draw)]
    noise = correlated(settings.batch, length, passages["face"].shape[-1], model.config.noise_pole, draw)
    for k in range(settings.carried):
        inside = slice(begin + k * settings.segment_frames, begin + (k + 1) * settings.segment_frames)
        yield Segment(
            audio=(passages["audio"][chosen, inside].float() - model.audio_mean) / model.audio_std,
            face=(passages["face"][chosen, inside].float() - model.face_mean) / model.face_std,
            weight=passages["weight"][chosen, inside].float() * model.denoiser.captured,
            noise=noise[:, k * settings.segment_frames : (k + 1) * settings.segment_frames],
            t=t,
            identity=identity,
            lookahead=passages["lookahead"][chosen],
            fresh=(torch.rand(settings.batch, generator=draw) >= settings.reset).float() * float(k > 0),
        )


def correlated(batch: int, frames: int, channels: int, pole: float, draw: torch.Generator) -> Tensor:
    """Noise (B, T, C) of the kind that `model.noise` makes at run time."""
    taps = torch.from_numpy(filter_taps(pole)[::-1].copy()).float()
    white = torch.randn(batch * channels, 1, frames + len(taps) - 1, generator=draw)
    filtered = nn.functional.conv1d(white, taps[None, None])
    return filtered.reshape(batch, channels, frames).transpose(1, 2)


def condition(model: FaceModel, segment: Segment) -> Tensor:
    """The denoiser's condition for a segment (B, T, A), with the mean identity where it is unknown."""
    library = torch.cat([model.identities.embeddings, model.identities.unknown()[None]])
    features = model.identities(library[segment.identity])
    return model.denoiser.condition(segment.audio, features, segment.lookahead)


def noisy(model: FaceModel, segment: Segment) -> Tensor:
    """Equation 3: x_t = alpha x0 + sigma eps. Uncaptured channels hold their mean, and noise."""
    known = segment.face * (segment.weight > 0)
    alpha, sigma = model.schedule.alpha(segment.t).float(), model.schedule.sigma(segment.t).float()
    return alpha[:, None, None] * known + sigma[:, None, None] * segment.noise


def fresh(states: list[Tensor], segment: Segment) -> list[Tensor]:
    """GRU states (layers, B, hidden) cut off from their gradients, zero where the segment starts afresh."""
    return [value.detach() * segment.fresh[None, :, None] for value in states]


def teacher_loss(model: FaceModel) -> Loss:
    """Equation 10: the weighted sum of expression, lip, contrast and velocity loss."""

    def loss(segment: Segment, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        carried = fresh(states, segment)
        made, following = model.denoiser(
            noisy(model, segment), condition(model, segment), segment.t, carried[0] if carried else None
        )
        total = (
            losses.EXPRESSION * losses.expression(made, segment.face, segment.weight)
            + losses.LIP * losses.lip(made, segment.face, segment.weight)
            + losses.VELOCITY * losses.velocity(made, segment.face, segment.weight)
        )
        known = segment.identity < len(model.identities.names)
        if known.any():
            scores = model.identities.scores(segment.audio.mean(1))[known]
            total = total + losses.CONTRAST * losses.contrast(scores, segment.identity[known])
        return total, [following]

    return loss


def run(
    model: FaceModel,
    passages: Passages,
    loss: Loss,
    ts: tuple[int, ...],
    settings: FitSettings,
    folder: Path,
    bar: Progress,
) -> FaceModel:
    """Train the model for the denoising steps `ts` and return its moving average, ready for use.

    `folder` keeps the state of the run and its losses (losses.csv): called again, it goes on.
    Raises FacewireError where the loss is no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.requires_grad_(False)
    trained = nn.ModuleDict({"denoiser": model.denoiser.train(), "identities": model.identities})
    average = deepcopy(trained)
    both = nn.ModuleDict({"trained": trained, "average": average})
    parameters = list(trained.requires_grad_(True).parameters())
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    saved = folder / "state.safetensors"
    begin = state.load(saved, both, optimizer) if saved.exists() else 0
    task = bar.add_task(folder.name, total=settings.steps, completed=begin)
    for step in range(begin, settings.steps):
        torch.manual_seed(settings.seed * 1_000_003 + step)  # dropout
        values: list[float] = []
        states: list[Tensor] = []
        for segment in segments(model, passages, settings, ts, step):
            _rate(optimizer, settings, step)
            value, states = loss(segment, states)
            if not torch.isfinite(value):
                raise FacewireError(f"{folder.name}: the loss of step {step} is no number; try a lower learning rate")
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
            optimizer.step()
            values.append(value.item())
        _follow(average, trained, min(settings.ema, (step + 1) / (step + 10)))
        bar.update(task, advance=1, description=f"{folder.name}  loss {sum(values) / len(values):.4f}")
        _log(folder / "losses.csv", step, sum(values) / len(values))
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            state.save(saved, both, optimizer, step + 1)
    trained.load_state_dict(average.state_dict())
    return model.eval().requires_grad_(False)


def _rate(optimizer: torch.optim.Optimizer, settings: FitSettings, step: int) -> None:
    """One cycle: up over the first 15 %, then half a cosine down."""
    done = step / settings.steps
    up = done / 0.15
    down = 0.5 * (1 + torch.cos(torch.tensor((done - 0.15) / 0.85 * torch.pi)).item())
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * max(0.04, min(up, 1.0)) * (down if up > 1 else 1.0)


@torch.no_grad()
def _follow(average: nn.Module, trained: nn.Module, decay: float) -> None:
    for mean, value in zip(average.parameters(), trained.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)


def _log(path: Path, step: int, value: float) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow([step, f"{value:.6f}"])
