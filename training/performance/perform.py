"""Performs sounds without a face model: a voice heard in the stream's own windows, and a take's mouth or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model import level
from model.performance import performance, prosody
from model.performance.prosody import Prosody
from model.performance.settings import Settings
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, WindowSpec, windows_of

RUN_S: Final = 60
"""Short sounds are joined until they are so long."""
BETWEEN_S: Final = 0.5
PEAK: Final = 0.5


@dataclass(frozen=True)
class Performed:
    """What was performed to one sound."""

    name: str
    fps: int
    weights: Floats
    """(n, 52), with the mouth if there is one."""
    pose: Floats
    """(n, 10)"""
    heard: Prosody
    """The voice of (1, n), heard without lookahead."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.weights) / self.fps


def hear(samples: Samples, fps: int, lookahead_ms: int) -> Prosody:
    """The voice in a recording (n,) at 16 kHz, as a stream hears it; no detector tells what is speech."""
    window = WindowSpec(right_ms=lookahead_ms)
    _, levelled = level.follow(window, windows_of(window, samples)[None], level.start(1))
    return prosody.listen(window, levelled, fps)


def perform(
    name: str,
    samples: Samples,
    *,
    settings: Settings,
    fps: int,
    seed: int,
    lookahead_ms: int,
    mouth: Floats | None = None,
    other: Samples | None = None,
) -> Performed:
    """A performance to a recording (n,), with a mouth (frames, 52) that was made before, or to what `other` says."""
    heard = hear(samples, fps, lookahead_ms)
    listened = None if other is None else hear(other, fps, lookahead_ms)
    face = np.zeros((1, heard.shape[1], 52), np.float32)
    if mouth is not None:
        some = mouth[: heard.shape[1]]
        face[0, : len(some)] = some
    state = performance.start([seed], fps, [settings])
    _, weights, pose = performance.step(state, heard, [settings], face, listened)
    return Performed(name, fps, performance.combine(face, weights)[0], pose[0], hear(samples, fps, 0))


def joined(sounds: Sequence[tuple[str, Samples]]) -> Iterator[tuple[str, Samples]]:
    """Sounds of a minute or more; shorter ones one after the other, equally loud, with a pause between."""
    pause = np.zeros(round(BETWEEN_S * SAMPLE_RATE_HZ), np.float32)
    names, parts = [], []
    for name, samples in sounds:
        names.append(name)
        parts += [_spoken(samples), pause]
        if sum(map(len, parts)) >= RUN_S * SAMPLE_RATE_HZ:
            yield names[0], np.concatenate(parts)
            names, parts = [], []
    if parts:
        yield names[0], np.concatenate(parts)


def _spoken(samples: Samples) -> Samples:
    """From the first to the last 10 ms that are less than 40 dB below the loudest, which is brought to `PEAK`."""
    block = SAMPLE_RATE_HZ // 100
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    loud = np.square(whole).mean(1) if len(whole) else np.zeros(0)
    places = np.flatnonzero(loud > max(float(loud.max(initial=0.0)) * 1e-4, 1e-12))
    if not len(places):
        return samples
    spoken = samples[places[0] * block : (places[-1] + 1) * block]
    return np.asarray(spoken * (PEAK / max(float(np.abs(spoken).max()), 1e-6)), np.float32)
