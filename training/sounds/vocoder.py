"""A voice taken apart by the WORLD vocoder (Morise et al. 2016), and put together again with changes."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples

FRAME_S: Final = 0.005
"""Of the analysis."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice as WORLD sees it, in frames of `FRAME_S`."""

    hertz: Doubles
    """(frames,): its pitch; 0 where there is none."""
    envelope: Doubles
    """(frames, bins)."""
    noise: Doubles
    """(frames, bins): how much of each frequency is noise."""

    def throat(self, formants: float) -> Self:
        """The same voice with its formants moved to so many times their frequencies."""
        return replace(self, envelope=_warped(self.envelope, formants), noise=_warped(self.noise, formants))

    def at(self, frames: Doubles) -> Self:
        """The voice as it is at these frames (n,), in any order, interpolated."""
        below = np.clip(frames.astype(int), 0, max(0, len(self.hertz) - 2))
        above = np.minimum(below + 1, len(self.hertz) - 1)
        share = np.clip(frames - below, 0, 1)
        voiced = np.where((self.hertz[below] > 0) & (self.hertz[above] > 0), share, np.round(share))
        hertz = self.hertz[below] * (1 - voiced) + self.hertz[above] * voiced
        envelope, noise = (
            each[below] * (1 - share[:, None]) + each[above] * share[:, None] for each in (self.envelope, self.noise)
        )
        return type(self)(hertz, envelope, noise)

    def sound(self) -> Samples:
        """Its sound (n,) at 16 kHz."""
        import pyworld

        hertz, envelope, noise = (np.ascontiguousarray(each) for each in (self.hertz, self.envelope, self.noise))
        made: Samples = np.clip(pyworld.synthesize(hertz, envelope, noise, SAMPLE_RATE_HZ), -1, 1).astype(np.float32)
        return made


def voice_of(samples: Samples) -> Voice:
    """The voice in speech (n,) at 16 kHz."""
    import pyworld

    sound = samples.astype(np.float64)
    rough, times_s = pyworld.dio(sound, SAMPLE_RATE_HZ)
    hertz = pyworld.stonemask(sound, rough, times_s, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(sound, hertz, times_s, SAMPLE_RATE_HZ)
    return Voice(hertz, envelope, pyworld.d4c(sound, hertz, times_s, SAMPLE_RATE_HZ))


def voiced_as(samples: Samples, pitch: float, formants: float) -> Samples:
    """Speech (n,) at 16 kHz with its pitch and its formants scaled by these factors; timing is kept."""
    voice = voice_of(samples).throat(formants)
    spoken = replace(voice, hertz=pitch * voice.hertz).sound()[: len(samples)]
    return np.pad(spoken, (0, len(samples) - len(spoken)))


def _warped(spectra: Doubles, factor: float) -> Doubles:
    """Spectra (frames, bins) with each frequency moved to `factor` times its own; the highest bin is repeated."""
    place = np.arange(spectra.shape[1]) / factor
    below = np.clip(place.astype(int), 0, spectra.shape[1] - 2)
    share = np.clip(place - below, 0, 1)
    warped: Doubles = spectra[:, below] * (1 - share) + spectra[:, below + 1] * share
    return warped
