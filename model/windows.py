"""The windows that sound is cut into: one fixed geometry on an absolute grid (`model.windower` cuts them).

Time is counted in samples at 16 kHz from the start of the stream. Hop h owns the samples [h * hop, (h + 1) * hop). Its
window reaches `left` before the hop and `right` (the lookahead) after it, and 5 ms further, because HuBERT's
convolutions see 25 ms per 20 ms step. Outside the stream there are zeros.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from protocols.errors import FacewireError

SAMPLE_RATE_HZ: Final = 16_000
FEATURE_SAMPLES: Final = 320
"""HuBERT's stride: one feature every 20 ms."""
RECEPTIVE_SAMPLES: Final = 400
"""HuBERT's receptive field."""
FEATURE_CENTRE_MS: Final = 1000 * RECEPTIVE_SAMPLES / 2 / SAMPLE_RATE_HZ
"""Half of it: a feature is centred 12.5 ms after its first sample."""
TAIL_SAMPLES: Final = RECEPTIVE_SAMPLES - FEATURE_SAMPLES
FEATURE_MS: Final = 20
OFFSET_HZ: Final = 0.0
"""No filter: no more than a constant DC offset is taken away. Encoders that were trained without a filter hear its
phases: at 2 Hz they take keys for speech."""
RUMBLE_HZ: Final = 50.0
"""One that takes away 32 dB at 20 Hz, and .3 dB at 70 Hz, where the lowest voices begin: for encoders that were trained
on sound without rumble. A filter shifts the phases of what it keeps; others tell a quarter fewer closures behind it."""
FEATURES_PER_S: Final = 1000 // FEATURE_MS

Samples = NDArray[np.float32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class WindowSpec:
    """Geometry of a window, in multiples of 20 ms. Raises FacewireError for anything else."""

    left_ms: int = 740
    """Past that the encoder sees before the hop."""
    hop_ms: int = 100
    """The part whose features are kept; the step from one window to the next."""
    right_ms: int = 160
    """Lookahead: future that the encoder sees after the hop."""
    highpass_hz: float = OFFSET_HZ
    """What is lower is taken out of the sound (`model.cleaning`)."""

    def __post_init__(self) -> None:
        for name in ("left_ms", "hop_ms", "right_ms"):
            value = getattr(self, name)
            if value < 0 or value % FEATURE_MS:
                raise FacewireError(f"window {name} = {value}: must be a multiple of {FEATURE_MS} ms, 0 or more")
        if not self.hop_ms or not self.left_ms:
            raise FacewireError("window left_ms and hop_ms must be at least 20 ms")

    def with_lookahead(self, right_ms: int) -> Self:
        """The same window with another lookahead."""
        return replace(self, right_ms=right_ms)

    @property
    def left_features(self) -> int:
        """Features before the hop's own."""
        return self.left_ms // FEATURE_MS

    @property
    def hop_features(self) -> int:
        """Features kept of each window."""
        return self.hop_ms // FEATURE_MS

    @property
    def features(self) -> int:
        """All features of a window."""
        return (self.left_ms + self.hop_ms + self.right_ms) // FEATURE_MS

    @property
    def left_samples(self) -> int:
        """Samples before the hop."""
        return self.left_features * FEATURE_SAMPLES

    @property
    def hop_samples(self) -> int:
        """Samples from one window to the next."""
        return self.hop_features * FEATURE_SAMPLES

    @property
    def samples(self) -> int:
        """All samples of a window."""
        return self.features * FEATURE_SAMPLES + TAIL_SAMPLES

    @property
    def latency_samples(self) -> int:
        """From the first sample of a hop until its window is complete: hop + lookahead + 5 ms."""
        return self.samples - self.left_samples

    def frames_per_hop(self, fps: int) -> int:
        """Animation frames in one hop. Raises FacewireError if that is not a whole number."""
        frames, rest = divmod(self.hop_ms * fps, 1000)
        if rest:
            raise FacewireError(f"{fps} fps does not divide a hop of {self.hop_ms} ms into whole frames; change either")
        return frames

    def hops(self, samples: int) -> int:
        """Hops in a stream of this many samples; the last one is padded with zeros."""
        return -(-samples // self.hop_samples)
