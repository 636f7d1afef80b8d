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
    """Index of its first sample, counted from the start of the stream. A gap after the previous chunk is lost sound."""
    arrived_ns: int
    """When the program had received the whole chunk, on the monotonic clock."""

    @property
    def end(self) -> int:
        """Index of the sample after its last."""
        return self.start + len(self.samples)


@dataclass(frozen=True)
class Motion:
    """A piece of animation at the model's frame rate."""

    first: int
    """Index of its first frame, counted from the start of the stream."""
    weights: NDArray[np.float32]
    """(n, 52), finite, in [0, 1]."""
    poses: NDArray[np.float32]
    """(n, 10), finite, degrees and metres."""
    anchor_ns: int
    """When sample 0 of the stream arrived, as estimated so far, on the monotonic clock."""
    lookahead_ms: int
    """The lookahead it was made with."""
    hop_ms: int
    """The hop it was made with."""
    heard_ns: int = 0
    """When the last sound it needs had arrived."""
    made_ns: int = 0
    """When it was computed."""

    @property
    def window_ms(self) -> int:
        """How long its first sound waited for the last one."""
        return self.hop_ms + self.lookahead_ms


def samples_ns(samples: int) -> int:
    """The duration of so many samples, in nanoseconds."""
    return samples * 1_000_000_000 // SAMPLE_RATE_HZ
