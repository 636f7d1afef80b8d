"""The one way to turn sound into a face: `start` a stream, `step` it over windows, or `render` a whole recording.

Live, a step takes one hop; offline, several at once. The face is the same however the stream was cut: the GRU
carries one state per denoising step, DDIM is deterministic, and the noise is a function of (seed, frame).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from safetensors.numpy import load, save

from model import level, noise
from model.level import Levels
from model.runtime import Floats, Runtime
from model.windows import SAMPLE_RATE_HZ, Samples, WindowSpec, windows_of
from protocols import blendshapes
from protocols.errors import FacewireError

RENDER_HOPS = 8
"""Hops that `render` computes at once: enough to use the machine well, short enough to show progress."""

_ARRAYS = ("level_db", "identity", "towards", "noise_scale", "hidden", "voice", "voiced")

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
    level_db: Levels
    """How loud each session has been (B,), see `model.level`."""
    identity: Floats
    """Identity features (B, D) that the last hop ended with."""
    towards: Floats
    """Identity features (B, D) that `identity` is fading to."""
    fading: int
    """Hops until it is there."""
    noise_scale: Floats
    """Scale of the noise per channel (C,): 0 on the lips, which the sound decides; liveliness elsewhere."""
    hidden: Floats
    """GRU states (steps, layers, B, hidden)."""
    voice: Floats
    """Sum (B, D) of the audio features of all voiced frames."""
    voiced: Floats
    """Number (B,) of voiced frames."""


def start(
    runtime: Runtime,
    *,
    seeds: Sequence[int],
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    liveliness: float = 0.75,
) -> StreamState:
    """The state of B new sessions, one seed and identity each. Raises FacewireError for what the model lacks."""
    window = _window(runtime, lookahead_ms)
    identity = runtime.identity(identities)
    return StreamState(
        window=window,
        next_hops=(0,) * len(seeds),
        seeds=tuple(seeds),
        level_db=level.start(len(seeds)),
        identity=identity,
        towards=identity,
        fading=0,
        noise_scale=_noise_scale(runtime, liveliness),
        hidden=_silence(runtime, len(seeds)),
        voice=np.zeros_like(identity),
        voiced=np.zeros(len(seeds), np.float32),
    )


def turn(
    runtime: Runtime,
    state: StreamState,
    *,
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    liveliness: float = 0.75,
) -> StreamState:
    """The same sessions under other settings, from their next hop on; another identity comes within `FADE_HOPS`.

    Raises FacewireError for what the model lacks.
    """
    towards = runtime.identity(identities)
    same = np.array_equal(towards, state.towards)
    return replace(
        state,
        window=_window(runtime, lookahead_ms),
        towards=towards,
        fading=state.fading if same else FADE_HOPS,
        noise_scale=_noise_scale(runtime, liveliness),
    )


def step(runtime: Runtime, state: StreamState, windows: Floats) -> tuple[StreamState, Floats]:
    """Animate H consecutive hops of B sessions.

    Windows are (B, H, window samples); returns the next state and the face (B, H * frames per hop, 52) in [0, 1].
    """
    hops, right_ms = windows.shape[1], state.window.right_ms
    frames_per_hop = state.window.frames_per_hop(runtime.config.fps)
    level_db, levelled = level.follow(state.window, windows, state.level_db)
    audio = runtime.features(levelled, right_ms)  # (B, T, K, D)
    identity = _fade(state, hops)
    starts = [hop * frames_per_hop for hop in state.next_hops]
    face, hidden = runtime.denoise(
        _noise(runtime, state, starts, hops * frames_per_hop),
        audio,
        identity.repeat(frames_per_hop, 1),
        right_ms,
        state.hidden,
    )
    voiced = _voiced(state.window, windows).repeat(frames_per_hop, 1)  # (B, T)
    following = replace(
        state,
        next_hops=tuple(hop + hops for hop in state.next_hops),
        level_db=level_db,
        identity=identity[:, -1],
        fading=max(0, state.fading - hops),
        hidden=hidden,
        voice=state.voice + (audio[:, :, 0] * voiced[..., None]).sum(1),
        voiced=state.voiced + voiced.sum(1),
    )
    return following, face


def match(runtime: Runtime, state: StreamState) -> Floats:
    """How much each session's voice so far is each identity's, cosine (B, N) in [-1, 1]; 0 before any voice."""
    frames = np.maximum(state.voiced, 1).astype(np.float32)
    return runtime.scores(state.voice / frames[:, None])


def jump(state: StreamState, hop: int) -> StreamState:
    """Go on at another hop with a fresh memory: the sound between was lost."""
    return replace(state, next_hops=(hop,) * len(state.seeds), hidden=np.zeros_like(state.hidden))


def frame_count(samples: int, fps: int) -> int:
    """Frames of a recording of so many samples: those whose time lies inside it."""
    return -(-samples * fps // SAMPLE_RATE_HZ)


def render(
    runtime: Runtime,
    samples: Samples,
    *,
    seed: int = 0,
    identity: str | None = None,
    lookahead_ms: int | None = None,
    liveliness: float = 0.75,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Floats:
    """Animate a whole recording (n,) at 16 kHz as (frames, 52); `progress` hears hops done and in total."""
    state = start(runtime, seeds=[seed], identities=[identity], lookahead_ms=lookahead_ms, liveliness=liveliness)
    windows = windows_of(state.window, samples)
    faces = [np.empty((0, blendshapes.COUNT), np.float32)]
    for begin in range(0, len(windows), RENDER_HOPS):
        state, face = step(runtime, state, windows[None, begin : begin + RENDER_HOPS])
        faces.append(face[0])
        progress(state.next_hops[0], len(windows))
    return np.concatenate(faces)[: frame_count(len(samples), runtime.config.fps)]


def dump(state: StreamState) -> bytes:
    """The state as safetensors bytes, to be continued elsewhere by `restore`."""
    values = {
        "window": vars(state.window),
        "next_hops": state.next_hops,
        "seeds": state.seeds,
        "fading": state.fading,
    }
    arrays = {name: np.ascontiguousarray(getattr(state, name)) for name in _ARRAYS}
    return save(arrays | {"values": np.frombuffer(json.dumps(values).encode(), np.uint8)})


def restore(data: bytes) -> StreamState:
    """The state that `dump` wrote."""
    arrays = load(data)
    values = json.loads(arrays.pop("values").tobytes())
    return StreamState(
        window=WindowSpec(**values["window"]),
        next_hops=tuple(values["next_hops"]),
        seeds=tuple(values["seeds"]),
        fading=values["fading"],
        **arrays,
    )


def _window(runtime: Runtime, lookahead_ms: int | None) -> WindowSpec:
    if lookahead_ms is not None and lookahead_ms not in runtime.config.lookaheads_ms:
        known = ", ".join(map(str, runtime.config.lookaheads_ms))
        raise FacewireError(f"lookahead of {lookahead_ms} ms: this checkpoint was trained for {known} ms")
    return runtime.config.window(lookahead_ms)


def _noise_scale(runtime: Runtime, liveliness: float) -> Floats:
    scale = np.full(len(runtime.config.blendshapes), liveliness, np.float32)
    scale[list(blendshapes.LIPS_27)] = 0.0
    return scale


def _fade(state: StreamState, hops: int) -> Floats:
    """Identity features (B, H, D) of the next hops."""
    part = np.minimum(np.arange(1, hops + 1) / max(1, state.fading), 1).astype(np.float32)[None, :, None]
    faded: Floats = (1 - part) * state.identity[:, None] + part * state.towards[:, None]
    return faded


def _voiced(window: WindowSpec, windows: Samples) -> Floats:
    """1 for each hop (B, H) whose own sound is loud enough to tell a voice, else 0."""
    own = windows[..., window.left_samples : window.left_samples + window.hop_samples]
    voiced: Floats = (np.square(own).mean(-1) > 10 ** (VOICED_DB / 10)).astype(np.float32)
    return voiced


def _silence(runtime: Runtime, sessions: int) -> Floats:
    config = runtime.config
    return np.zeros((config.steps, config.layers, sessions, config.memory), np.float32)


def _noise(runtime: Runtime, state: StreamState, starts: Sequence[int], frames: int) -> Floats:
    """Noise (B, frames, C) of each session's absolute frames."""
    poles = runtime.config.noise_poles
    drawn = [noise.correlated(seed, first, frames, poles) for seed, first in zip(state.seeds, starts, strict=True)]
    scaled: Floats = np.stack(drawn)[..., noise.ONE_FACE] * state.noise_scale
    return scaled
