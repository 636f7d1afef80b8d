"""The only way to turn sound into a face: `start` a stream and `step` it over windows, or `render` a recording.

Live, a step takes one hop; offline, several at once. The face does not depend on how the stream was cut: the GRU
carries one state per denoising step, DDIM is deterministic, and the noise is a function of (seed, frame).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from model import closures, effort, noise, speakers, speech, voices
from model.animation import Animation
from model.level import levelled
from model.library import Library
from model.performance import performance, prosody
from model.performance.settings import Settings
from model.runtime import Runtime
from model.stream_state import StreamState
from model.windower import Windows, batches, window_at
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, WindowSpec
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.pose import EYES, POSE_COUNT

RENDER_HOPS = 8
"""Hops that `render` computes at once: enough to use the machine well, few enough to show progress."""

MOUTH = (*blendshapes.REGIONS["jaw"], *blendshapes.REGIONS["mouth"])
"""What a gate holds at rest."""


def start(
    runtime: Runtime,
    *,
    seeds: Sequence[int],
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    hop_ms: int | None = None,
    liveliness: float = 0.75,
    strength: float = 1.0,
    articulation: float = 1.0,
    library: Library | None = None,
    performances: Sequence[Settings] | None = None,
) -> StreamState:
    """The state of B new sessions, with one seed and one identity each.

    An identity is a name in the `library` (None: the checkpoint's), `auto`, or None for the mean of all.
    `performances` says what each session performs (None: the usual). Raises FacewireError if an identity, the
    lookahead or the hop is not available.
    """
    sessions = len(seeds)
    settings = tuple(performances or [Settings()] * sessions)
    state = StreamState(
        window=_window(runtime, lookahead_ms, hop_ms),
        next_hops=(0,) * sessions,
        seeds=tuple(seeds),
        library=library or runtime.library,
        identities=tuple(identities),
        strength=strength,
        articulation=articulation,
        style=np.empty(0, np.float32),
        fading=np.zeros(sessions, np.int64),
        noise_scale=_noise_scale(runtime, liveliness),
        hidden=_silence(runtime, sessions),
        heard=voices.silence(sessions, runtime.config.voice_width),
        speech=np.zeros(sessions, np.float32),
        effort=effort.start(sessions),
        closing=np.zeros((sessions, len(closures.KINDS)), np.float32),
        settings=settings,
        performance=performance.start(seeds, runtime.config.fps, settings),
    )
    speakers.check(runtime, state)
    return replace(state, style=speakers.wanted(state))


def turn(
    runtime: Runtime,
    state: StreamState,
    *,
    identities: Sequence[str | None],
    lookahead_ms: int | None = None,
    hop_ms: int | None = None,
    liveliness: float = 0.75,
    strength: float = 1.0,
    articulation: float = 1.0,
    library: Library | None = None,
    performances: Sequence[Settings] | None = None,
) -> StreamState:
    """Change the settings of running sessions from their next hop on; another style fades in over half a second.

    Another hop needs a time at which hops of both lengths begin. If the sessions are not at such a time, they keep
    theirs, and the caller asks again after the next hop. Raises FacewireError if an identity, the lookahead or the hop
    is not available.
    """
    library = library or runtime.library
    window = _window(runtime, lookahead_ms, hop_ms)
    begun_ms = [hop * state.window.hop_ms for hop in state.next_hops]
    if any(ms % window.hop_ms for ms in begun_ms):
        window = replace(window, hop_ms=state.window.hop_ms)
    turned = replace(
        state,
        window=window,
        next_hops=tuple(ms // window.hop_ms for ms in begun_ms),
        library=library,
        identities=tuple(identities),
        strength=strength,
        articulation=articulation,
        noise_scale=_noise_scale(runtime, liveliness),
        heard=speakers.moved(state, library),
        settings=tuple(performances or state.settings),
    )
    speakers.check(runtime, turned)
    same = (speakers.wanted(turned) == speakers.wanted(state)).all(1)
    return replace(turned, fading=np.where(same, state.fading, speakers.FADE_FEATURES))


def step(
    runtime: Runtime,
    state: StreamState,
    windows: Windows,
    *,
    openness: Floats | None = None,
    others: Floats | None = None,
) -> tuple[StreamState, Animation]:
    """Animate H consecutive hops of B sessions.

    Takes windows (B, H, …); `others` (B, H, window samples) are the levelled sound of whom each session listens to.
    `openness` (B, H * frames per hop), 0 to 1, is how much of the mouth's motion and of the voice a gate lets through
    (None: everything). Returns the next state and the animation (B, H * frames per hop, …).
    """
    sound, right_ms = windows.sound, state.window.right_ms
    hops = sound.shape[1]
    frames_per_hop = state.window.frames_per_hop(runtime.config.fps)
    audio, spoken = runtime.features(sound, state.window)  # (B, T, K, D), (B, H, features, W)
    state, styles = speakers.follow(runtime, state, spoken, speakers.voiced(state.window, sound))
    starts = [hop * frames_per_hop for hop in state.next_hops]
    face, hidden = runtime.denoise(
        _noise(runtime, state, starts, hops * frames_per_hop),
        audio,
        np.ascontiguousarray(styles[..., : audio.shape[-1]]).repeat(frames_per_hop, 1),
        right_ms,
        state.hidden,
    )
    probability = None
    if runtime.detector is not None:
        # Hop by hop: a larger matrix product rounds differently, and what is performed must not depend on that.
        by_hop = audio.reshape(-1, frames_per_hop, *audio.shape[2:])
        probability = runtime.detector.probability(by_hop).reshape(audio.shape[:2])
        shares, recent = speech.follow(probability, state.speech, runtime.config.fps)
        state, face = replace(state, speech=recent), runtime.detector.still(face, shares)
    scale, offset = np.split(styles[..., audio.shape[-1] :].repeat(frames_per_hop, 1), 2, -1)
    weights: Floats = np.clip(face * scale + offset, 0, 1)
    rest = np.clip((0 if runtime.detector is None else runtime.detector.rest) * scale + offset, 0, 1)
    state, weights = _shaped(runtime, state, windows, audio, probability, weights, rest)
    following = replace(state, next_hops=tuple(hop + hops for hop in state.next_hops), hidden=hidden)
    voice = prosody.listen(state.window, sound, runtime.config.fps, probability)
    if openness is not None:
        weights[..., MOUTH] *= openness[..., None]
        voice = voice.gated(openness)
    other = None if others is None else prosody.listen(state.window, others, runtime.config.fps)
    acting, performed, poses = performance.step(state.performance, voice, state.settings, weights, other)
    if runtime.config.mouth_only:
        weights = performance.combine(weights, performed)
    else:
        poses[..., EYES] = 0  # its eyes are turned by their shapes
    return replace(following, performance=acting), Animation(weights, poses)


def jump(state: StreamState, hop: int) -> StreamState:
    """Continue at another hop with a fresh memory, after sound was lost."""
    frame = hop * state.window.frames_per_hop(state.performance.fps)
    return replace(
        state,
        next_hops=(hop,) * len(state.seeds),
        hidden=np.zeros_like(state.hidden),
        speech=np.zeros_like(state.speech),
        closing=np.zeros_like(state.closing),
        performance=performance.jump(state.performance, [frame] * len(state.seeds)),
    )


def frame_count(samples: int, fps: int | Fraction) -> int:
    """Frames of a recording of this many samples: those whose time lies inside it."""
    return -(-samples * fps // SAMPLE_RATE_HZ)


def render(
    runtime: Runtime,
    samples: Samples,
    *,
    seed: int = 0,
    identity: str | None = None,
    lookahead_ms: int | None = None,
    hop_ms: int | None = None,
    liveliness: float = 0.75,
    strength: float = 1.0,
    articulation: float = 1.0,
    library: Library | None = None,
    performed: Settings | None = None,
    openness: Floats | None = None,
    other: Samples | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Animation:
    """Animate a whole recording (n,) at 16 kHz; calls `progress` with the hops done and the total.

    `openness` (frames of all hops,) is what a gate lets through, `other` the sound of whom is listened to, of any
    length: after its end there is silence.
    """
    state = start(
        runtime, seeds=[seed], identities=[identity], lookahead_ms=lookahead_ms, hop_ms=hop_ms, liveliness=liveliness,
        strength=strength, articulation=articulation, library=library, performances=[performed or Settings()],
    )  # fmt: skip
    spec, theirs = state.window, None if other is None else levelled(other, state.window.highpass_hz)
    frames_per_hop = spec.frames_per_hop(runtime.config.fps)
    weights, poses = [np.empty((0, blendshapes.COUNT), np.float32)], [np.empty((0, POSE_COUNT), np.float32)]
    for windows in batches(spec, samples, RENDER_HOPS):
        hops = range(state.next_hops[0], state.next_hops[0] + len(windows))
        part = slice(hops.start * frames_per_hop, hops.stop * frames_per_hop)
        state, made = step(
            runtime,
            state,
            windows[None],
            openness=None if openness is None else openness[None, part],
            others=None if theirs is None else np.stack([window_at(spec, hop, theirs) for hop in hops])[None],
        )
        weights.append(made.weights[0])
        poses.append(made.poses[0])
        progress(state.next_hops[0], spec.hops(len(samples)))
    frames = frame_count(len(samples), runtime.config.fps)
    return Animation(np.concatenate(weights)[:frames], np.concatenate(poses)[:frames])


def _shaped(
    runtime: Runtime,
    state: StreamState,
    windows: Windows,
    audio: Floats,
    speech_probability: Floats | None,
    weights: Floats,
    rest: Floats,
) -> tuple[StreamState, Floats]:
    """Give jaw and mouth of a face (B, T, C) their size about their rest (B, T, C), and close its lips where they meet.

    Effort and closures are those of an encoder that knows phones; of any other, the articulation alone counts.
    """
    config, size = runtime.config, np.full(weights.shape[:2], state.articulation, np.float32)
    if runtime.phones is not None:
        sizes, raised = effort.follow(state.window, windows, speech_probability, state.effort, config.fps)
        state, size = replace(state, effort=raised), size * sizes
    if (size != 1).any():
        still, weights = rest[..., MOUTH], weights.copy()
        weights[..., MOUTH] = np.clip(still + size[..., None] * (weights[..., MOUTH] - still), 0, 1)
    if runtime.phones is not None:
        sure = runtime.phones.sure(audio)
        reached, closing = closures.follow(sure, state.closing, config.ahead_ms, config.fps)
        state, weights = replace(state, closing=closing), closures.close(weights, reached)
    return state, weights


def _window(runtime: Runtime, lookahead_ms: int | None, hop_ms: int | None) -> WindowSpec:
    config = runtime.config
    for what, wanted_ms, dial in (("lookahead", lookahead_ms, config.lookaheads_ms), ("hop", hop_ms, config.hops_ms)):
        if wanted_ms is not None and wanted_ms not in dial:
            known = ", ".join(map(str, dial))
            raise FacewireError(f"{what} of {wanted_ms} ms: this checkpoint was trained for {known} ms only")
    return config.window(lookahead_ms, hop_ms)


def _noise_scale(runtime: Runtime, liveliness: float) -> Floats:
    scale = np.full(len(runtime.config.blendshapes), liveliness, np.float32)
    scale[list(blendshapes.LIPS_27)] = 0.0
    return scale


def _silence(runtime: Runtime, sessions: int) -> Floats:
    config = runtime.config
    return np.zeros((config.steps, config.layers, sessions, config.memory), np.float32)


def _noise(runtime: Runtime, state: StreamState, starts: Sequence[int], frames: int) -> Floats:
    """Scaled noise (B, frames, C) for the absolute frames from `starts` on, one for each session."""
    poles = runtime.config.noise_poles
    drawn = [noise.correlated(seed, first, frames, poles) for seed, first in zip(state.seeds, starts, strict=True)]
    scaled: Floats = np.stack(drawn)[..., noise.ONE_FACE] * state.noise_scale
    return scaled
