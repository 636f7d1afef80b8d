"""What travels between the stages: sound to the worker, motion to the sender."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples

CHUNK_MS: Final = 10
"""Sources deliver sound in chunks of this length."""


@dataclass(frozen=True)
class AudioChunk:
    """A piece of sound at 16 kHz."""

    samples: Samples
    """(n,) float32."""
    start: int
    """Index of the first sample since the stream's start; a gap to the chunk before means lost sound."""
    arrived_ns: int
    """When the whole chunk was in the program's hands, on the monotonic clock."""

    @property
    def end(self) -> int:
        """Index of the sample after the last."""
        return self.start + len(self.samples)


@dataclass(frozen=True)
class Motion:
    """A piece of the animation at the model's rate."""

    first: int
    """Index of the first frame since the stream's start."""
    faces: NDArray[np.float32]
    """(n, 52), finite, in [0, 1]."""
    anchor_ns: int
    """When sample 0 of the stream arrived, as far as known now, on the monotonic clock."""
    lookahead_ms: int = 0
    """How far the model looked ahead for it."""
    heard_ns: int = 0
    """When the last sound that it needed arrived."""
    made_ns: int = 0
    """When it was computed."""


def samples_ns(samples: int) -> int:
    """How long so many samples last, in nanoseconds."""
    return samples * 1_000_000_000 // SAMPLE_RATE_HZ
