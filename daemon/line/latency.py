"""The latency of the face: how long after the sound a frame is sent, and what that time is made of."""

import math
from dataclasses import dataclass
from fractions import Fraction

from daemon.line.blocks import CHUNK_MS
from model.windows import SAMPLE_RATE_HZ, TAIL_SAMPLES, WindowSpec


@dataclass(frozen=True)
class Latency:
    """From the sound in the air to the frame on the wire, in milliseconds, part by part."""

    device_ms: int
    """Sound card and resampling."""
    chunk_ms: int
    """Sound arrives in chunks of this length."""
    hop_ms: int
    """The model waits for a whole hop."""
    lookahead_ms: int
    """It hears this much of the sound after the hop."""
    tail_ms: int
    """The encoder's 25 ms view reaches beyond its 20 ms step."""
    compute_ms: int
    """Computing one hop, with a margin."""
    spare_ms: int = 0
    """What is left of a latency that the user has set."""

    @property
    def total_ms(self) -> int:
        """The sum: the delay that the sound needs to match the face."""
        return self.device_ms + self.after_arrival_ms

    @property
    def after_arrival_ms(self) -> int:
        """The sum without the device: counted from the arrival of the sound in the program."""
        return self.chunk_ms + self.window_ms + self.room_ms

    @property
    def window_ms(self) -> int:
        """From the first sample of a hop to the last one that its motion needs."""
        return self.hop_ms + self.lookahead_ms + self.tail_ms

    @property
    def room_ms(self) -> int:
        """How long a hop may take to compute without being late."""
        return self.compute_ms + self.spare_ms

    def parts(self) -> dict[str, int]:
        """The parts by name, and `total`, in milliseconds."""
        return {name.removesuffix("_ms"): ms for name, ms in vars(self).items()} | {"total": self.total_ms}

    def __str__(self) -> str:
        parts = [f"{name.removesuffix('_ms')} {ms}" for name, ms in vars(self).items() if ms]
        return f"{self.total_ms} ms = " + " + ".join(parts)


def latency(device_ms: float, window: WindowSpec, compute_ms: float) -> Latency:
    """The latency of an input device, a window and a computing time."""
    return Latency(
        device_ms=math.ceil(device_ms),
        chunk_ms=CHUNK_MS,
        hop_ms=window.hop_ms,
        lookahead_ms=window.right_ms,
        tail_ms=TAIL_SAMPLES * 1000 // SAMPLE_RATE_HZ,
        compute_ms=math.ceil(compute_ms),
    )


def interpolation_ms(model_fps: int, rate: Fraction) -> int:
    """The longest time from a frame at `rate` to the model's next frame, which it is interpolated towards."""
    steps = (model_fps / rate).denominator
    return math.ceil(Fraction(1000 * (steps - 1), steps * model_fps))
