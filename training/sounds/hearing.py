"""What a stream hears in a recording: features for face and voice, window by window as at run time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import speakers, stream
from model.runtime import Runtime
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Floats, Samples

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
    spec = config.window(lookahead_ms)
    windows, found = windows_of(spec, samples).sound, []
    for begin in range(0, len(windows), TOGETHER):
        part = windows[begin : begin + TOGETHER]
        audio, spoken = runtime.features(part[None], spec)
        found.append((audio[0], spoken[0], speakers.voiced(spec, part)))
        told()
    every, voices, voiced = (np.concatenate(part) for part in zip(*found, strict=True))
    frames = stream.frame_count(len(samples), config.fps)
    return Hearing(every[:frames], voices, voiced, float(voiced.sum() * spec.hop_samples / SAMPLE_RATE_HZ))
