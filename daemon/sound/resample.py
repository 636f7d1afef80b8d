"""Any sample rate to 16 kHz, once, at the edge."""

import numpy as np
import soxr

from model.windows import SAMPLE_RATE_HZ, Samples


class Resampler:
    """Resamples a stream of (n,) float32 pieces of any size."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = None if rate_hz == SAMPLE_RATE_HZ else _stream(rate_hz)

    def push(self, samples: Samples, last: bool = False) -> Samples:
        """What is ready at 16 kHz; with `last`, also what was held back."""
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), np.float32)


def lag_ms(rate_hz: int) -> float:
    """How far the output stays behind the input, tried out with a second of silence."""
    if rate_hz == SAMPLE_RATE_HZ:
        return 0.0
    ready = len(_stream(rate_hz).resample_chunk(np.zeros(rate_hz, np.float32)))
    return (SAMPLE_RATE_HZ - ready) * 1000 / SAMPLE_RATE_HZ


def _stream(rate_hz: int) -> soxr.ResampleStream:
    # vr: without it soxr works in blocks of 30 ms, with it each piece comes out at once, 13 ms behind
    return soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ", vr=True)
