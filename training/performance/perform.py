"""Performs sounds as the program does: through the stream, with the face of a checkpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import checkpoint, stream
from model.onnx_checkpoint import open_checkpoint
from model.onnx_session import NoOnnxError
from model.performance import performance, prosody
from model.performance.prosody import Prosody
from model.performance.settings import Settings
from model.runtime import Runtime
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, WindowSpec

RUN_S: Final = 60
"""Short sounds are joined until they are so long."""
BETWEEN_S: Final = (0.25, 0.9)
"""Pauses between them: within a turn, and longer ones after which another one begins."""
PEAK: Final = 0.5
WARM_HOPS: Final = 50
"""Hops before the cost is measured: until there are as many events as usual."""


@dataclass(frozen=True)
class Sound:
    """A recording, and when its lips are known to close."""

    name: str
    samples: Samples
    closures_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Performed:
    """What was performed to one sound."""

    name: str
    fps: int
    weights: Floats
    """(n, 52)"""
    pose: Floats
    """(n, 10)"""
    heard: Prosody
    """The voice of (1, n), heard without lookahead."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.weights) / self.fps


def opened(path: Path | None) -> Runtime:
    """The face of a checkpoint (None: the one that ships), with onnxruntime where it can.

    Raises FacewireError if the checkpoint cannot be used.
    """
    path = path or checkpoint.DEFAULT
    if checkpoint.carries_graphs(path):
        try:
            return open_checkpoint(path)
        except NoOnnxError:
            pass
    from model.torch_runtime import TorchRuntime

    return TorchRuntime(checkpoint.load(path))


def perform(
    runtime: Runtime,
    sound: Sound,
    *,
    settings: Settings,
    seed: int,
    lookahead_ms: int | None = None,
    other: Samples | None = None,
) -> Performed:
    """A face and its performance to a sound, or to what `other` (n,) says."""
    made = stream.render(
        runtime, sound.samples, seed=seed, lookahead_ms=lookahead_ms, performed=settings, other=other
    )  # fmt: skip
    fps, frames = runtime.config.fps, len(made.weights)
    return Performed(sound.name, fps, made.weights, made.poses, hear(sound.samples, fps, 0).frames(0, frames))


def hear(samples: Samples, fps: int, lookahead_ms: int) -> Prosody:
    """The voice in a recording (n,) at 16 kHz, as a stream hears it; no detector tells what is speech."""
    window = WindowSpec(right_ms=lookahead_ms)
    return prosody.listen(window, windows_of(window, samples).sound[None], fps)


def cost_ms(runtime: Runtime, sound: Sound, settings: Settings) -> NDArray[np.float64]:
    """Milliseconds (n,) for each hop of a sound: to hear the voice and to perform, without the face."""
    window, fps = runtime.config.window(), runtime.config.fps
    windows = windows_of(window, sound.samples).sound[None]
    face = np.zeros((1, window.frames_per_hop(fps), 52), np.float32)
    state, times_s = performance.start([0], fps, [settings]), []
    for hop in range(windows.shape[1]):
        begin = perf_counter()
        heard = prosody.listen(window, windows[:, hop : hop + 1], fps)
        state, weights, _ = performance.step(state, heard, [settings], face)
        performance.combine(face, weights)
        times_s.append(perf_counter() - begin)
    return 1000 * np.array(times_s[WARM_HOPS:] or times_s)


def joined(sounds: Sequence[Sound]) -> Iterator[Sound]:
    """Sounds of a minute or more; shorter ones one after the other, equally loud, with pauses between."""
    rng = np.random.default_rng(0)
    name, length = "", 0
    parts: list[Samples] = []
    closures_s: list[float] = []
    for sound in sounds:
        begin, spoken = _spoken(sound.samples)
        pause = np.zeros(round(rng.uniform(*BETWEEN_S) * SAMPLE_RATE_HZ), np.float32)
        closures_s += [at_s + (length - begin) / SAMPLE_RATE_HZ for at_s in sound.closures_s]
        name, parts, length = name or sound.name, [*parts, spoken, pause], length + len(spoken) + len(pause)
        if length >= RUN_S * SAMPLE_RATE_HZ:
            yield Sound(name, np.concatenate(parts), tuple(closures_s))
            name, parts, closures_s, length = "", [], [], 0
    if parts:
        yield Sound(name, np.concatenate(parts), tuple(closures_s))


def _spoken(samples: Samples) -> tuple[int, Samples]:
    """From the first to the last 10 ms that are less than 40 dB below the loudest, which is brought to `PEAK`.

    Before it the sample at which it begins.
    """
    block = SAMPLE_RATE_HZ // 100
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    loud = np.square(whole).mean(1) if len(whole) else np.zeros(0)
    places = np.flatnonzero(loud > max(float(loud.max(initial=0.0)) * 1e-4, 1e-12))
    if not len(places):
        return 0, samples
    begin = int(places[0]) * block
    spoken = samples[begin : (places[-1] + 1) * block]
    return begin, np.asarray(spoken * (PEAK / max(float(np.abs(spoken).max()), 1e-6)), np.float32)
