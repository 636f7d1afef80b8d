"""The worker: the thread that owns the model and all its state. Sound in, motion out."""

import logging
import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Final

import numpy as np

from daemon.animate import gate
from daemon.animate.face import turn
from daemon.animate.gate import Gate
from daemon.animate.meter import Meter
from daemon.animate.other import Other
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.clock import SYSTEM
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from daemon.sound.anchor import follow
from model import speakers, stream
from model.animation import Animation
from model.library import AUTO, UNKNOWN, Library
from model.runtime import Runtime
from model.stream_state import StreamState
from model.windower import Windower, Windows, windows_of
from model.windows import Floats, Samples
from protocols.errors import FacewireError

WARM_UP_HOPS: Final = 12
SAY_EVERY_S: Final = 5.0

Listener = Callable[[int, Samples], None]
"""Called with the index of the first sample, and the sound that the face is made from."""

NOBODY: Final = repeat(None)
"""The face listens to nobody."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """Everything that is carried from hop to hop. An immutable value."""

    stream: StreamState
    windower: Windower
    gate: Gate
    other: Other | None = None
    """What has been heard of whom the face listens to."""


def work(
    runtime: Runtime,
    state: StreamState,
    chunks: DropOldestQueue[AudioChunk],
    motions: DropOldestQueue[Motion],
    settings: LiveSettings,
    metrics: Metrics,
    listener: Listener = lambda start, samples: None,
    others: Iterable[Other | None] = NOBODY,
) -> None:
    """Animate all chunks until their queue ends; runs in a thread of its own.

    Raises FacewireError if the model returns values that are not finite.
    """
    said_s = -math.inf
    for motion in animate(runtime, state, chunks, settings, metrics, listener, others):
        motions.put(motion)
        if metrics.hop_ms[-1] > motion.hop_ms and time.monotonic() - said_s > SAY_EVERY_S:
            said_s = time.monotonic()
            log.warning(
                "this machine is too slow just now: %.0f ms of computing for %d ms of sound, %d chunks of sound "
                "dropped; close other programs, choose a longer hop, or use a smaller encoder",
                metrics.hop_ms[-1],
                motion.hop_ms,
                chunks.dropped,
            )


def animate(
    runtime: Runtime,
    state: StreamState,
    chunks: Iterable[AudioChunk],
    settings: LiveSettings,
    metrics: Metrics,
    listener: Listener = lambda start, samples: None,
    others: Iterable[Other | None] = NOBODY,
) -> Iterator[Motion]:
    """Yield the motion of each hop as soon as its window is complete, and of the last hops when the chunks end.

    Changed settings or identities take effect at the next hop; another hop does where hops of both lengths begin. With
    each chunk one of `others` is taken: what has been heard by then of whom the face listens to.
    """
    config, library = settings.now, settings.library
    state = turn(runtime, state, config, library)  # the settings may have changed meanwhile
    meter = Meter(settings, metrics, state.window.highpass_hz)
    session = Session(state, Windower.at(state.window), Gate())
    anchor_ns: int | None = None
    for chunk, other in zip(chunks, others, strict=False):
        if settings.now is not config or settings.library is not library:
            config, library = settings.now, settings.library
            session = _turned(runtime, session, config, library)
        session = replace(session, other=other)
        anchor_ns = follow(anchor_ns, chunk.end, len(chunk.samples), chunk.arrived_ns)
        loud = amplified(chunk.samples, config)
        samples = loud * (not config.mute)
        listener(chunk.start, samples)
        if chunk.start > session.windower.end:  # sound was lost
            session = _jumped(session, chunk.start)
            meter.interrupted()
            metrics.jumps += 1
        meter.hear(loud)
        windower = session.windower.hear(samples[session.windower.end - chunk.start :])
        session, heard_ns = replace(session, windower=windower), SYSTEM.now_ns()
        while session.windower.ready:
            windower, windows = session.windower.cut(1)
            session = replace(session, windower=windower)
            session = yield from _motions(runtime, session, windows, config, anchor_ns, heard_ns, metrics)
            if session.stream.window != runtime.config.window(config.lookahead_ms, config.hop_ms):
                session = _turned(runtime, session, config, library)
    if anchor_ns is not None:
        end, last = stream.frame_count(session.windower.end, runtime.config.fps), session.windower.flush()
        for motion in _motions(runtime, session, last, config, anchor_ns, SYSTEM.now_ns(), metrics):
            frames = max(0, end - motion.first)
            yield replace(motion, weights=motion.weights[:frames], poses=motion.poses[:frames])


def _turned(runtime: Runtime, session: Session, config: DaemonConfig, library: Library | None) -> Session:
    """With changed settings. Another hop may have to wait (`model.stream.turn`): ask again after each hop."""
    state = turn(runtime, session.stream, config, library)
    return replace(session, stream=state, windower=session.windower.turned(state.window))


def _jumped(session: Session, start: int) -> Session:
    """Sound was lost before the sample `start`: continue at the next hop of the grid."""
    hop = -(-start // session.windower.spec.hop_samples)
    return replace(session, stream=stream.jump(session.stream, hop), windower=session.windower.jump(hop))


def amplified(samples: Samples, config: DaemonConfig) -> Samples:
    """The sound with the input gain applied."""
    return samples * np.float32(10 ** (config.input_gain_db / 20))


def warm_up(runtime: Runtime, state: StreamState) -> float:
    """Compute a few hops of noise, so that the first real one is not slow; returns their median in milliseconds."""
    spec = state.window
    noise = np.random.default_rng(0).normal(0, 0.1, WARM_UP_HOPS * spec.hop_samples).astype(np.float32)
    metrics = Metrics()
    for window in windows_of(spec, noise):
        state, _ = _step(runtime, state, window, None, None, metrics)
    return float(np.median(list(metrics.hop_ms)[2:]))


def _motions(
    runtime: Runtime,
    session: Session,
    windows: Windows,
    config: DaemonConfig,
    anchor_ns: int,
    heard_ns: int,
    metrics: Metrics,
) -> Generator[Motion, None, Session]:
    """Yield the motion of each window (hops, …), one by one; returns the next state."""
    spec, fps = session.stream.window, runtime.config.fps
    for window in windows:
        hop = session.stream.next_hops[0]
        first = hop * spec.frames_per_hop(fps)
        levels = gate.levels_db(spec, window, fps)
        following, openness = gate.follow(session.gate, levels, config.gate_db, fps)
        theirs = None if session.other is None else session.other.window(spec, hop, anchor_ns)
        state, made = _step(runtime, session.stream, window, openness, theirs, metrics)
        if not (np.isfinite(made.weights).all() and np.isfinite(made.poses).all()):
            raise FacewireError(
                f"the model returned values that are not numbers at frame {first}; its checkpoint may be damaged: "
                "run `facewire check`, or leave --checkpoint out to use the one that ships"
            )
        session = replace(session, stream=state, gate=following)
        metrics.gate = following.openness
        if runtime.projection is not None:
            metrics.match = dict(zip(state.library.names, speakers.match(runtime, state)[0].tolist(), strict=True))
        (speaking,) = speakers.speaking(state)
        if config.identity == AUTO and speaking != metrics.speaking:
            log.info("identity auto: now %s", speaking or f"{UNKNOWN}, the mean of all")
        metrics.speaking = speaking
        yield Motion(
            first, made.weights[0], made.poses[0], anchor_ns,
            lookahead_ms=spec.right_ms, hop_ms=spec.hop_ms, heard_ns=heard_ns, made_ns=SYSTEM.now_ns(),
        )  # fmt: skip
    return session


def _step(
    runtime: Runtime,
    state: StreamState,
    window: Windows,
    openness: Floats | None,
    theirs: Samples | None,
    metrics: Metrics,
) -> tuple[StreamState, Animation]:
    began_s = time.perf_counter()
    gated = None if openness is None else openness[None]
    others = None if theirs is None else theirs[None, None]  # (1, 1, samples)
    state, made = stream.step(runtime, state, window[None, None], openness=gated, others=others)
    metrics.hop_ms.append((time.perf_counter() - began_s) * 1000)
    return state, made
