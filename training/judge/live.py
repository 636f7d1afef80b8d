"""What only shows live: whether the stream equals the rendered face, and how long a frame takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final

import numpy as np
import torch

from model import stream
from model.face import FaceModel
from model.runtime import Runtime
from model.torch_runtime import TorchRuntime
from model.windower import Windower, Windows
from model.windows import SAMPLE_RATE_HZ, Samples
from training.datasets.clips import Clip, Curves
from training.judge.animate import forgetful

SECONDS: Final = 20
"""Length of the recording: enough for a steady median."""


def live_figures(model: FaceModel, clips: Sequence[Clip], lookahead_ms: int) -> dict[str, float]:
    """One recording fed in random pieces, on one thread: largest difference to `render`, and times per frame.

    Times are medians over hops. `ms per frame` is the paper's ITF, from sound to face; `denoiser` is the part that
    depends on the number of denoising steps.
    """
    clip = max(clips, key=len)
    sound = clip.sound(0, SECONDS * SAMPLE_RATE_HZ)
    identity = clip.identity if clip.identity in model.identities.names else None
    runtime = TorchRuntime(model)
    with _one_thread(), forgetful(model):
        face, whole_ms, heard_ms = _streamed(runtime, sound, identity, lookahead_ms)
        offline = stream.render(runtime, sound, identity=identity, lookahead_ms=lookahead_ms).weights
    frames = model.config.window(lookahead_ms).frames_per_hop(model.config.fps)
    return {
        "live-offline difference": float(np.abs(face[: len(offline)] - offline).max()),
        "ms per frame": whole_ms / frames,
        "ms per frame, denoiser": (whole_ms - heard_ms) / frames,
    }


def _streamed(runtime: Runtime, sound: Samples, identity: str | None, lookahead_ms: int) -> tuple[Curves, float, float]:
    """The face hop by hop, and the median milliseconds of a hop and of its encoding."""
    state = stream.start(runtime, seeds=[0], identities=[identity], lookahead_ms=lookahead_ms)
    faces, steps_s, heard_s = [], [], []
    for window in _fed(Windower.at(state.window), sound):
        hop = window[None, None]
        begin = perf_counter()
        state, face = stream.step(runtime, state, hop)
        middle = perf_counter()
        runtime.features(hop.sound, state.window)
        steps_s.append(middle - begin)
        heard_s.append(perf_counter() - middle)
        faces.append(face.weights[0])
    return np.concatenate(faces), 1000 * float(np.median(steps_s)), 1000 * float(np.median(heard_s))


def _fed(windower: Windower, sound: Samples) -> list[Windows]:
    """All windows of a sound that arrives in random pieces."""
    found: list[Windows] = []
    cuts = np.sort(np.random.default_rng(0).integers(0, len(sound), len(sound) // 2000))
    for piece in np.split(sound, cuts):
        windower, windows = windower.push(piece)
        found.extend(windows)
    return [*found, *windower.flush()]


@contextmanager
def _one_thread() -> Iterator[None]:
    """As `facewire run` computes: on a busy machine, two threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
