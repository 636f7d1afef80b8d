"""What a training step sees: segments of passages, with randomly drawn noise, denoising steps and identities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.face import FaceModel
from model.noise import filter_taps
from protocols import blendshapes
from protocols.errors import FacewireError
from training.fit import ranks
from training.passages.shards import Passages
from training.passages.standardise import LEAST_STD
from training.recipe import FitSettings


@dataclass(frozen=True)
class Segment:
    """A stretch of B passages: standardised audio (B, T, K, D) and face (B, T, C); noise and weights as the face."""

    audio: Tensor
    face: Tensor
    weight: Tensor
    noise: Tensor
    t: Tensor
    """Denoising step of each passage (B,), the same in all its segments: each step has a GRU state of its own."""
    speaker: Tensor
    """Whose units the face has (B,): the index of the speaker, or the number of identities for `unknown`."""
    identity: Tensor
    """The identity given to the denoiser (B,), likewise."""
    lookahead: Tensor
    fresh: Tensor
    """(B,): 0 where the GRU state is reset."""


def segments(
    model: FaceModel, passages: Passages, settings: FitSettings, ts: tuple[int, ...], step: int
) -> Iterator[Segment]:
    """The segments of training step `step`: random passages, offsets, lengths, denoising steps `ts` and noise.

    They are on the model's device. With several processes, each draws everything and yields its part of the passages.
    """
    draw = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    total, frames = len(passages), passages.frames
    chosen = torch.randint(total, (settings.batch,), generator=draw)
    each = int(torch.randint(settings.shortest_frames, settings.segment_frames + 1, (), generator=draw))
    length = each * settings.carried
    if length > frames:
        raise FacewireError(f"{settings.carried} segments of {each} frames do not fit into passages of {frames}")
    begin = int(torch.randint(frames - length + 1, (), generator=draw))
    if torch.rand((), generator=draw) < settings.starts:
        begin = 0
    speaker, unknown = passages.take("identity", chosen), len(model.identities.names)
    telling = _telling(model)[speaker]
    another = speaker[torch.randperm(settings.batch, generator=draw)]
    strangers = torch.rand(settings.batch, generator=draw) < settings.unknown
    if not passages.has(unknown):  # nobody else says how large a stranger's face is
        speaker[strangers] = unknown
    exchanged = ~strangers & (torch.rand(settings.batch, generator=draw) < settings.exchanged)
    identity = torch.where(exchanged, another, speaker)
    identity[strangers] = unknown
    mirrored = (speaker == unknown) & (torch.rand(settings.batch, generator=draw) < 0.5)
    t = torch.tensor(ts)[torch.randint(len(ts), (settings.batch,), generator=draw)]
    noise = correlated(settings.batch, length, model.config.noise_poles, draw)
    noise[..., list(blendshapes.LIPS_27)] *= settings.lip_noise
    part, device = ranks.share(settings.batch), model.face_mean.device
    mine = chosen[part]
    lookahead = passages.take("lookahead", mine).to(device)
    who, told = speaker[part].to(device), identity[part].to(device)
    scale, offset = (values[who, None] for values in model.identities.manners())
    for k in range(settings.carried):
        kept = torch.rand(settings.batch, generator=draw) >= settings.reset
        inside = slice(begin + k * each, begin + (k + 1) * each)
        audio, face, weight = (
            passages.take(name, mine, inside).to(device).float() for name in ("audio", "face", "weight")
        )
        weight[..., blendshapes.INDEX["jawOpen"]] *= settings.jaw
        face, weight = (_mirrored(values, mirrored[part].to(device)) for values in (face, weight))
        face = (face - offset) / scale
        yield Segment(
            audio=model.standardised(audio, lookahead),
            face=(face - model.face_mean) / model.face_std,
            weight=weight * model.denoiser.captured * telling[part, None].to(device),
            noise=noise[part, k * each : (k + 1) * each].to(device),
            t=t[part].to(device),
            speaker=who,
            identity=told,
            lookahead=lookahead,
            fresh=(kept[part].float() * float(k > 0)).to(device),
        )


def _telling(model: FaceModel) -> Tensor:
    """Shapes (N + 1, C) that can be learnt from each face: not those that are still in a person's but not in others'.

    Their scale keeps such a shape still; how it moves is learnt from others.
    """
    still = model.identities.scale * model.face_std < 1.01 * LEAST_STD
    return torch.cat([~still | still.all(0), torch.ones_like(still[:1])]).cpu()


def _mirrored(values: Tensor, chosen: Tensor) -> Tensor:
    """Faces or weights (B, T, C), left and right swapped in the chosen passages (B,): strangers favour no side."""
    return torch.where(chosen[:, None, None], values[..., blendshapes.MIRROR], values)


def correlated(batch: int, frames: int, poles: Sequence[float], draw: torch.Generator) -> Tensor:
    """Noise (B, T, C) of the kind that `model.noise` makes at run time."""
    taps = torch.from_numpy(filter_taps(poles)[::-1].T.copy()).float()
    white = torch.randn(batch, len(poles), frames + taps.shape[1] - 1, generator=draw)
    return nn.functional.conv1d(white, taps[:, None], groups=len(poles)).transpose(1, 2)


def condition(model: FaceModel, segment: Segment) -> Tensor:
    """The denoiser's condition for a segment (B, T, A), with the mean identity where it is unknown."""
    library = torch.cat([model.identities.embeddings, model.identities.unknown()[None]])
    features = model.identities(library[segment.identity])
    return model.denoiser.condition(segment.audio, features, segment.lookahead)


def noisy(model: FaceModel, segment: Segment) -> Tensor:
    """Equation 3: x_t = alpha x0 + sigma eps. Channels that were not captured hold their mean, plus noise."""
    known = segment.face * (segment.weight > 0)
    alpha_bar = model.denoiser.alpha_bar[segment.t][:, None, None]
    return alpha_bar.sqrt() * known + (1 - alpha_bar).sqrt() * segment.noise


def fresh(states: list[Tensor], segment: Segment) -> list[Tensor]:
    """GRU states (layers, B, hidden) without gradient, zero where the segment resets them."""
    return [value.detach() * segment.fresh[None, :, None] for value in states]
