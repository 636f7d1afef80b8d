"""The worker: the one thread that owns the model and all its state. Sound in, motion out."""

import logging
import math
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from daemon.anchor import follow
from daemon.blocks import AudioChunk, Motion
from daemon.metrics import Metrics
from daemon.queues import DropOldestQueue
from model import stream
from model.face import FaceModel
from model.stream import StreamState
from model.windows import Samples, Windower
from protocols.errors import FacewireError

WARM_UP_HOPS: Final = 12
SAY_EVERY_S: Final = 5.0

log = logging.getLogger(__name__)


def work(
    model: FaceModel,
    state: StreamState,
    chunks: DropOldestQueue[AudioChunk],
    motions: DropOldestQueue[Motion],
    metrics: Metrics,
) -> None:
    """Thread: animate all chunks until their queue ends. Raises FacewireError if the model gives no numbers."""
    limit_ms, said_s = state.window.hop_ms, -math.inf
    for motion in animate(model, state, chunks, metrics):
        motions.put(motion)
        if metrics.hop_ms[-1] > limit_ms and time.monotonic() - said_s > SAY_EVERY_S:
            said_s = time.monotonic()
            log.warning(
                "this machine is too slow just now: %.0f ms of computing for %d ms of sound, %d chunks of sound "
                "dropped; close other programs, or use a smaller encoder",
                metrics.hop_ms[-1],
                limit_ms,
                chunks.dropped,
            )


def animate(model: FaceModel, state: StreamState, chunks: Iterable[AudioChunk], metrics: Metrics) -> Iterator[Motion]:
    """Motion of each hop as soon as its window is complete, and of the last ones when the chunks end."""
    windower = Windower.at(state.window)
    anchor_ns: int | None = None
    for chunk in chunks:
        anchor_ns = follow(anchor_ns, chunk.end, len(chunk.samples), chunk.arrived_ns)
        metrics.level_db = level_db(chunk.samples)
        if chunk.start > windower.end:  # sound was lost: go on at the next hop of the grid
            hop = -(-chunk.start // state.window.hop_samples)
            windower, state = Windower.at(state.window, hop), stream.jump(state, hop)
            metrics.jumps += 1
        windower, windows = windower.push(chunk.samples[windower.end - chunk.start :])
        state = yield from _motions(model, state, windows, anchor_ns, metrics)
    if anchor_ns is not None:
        end = stream.frame_count(windower.end, model.config.fps)
        for motion in _motions(model, state, windower.flush(), anchor_ns, metrics):
            yield replace(motion, faces=motion.faces[: max(0, end - motion.first)])


def warm_up(model: FaceModel, state: StreamState) -> float:
    """Compute some hops of noise, so that the first real one is not slow; returns the slow ones' milliseconds (p95)."""
    noise = np.random.default_rng(0).normal(0, 0.1, (WARM_UP_HOPS, state.window.samples)).astype(np.float32)
    metrics = Metrics()
    for window in noise:
        state, _ = _step(model, state, window, metrics)
    return float(np.percentile(list(metrics.hop_ms)[2:], 95))


def level_db(samples: Samples) -> float:
    """Loudness (n,) in dB below full scale, -100 for silence."""
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return 10 * math.log10(max(power, 1e-10))


def _motions(
    model: FaceModel, state: StreamState, windows: Samples, anchor_ns: int, metrics: Metrics
) -> Generator[Motion, None, StreamState]:
    """Motion of each window (hops, samples), computed one by one; returns the next state."""
    frames_per_hop = state.window.frames_per_hop(model.config.fps)
    for window in windows:
        first = state.next_hops[0] * frames_per_hop
        state, faces = _step(model, state, window, metrics)
        if not np.isfinite(faces).all():
            raise FacewireError(
                f"the model gave values that are not numbers at frame {first}: its checkpoint may be damaged; "
                "run `facewire check`, or leave --checkpoint out to use the one that ships"
            )
        yield Motion(first, faces, anchor_ns)
    return state


def _step(
    model: FaceModel, state: StreamState, window: Samples, metrics: Metrics
) -> tuple[StreamState, NDArray[np.float32]]:
    began_s = time.perf_counter()
    state, faces = stream.step(model, state, torch.from_numpy(window)[None, None])  # (1, 1, samples)
    metrics.hop_ms.append((time.perf_counter() - began_s) * 1000)
    return state, faces[0].numpy()
