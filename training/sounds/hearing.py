"""What a stream hears in a recording: features for face and voice, window by window as at run time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import level, speakers, stream
from model.runtime import Runtime
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, windows_of

TOGETHER: Final = 64
"""Hops that are encoded at once."""


@dataclass(frozen=True, eq=False)
class Hearing:
    """What was heard in a recording of T frames and H hops."""

    audio: Floats
    """(T, K, D), standardised."""
    spoken: Floats
    """(H, features per hop, W): features by which voices are told apart."""
    voiced: NDArray[np.bool_]
    """(H,)."""
    speech_s: float

    @property
    def voice(self) -> Floats:
        """The features by which voices are told apart, of voiced hops only: (n, W)."""
        return self.spoken[self.voiced].reshape(-1, self.spoken.shape[-1])


def hear(
    runtime: Runtime, samples: Samples, lookahead_ms: int | None = None, told: Callable[[], object] = lambda: None
) -> Hearing:
    """Encode a recording (n,), n at least 1, in levelled windows as at run time; calls `told` every `TOGETHER` hops."""
    config = runtime.config
    spec, levels = config.window(lookahead_ms), level.start(1)
    windows, found = windows_of(spec, samples)[None], []
    for begin in range(0, windows.shape[1], TOGETHER):
        levels, levelled = level.follow(spec, windows[:, begin : begin + TOGETHER], levels)
        audio, spoken = runtime.features(levelled, spec.right_ms)
        found.append((audio[0], spoken[0], speakers.voiced(spec, levelled)[0]))
        told()
    every, voices, voiced = (np.concatenate(part) for part in zip(*found, strict=True))
    frames = stream.frame_count(len(samples), config.fps)
    return Hearing(every[:frames], voices, voiced, float(voiced.sum() * spec.hop_samples / SAMPLE_RATE_HZ))
