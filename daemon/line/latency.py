"""How long after the sound the face leaves: computed once, printed at the start, and kept by the sender."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from daemon.sound.files import CHUNK_MS
from model.windows import SAMPLE_RATE_HZ, TAIL_SAMPLES, WindowSpec

MARGIN: Final = 1.25
"""Room above the slow hops of the warm-up …"""
MARGIN_MS: Final = 15
"""… and for other programs that take the processor for a moment."""


@dataclass(frozen=True)
class Latency:
    """From the sound in the air to the frame on the wire, in milliseconds, by its causes."""

    device_ms: int
    """The sound card and the resampling."""
    chunk_ms: int
    """Sound comes in pieces."""
    hop_ms: int
    """The model waits for a whole hop …"""
    lookahead_ms: int
    """… and for what follows it."""
    tail_ms: int
    """The encoder's 25-ms view reaches further than its 20-ms step."""
    compute_ms: int
    """One hop's computing, with room."""
    interpolation_ms: int
    """A receiver's frame between two of the model's waits for the second."""

    @property
    def total_ms(self) -> int:
        """All together: what the sound has to be delayed by to match the face."""
        return self.device_ms + self.after_arrival_ms

    @property
    def after_arrival_ms(self) -> int:
        """What the sender adds, counted from when the sound was in the program's hands."""
        window = self.hop_ms + self.lookahead_ms + self.tail_ms
        return self.chunk_ms + window + self.compute_ms + self.interpolation_ms

    def parts(self) -> dict[str, int]:
        """The causes by name, and `total`, in milliseconds."""
        return {name.removesuffix("_ms"): ms for name, ms in vars(self).items()} | {"total": self.total_ms}

    def __str__(self) -> str:
        parts = [f"{name.removesuffix('_ms')} {ms}" for name, ms in vars(self).items() if ms]
        return f"{self.total_ms} ms = " + " + ".join(parts)


def latency(
    device_ms: float, window: WindowSpec, slow_hop_ms: float, model_fps: int, rates: Sequence[Fraction]
) -> Latency:
    """The latency of this input, window, measured computing time, and receivers' frame rates."""
    return Latency(
        device_ms=math.ceil(device_ms),
        chunk_ms=CHUNK_MS,
        hop_ms=window.hop_ms,
        lookahead_ms=window.right_ms,
        tail_ms=TAIL_SAMPLES * 1000 // SAMPLE_RATE_HZ,
        compute_ms=math.ceil(slow_hop_ms * MARGIN) + MARGIN_MS,
        interpolation_ms=math.ceil(max((_interpolation_ms(model_fps, rate) for rate in rates), default=0)),
    )


def _interpolation_ms(model_fps: int, rate: Fraction) -> Fraction:
    """The longest that a frame at `rate` comes before the next frame of the model."""
    steps = (model_fps / rate).denominator
    return Fraction(1000 * (steps - 1), steps * model_fps)
