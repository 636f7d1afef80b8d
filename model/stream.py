"""The one way to turn sound into a face: `start` a stream, `step` it over windows, or `render` a whole recording.

Live, a step takes one hop; offline, several at once. The face is the same however the stream was cut: the GRU
carries one state per denoising step, DDIM is deterministic, and the noise is a function of (seed, frame).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor

from model import noise, sampler
from model.face import FaceModel
from model.windows import SAMPLE_RATE_HZ, Samples, WindowSpec, windows_of
from protocols import blendshapes
from protocols.errors import FacewireError

RENDER_HOPS = 8
"""Hops that `render` computes at once: enough to use the machine well, short enough to show progress."""

_TENSORS = ("identity", "towards", "noise_scale", "hidden", "voice", "voiced")

FADE_HOPS = 5
"""Hops over which one identity becomes another: half a second."""

VOICED_DB = -50.0
"""Hops louder than this, in dB below full scale, tell who is speaking."""


@dataclass(frozen=True)
class StreamState:
    """All that B sessions carry from hop to hop. A value: keep an old one and continue from it at any time."""

    window: WindowSpec
    next_hops: tuple[int, ...]
    """The hop that each session expects next."""
    seeds: tuple[int, ...]
    identity: Tensor
    """Identity features (B, D) that the last hop ended with."""
    towards: Tensor
    """Identity features (B, D) that `identity` is fading to."""
    fading: int
    """Hops until it is there."""
    noise_scale: Tensor
    """Scale of the noise per channel (C,): 0 on the lips, which the sound decides; liveliness elsewhere."""
    hidden: Tensor
    """GRU states (steps, layers, B, hidden)."""
    voice: Tensor
    """Sum (B, D) of the audio features of all voiced frames."""
    voiced: Tensor
    """Number (B,) of voiced frames."""


def start(
    model: FaceModel,
    *,
    seeds: Sequence[int],
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    liveliness: float = 0.85,
) -> StreamState:
    """The state of B new sessions, one seed and identity each. Raises FacewireError for what the model lacks."""
    window = _window(model, lookahead_ms)
    identity = _identity_features(model, identities)
    return StreamState(
        window=window,
        next_hops=(0,) * len(seeds),
        seeds=tuple(seeds),
        identity=identity,
        towards=identity,
        fading=0,
        noise_scale=_noise_scale(model, liveliness),
        hidden=_silence(model, len(seeds)),
        voice=torch.zeros_like(identity),
        voiced=torch.zeros(len(seeds), device=identity.device),
    )


def turn(
    model: FaceModel,
    state: StreamState,
    *,
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    liveliness: float = 0.85,
) -> StreamState:
    """The same sessions under other settings, from their next hop on; another identity comes within `FADE_HOPS`.

    Raises FacewireError for what the model lacks.
    """
    towards = _identity_features(model, identities)
    same = torch.equal(towards, state.towards)
    return replace(
        state,
        window=_window(model, lookahead_ms),
        towards=towards,
        fading=state.fading if same else FADE_HOPS,
        noise_scale=_noise_scale(model, liveliness),
    )


def step(model: FaceModel, state: StreamState, windows: Tensor) -> tuple[StreamState, Tensor]:
    """Animate H consecutive hops of B sessions.

    Windows are (B, H, window samples); returns the next state and the face (B, H * frames per hop, 52) in [0, 1].
    """
    hops = windows.shape[1]
    frames_per_hop = state.window.frames_per_hop(model.config.fps)
    with torch.inference_mode():
        audio = model.features(windows, state.window.right_ms)  # (B, T, K, D)
        dial = torch.full((len(windows),), model.lookahead_index(state.window.right_ms), device=audio.device)
        identity = _fade(state, hops)
        condition = model.denoiser.condition(audio, identity.repeat_interleave(frames_per_hop, 1), dial)
        starts = [hop * frames_per_hop for hop in state.next_hops]
        start_noise = _noise(model, state, starts, hops * frames_per_hop).to(audio)
        trail = list(sampler.sample(model.denoiser, model.schedule, start_noise, condition, state.hidden))
        face = model.face(trail[-1][0])
        hidden = torch.stack([memory for _, memory in trail])
        voiced = _voiced(state.window, windows).repeat_interleave(frames_per_hop, 1)  # (B, T)
        following = replace(
            state,
            next_hops=tuple(hop + hops for hop in state.next_hops),
            identity=identity[:, -1],
            fading=max(0, state.fading - hops),
            hidden=hidden,
            voice=state.voice + (audio[:, :, 0] * voiced[..., None]).sum(1),
            voiced=state.voiced + voiced.sum(1),
        )
    return following, face


def match(model: FaceModel, state: StreamState) -> Tensor:
    """How much each session's voice so far is each identity's, cosine (B, N) in [-1, 1]; 0 before any voice."""
    with torch.inference_mode():
        return model.identities.scores(state.voice / state.voiced.clamp(min=1)[:, None])


def jump(state: StreamState, hop: int) -> StreamState:
    """Go on at another hop with a fresh memory: the sound between was lost."""
    return replace(state, next_hops=(hop,) * len(state.seeds), hidden=torch.zeros_like(state.hidden))


def frame_count(samples: int, fps: int) -> int:
    """Frames of a recording of so many samples: those whose time lies inside it."""
    return -(-samples * fps // SAMPLE_RATE_HZ)


def render(
    model: FaceModel,
    samples: Samples,
    *,
    seed: int = 0,
    identity: str | None = None,
    lookahead_ms: int | None = None,
    liveliness: float = 0.85,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """Animate a whole recording (n,) at 16 kHz as (frames, 52); `progress` hears hops done and in total."""
    state = start(model, seeds=[seed], identities=[identity], lookahead_ms=lookahead_ms, liveliness=liveliness)
    windows = windows_of(state.window, samples)
    faces = [np.empty((0, blendshapes.COUNT), np.float32)]
    for begin in range(0, len(windows), RENDER_HOPS):
        state, face = step(model, state, torch.from_numpy(windows[None, begin : begin + RENDER_HOPS]))
        faces.append(face[0].numpy())
        progress(state.next_hops[0], len(windows))
    return np.concatenate(faces)[: frame_count(len(samples), model.config.fps)]


def dump(state: StreamState) -> bytes:
    """The state as safetensors bytes, to be continued elsewhere by `restore`."""
    values = {
        "window": vars(state.window),
        "next_hops": state.next_hops,
        "seeds": state.seeds,
        "fading": state.fading,
    }
    tensors = {name: getattr(state, name).clone() for name in _TENSORS}
    return save(tensors | {"values": torch.frombuffer(bytearray(json.dumps(values).encode()), dtype=torch.uint8)})


def restore(data: bytes) -> StreamState:
    """The state that `dump` wrote."""
    tensors = load(data)
    values = json.loads(bytes(tensors.pop("values").numpy()))
    return StreamState(
        window=WindowSpec(**values["window"]),
        next_hops=tuple(values["next_hops"]),
        seeds=tuple(values["seeds"]),
        fading=values["fading"],
        **tensors,
    )


def _window(model: FaceModel, lookahead_ms: int | None) -> WindowSpec:
    if lookahead_ms is not None and lookahead_ms not in model.config.lookaheads_ms:
        known = ", ".join(map(str, model.config.lookaheads_ms))
        raise FacewireError(f"lookahead of {lookahead_ms} ms: this checkpoint was trained for {known} ms")
    return model.config.window(lookahead_ms)


def _identity_features(model: FaceModel, names: Sequence[str | None]) -> Tensor:
    with torch.inference_mode():
        return model.identities(torch.stack([model.identities.embedding(name) for name in names]))  # type: ignore[no-any-return]


def _noise_scale(model: FaceModel, liveliness: float) -> Tensor:
    scale = torch.full((len(model.config.blendshapes),), liveliness)
    scale[list(blendshapes.LIPS_27)] = 0.0
    return scale


def _fade(state: StreamState, hops: int) -> Tensor:
    """Identity features (B, H, D) of the next hops."""
    part = (torch.arange(1, hops + 1).to(state.identity) / max(1, state.fading)).clamp(max=1)
    return torch.lerp(state.identity[:, None], state.towards[:, None], part[None, :, None])


def _voiced(window: WindowSpec, windows: Tensor) -> Tensor:
    """1 for each hop (B, H) whose own sound is loud enough to tell a voice, else 0."""
    own = windows[..., window.left_samples : window.left_samples + window.hop_samples]
    return (own.square().mean(-1) > 10 ** (VOICED_DB / 10)).to(own)


def _silence(model: FaceModel, sessions: int) -> Tensor:
    config = model.config
    return torch.zeros(config.steps, config.layers, sessions, config.hidden, device=model.face_mean.device)


def _noise(model: FaceModel, state: StreamState, starts: Sequence[int], frames: int) -> Tensor:
    """Noise (B, frames, C) of each session's absolute frames."""
    poles = model.config.noise_poles
    drawn = [noise.correlated(seed, first, frames, poles) for seed, first in zip(state.seeds, starts, strict=True)]
    return torch.from_numpy(np.stack(drawn)) * state.noise_scale
