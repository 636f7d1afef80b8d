"""The demo voice, heard as a stream hears it; for longer than it is, pieces of it in any order with pauses between."""

from functools import cache
from pathlib import Path

import numpy as np

from model.audio import read_audio
from model.performance import performance, prosody
from model.performance.prosody import Prosody
from model.performance.settings import Settings
from model.windower import windows_of
from model.windows import WindowSpec

DEMO = Path(__file__).parents[3] / "daemon" / "sound" / "demo.flac"
SPEC = WindowSpec(right_ms=160)


@cache
def sound(times: int = 1) -> np.ndarray:
    demo = read_audio(DEMO)
    if times == 1:
        return demo
    rng, parts, missing = np.random.default_rng(times), [], times * len(demo)
    while missing > 0:
        length = int(rng.uniform(1.2, 4.0) * 16_000)
        begin = int(rng.uniform(0, len(demo) - length))
        part = np.concatenate([demo[begin : begin + length], np.zeros(int(rng.uniform(0.1, 0.8) * 16_000))])
        part[:160] *= np.linspace(0, 1, 160)
        parts.append(part[:missing].astype(np.float32))
        missing -= len(parts[-1])
    return np.concatenate(parts)


def hear(samples: np.ndarray, fps: int = 30, spec: WindowSpec = SPEC) -> Prosody:
    return prosody.listen(spec, windows_of(spec, samples).sound[None], fps)


@cache
def talking(fps: int = 30, times: int = 1) -> Prosody:
    return hear(sound(times), fps)


def batched(*voices: Prosody) -> Prosody:
    return Prosody(*(np.concatenate([getattr(voice, name) for voice in voices]) for name in vars(voices[0])))


def perform(
    heard: Prosody,
    settings: Settings | None = None,
    *,
    seed: int = 1,
    fps: int = 30,
    mouth: np.ndarray | None = None,
    other: Prosody | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n, 52) and pose (n, 10) of one session."""
    wanted = [settings or Settings()]
    state = performance.start([seed], fps, wanted)
    _, weights, pose = performance.step(state, heard, wanted, None if mouth is None else mouth[None], other)
    return weights[0], pose[0]
