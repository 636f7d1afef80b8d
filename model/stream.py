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


@dataclass(frozen=True)
class StreamState:
    """All that B sessions carry from hop to hop. A value: keep an old one and continue from it at any time."""

    window: WindowSpec
    next_hops: tuple[int, ...]
    """The hop that each session expects next."""
    seeds: tuple[int, ...]
    identity: Tensor
    """Identity features (B, D)."""
    noise_scale: Tensor
    """Scale of the noise per channel (C,): 0 on the lips, which the sound decides; liveliness elsewhere."""
    hidden: Tensor
    """GRU states (steps, layers, B, hidden)."""


def start(
    model: FaceModel,
    *,
    seeds: Sequence[int],
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    liveliness: float = 0.85,
) -> StreamState:
    """The state of B new sessions, one seed and identity each. Raises FacewireError for what the model lacks."""
    config = model.config
    if lookahead_ms is not None and lookahead_ms not in config.lookaheads_ms:
        known = ", ".join(map(str, config.lookaheads_ms))
        raise FacewireError(f"lookahead of {lookahead_ms} ms: this checkpoint was trained for {known} ms")
    with torch.inference_mode():
        identity = model.identities(torch.stack([model.identities.embedding(name) for name in identities]))
    scale = torch.full((len(config.blendshapes),), liveliness)
    scale[list(blendshapes.LIPS_27)] = 0.0
    return StreamState(
        window=config.window(lookahead_ms),
        next_hops=(0,) * len(seeds),
        seeds=tuple(seeds),
        identity=identity,
        noise_scale=scale,
        hidden=_silence(model, len(seeds)),
    )


def step(model: FaceModel, state: StreamState, windows: Tensor) -> tuple[StreamState, Tensor]:
    """Animate H consecutive hops of B sessions.

    Windows are (B, H, window samples); returns the next state and the face (B, H * frames per hop, 52) in [0, 1].
    """
    hops = windows.shape[1]
    frames_per_hop = state.window.frames_per_hop(model.config.fps)
    with torch.inference_mode():
        audio = model.features(windows, state.window.right_ms)  # (B, T, D)
        dial = torch.full((len(windows),), model.lookahead_index(state.window.right_ms), device=audio.device)
        condition = model.denoiser.condition(audio, state.identity, dial)
        starts = [hop * frames_per_hop for hop in state.next_hops]
        start_noise = _noise(model, state, starts, hops * frames_per_hop).to(audio)
        trail = list(sampler.sample(model.denoiser, model.schedule, start_noise, condition, state.hidden))
        face = model.face(trail[-1][0])
        hidden = torch.stack([memory for _, memory in trail])
    return replace(state, next_hops=tuple(hop + hops for hop in state.next_hops), hidden=hidden), face


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
    values = {"window": vars(state.window), "next_hops": state.next_hops, "seeds": state.seeds}
    tensors = {name: getattr(state, name).contiguous() for name in ("identity", "noise_scale", "hidden")}
    return save(tensors | {"values": torch.frombuffer(bytearray(json.dumps(values).encode()), dtype=torch.uint8)})


def restore(data: bytes) -> StreamState:
    """The state that `dump` wrote."""
    tensors = load(data)
    values = json.loads(bytes(tensors.pop("values").numpy()))
    return StreamState(
        window=WindowSpec(**values["window"]),
        next_hops=tuple(values["next_hops"]),
        seeds=tuple(values["seeds"]),
        **tensors,
    )


def _silence(model: FaceModel, sessions: int) -> Tensor:
    config = model.config
    return torch.zeros(config.steps, config.layers, sessions, config.hidden, device=model.face_mean.device)


def _noise(model: FaceModel, state: StreamState, starts: Sequence[int], frames: int) -> Tensor:
    """Noise (B, frames, C) of each session's absolute frames."""
    pole = model.config.noise_pole
    drawn = [
        noise.correlated(seed, first, frames, len(state.noise_scale), pole)
        for seed, first in zip(state.seeds, starts, strict=True)
    ]
    return torch.from_numpy(np.stack(drawn)) * state.noise_scale
