"""Timbre: what the sound itself tells about a voice, beside an encoder that learns to ignore who speaks.

Mean and deviation of the log mel bands describe the voice's overall sound. Those of the products of cepstra describe
how its resonances move together: a covariance, as in speaker recognition before neural networks (Bimbot and others
1995, "Second-order statistical measures for text-independent speaker identification").
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import FEATURE_SAMPLES, RECEPTIVE_SAMPLES, SAMPLE_RATE_HZ, TAIL_SAMPLES, Floats, Samples, WindowSpec

BANDS: Final = 40
CEPSTRA: Final = 20
"""Without the first one, which is loudness."""
WIDTH: Final = BANDS + CEPSTRA * (CEPSTRA + 1) // 2
"""Z: numbers per feature."""
QUIETEST: Final = 1e-2
"""Power floor of a band, for levelled windows. If it were lower, a voice would change with the microphone's noise."""
_FFT: Final = 512


def timbre(sound: Samples) -> Floats:
    """Log mel and products of cepstra (…, T, Z) of sound (…, 320 * T + 80), at the times of the encoder's features."""
    mel = log_mel(sound, QUIETEST)
    cepstra = mel @ _cosines()
    one, other = _pairs()
    numbers: Floats = np.concatenate([mel, cepstra[..., one] * cepstra[..., other]], -1)
    return numbers


def beside(hidden: Floats, window: WindowSpec, windows: Samples) -> Floats:
    """An encoder's states of each hop's own sound (B, H, T, …), with its timbre appended.

    `windows` are (B, H, samples).
    """
    end = window.left_samples + window.hop_samples + TAIL_SAMPLES
    return np.concatenate([hidden, timbre(windows[..., window.left_samples : end])], -1)


def log_mel(sound: Samples, quietest: float) -> Floats:
    """Log power in mel bands (…, T, BANDS) of sound (…, 320 * T + 80), in HuBERT's frames.

    `quietest` is the power floor of a band.
    """
    frames = np.lib.stride_tricks.sliding_window_view(sound, RECEPTIVE_SAMPLES, axis=-1)[..., ::FEATURE_SAMPLES, :]
    waves = np.fft.rfft(frames * _hann(), _FFT)
    power = np.square(waves.real) + np.square(waves.imag)
    logarithms: Floats = np.log(power.astype(np.float32, copy=False) @ _bank() + np.float32(quietest))
    return logarithms


@cache
def _hann() -> Floats:
    return np.hanning(RECEPTIVE_SAMPLES).astype(np.float32)


@cache
def _pairs() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.triu_indices(CEPSTRA)


@cache
def _bank() -> Floats:
    """Triangular filters (frequencies, BANDS) of equal width in mel, each overlapping the next by half."""
    mels = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hertz = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE_HZ)[:, None]
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    bank: Floats = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return bank


@cache
def _cosines() -> Floats:
    """Orthonormal cosine transform (BANDS, CEPSTRA), without the constant."""
    waves = np.cos(np.pi / BANDS * np.outer(np.arange(BANDS) + 0.5, np.arange(1, CEPSTRA + 1)))
    orthonormal: Floats = (waves * np.sqrt(2 / BANDS)).astype(np.float32)
    return orthonormal
