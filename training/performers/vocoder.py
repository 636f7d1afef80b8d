"""Another vocal tract: a voice analysed by the WORLD vocoder (Morise et al. 2016) and synthesised with changes."""

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples


def voiced_as(samples: Samples, pitch: float, formants: float) -> Samples:
    """Speech (n,) at 16 kHz with its pitch and its formants scaled by these factors; timing is kept."""
    import pyworld

    sound = samples.astype(np.float64)
    rough, times_s = pyworld.dio(sound, SAMPLE_RATE_HZ)
    hertz = pyworld.stonemask(sound, rough, times_s, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(sound, hertz, times_s, SAMPLE_RATE_HZ)
    noise = pyworld.d4c(sound, hertz, times_s, SAMPLE_RATE_HZ)
    made = pyworld.synthesize(pitch * hertz, _warped(envelope, formants), _warped(noise, formants), SAMPLE_RATE_HZ)
    spoken: Samples = np.clip(made[: len(samples)], -1, 1).astype(np.float32)
    return np.pad(spoken, (0, len(samples) - len(spoken)))


def _warped(spectra: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Spectra (frames, bins) with each frequency moved to `factor` times its own; the highest bin is repeated."""
    place = np.arange(spectra.shape[1]) / factor
    below = np.clip(place.astype(int), 0, spectra.shape[1] - 2)
    share = np.clip(place - below, 0, 1)
    warped = spectra[:, below] * (1 - share) + spectra[:, below + 1] * share
    return np.ascontiguousarray(warped)
