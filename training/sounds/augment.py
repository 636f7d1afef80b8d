"""Augmentation: what is done to recorded sound before it is used for training."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples
from training.sounds.noises import noise
from training.sounds.recordings import Recordings, piece_of, sound_of

LEVEL_DBFS: Final = -26.0
"""The level to which all recordings are brought: teachers hear an even track, and gains are relative to it."""
GAP_FEATURES: Final = 16
"""Zeros between two recordings of a track: 320 ms, from which the teachers' output for silence is taken."""

SHORT_S: Final = 1.0
"""Shorter recordings are single sounds, such as a key press; they are scattered over time."""
STREWN_HZ: Final = (0.5, 12.0)
"""How many of them a second: range."""

VOICES: Final = ((0.82, 0.93), (1.08, 1.22))
"""Length of another voice's vocal tract relative to the speaker's: plainly shorter or longer."""

_BANDS_HZ: Final = (60, 150, 400, 1000, 2500, 5000, 8000)
"""Where the curve of a microphone is drawn."""
_MU: Final = 255.0
"""Of the mu-law."""

Pcm = NDArray[np.int16]


def stretch(sounds: Sequence[Recordings], samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) from a random place in a random recording, repeated if it is too short; RMS 1.

    A recording shorter than `SHORT_S`, such as a key press, is scattered over time with other short ones of its folder.
    Silence stays silence. Raises FacewireError for a file that is not sound, or empty.
    """
    files = sounds[int(rng.integers(len(sounds)))].files
    path = files[int(rng.integers(len(files)))]
    sound = piece_of(path, max(samples, int(SHORT_S * SAMPLE_RATE_HZ)), rng)
    folder = tuple(each for each in files if each.parent == path.parent)
    if len(sound) < SHORT_S * SAMPLE_RATE_HZ and _short(folder):
        return at_level(_strewn(folder, samples, rng), 0)
    return at_level(np.resize(sound[:samples], samples), 0)


@lru_cache(maxsize=16)
def _short(files: tuple[Path, ...]) -> list[Samples]:
    """The short sounds among these files; cached, as they are few and wanted often."""
    return [sound for sound in map(sound_of, files) if len(sound) < SHORT_S * SAMPLE_RATE_HZ]


def _strewn(files: tuple[Path, ...], samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) with the short sounds among these files at random times, each attenuated by up to 14 dB."""
    heard, made = _short(files), np.zeros(samples, np.float32)
    rate_hz = rng.uniform(*STREWN_HZ)
    for begin in rng.integers(samples, size=1 + int(samples / SAMPLE_RATE_HZ * rate_hz)):
        sound = heard[int(rng.integers(len(heard)))][: samples - begin]
        made[begin : begin + len(sound)] += sound * np.float32(rng.uniform(0.2, 1))
    return made


def packed(files: Iterable[Path]) -> Iterator[Pcm]:
    """Each recording, levelled and with a gap after it: (n,) at 16 kHz, n a multiple of 320.

    Joined, they are a track in which every recording begins on the grid of features.
    """
    for path in files:
        level = at_level(sound_of(path), LEVEL_DBFS)
        fill = -len(level) % FEATURE_SAMPLES + GAP_FEATURES * FEATURE_SAMPLES
        yield np.pad(np.rint(np.clip(level, -1, 1) * 32767).astype(np.int16), (0, fill))


def of_another_voice(samples: Samples, name: str) -> Samples:
    """The same words from a vocal tract up to a fifth longer or shorter (another speed), chosen by the name."""
    rng = np.random.default_rng(list(name.encode()))
    longer = rng.uniform(*VOICES[int(rng.integers(len(VOICES)))])
    return np.asarray(soxr.resample(samples, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * longer), np.float32)


def at_level(samples: Samples, dbfs: float) -> Samples:
    """The sound scaled to an RMS level in dBFS; silence stays silence."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return samples if rms < 1e-6 else (samples * np.float32(amplitude(dbfs) / rms)).astype(np.float32)


def amplitude(db: float) -> float:
    """Decibels to a factor of amplitude."""
    return float(10 ** (db / 20))


def in_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """The same sound in a simple room: an exponentially decaying tail of noise after the direct sound."""
    decay_s = rng.uniform(0.05, 0.2)  # to 1/e^3: a reverberation time of about .1 to .45 s
    length = int(decay_s * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(length) * np.exp(-3 * np.arange(length) / length)
    tail[0] = 0.0
    tail *= rng.uniform(0.1, 0.6) / np.sqrt(np.sum(tail**2))
    size = len(samples) + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return (samples + wet).astype(np.float32)


def in_noise(samples: Samples, rng: np.random.Generator) -> Samples:
    """A sound (n,), n at least 1, with noise 10 to 40 dB below it."""
    below_db = rng.uniform(10, 40)
    return with_noise(samples, noise(len(samples), rng), below_db)


def with_noise(samples: Samples, noise: Samples, below_db: float) -> Samples:
    """A sound (n,), n at least 1, with noise (n,) of RMS 1 scaled to so many dB below it."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples + np.float32(rms * amplitude(-below_db)) * noise


def coloured(samples: Samples, rng: np.random.Generator) -> Samples:
    """The same sound through another microphone: a smooth random curve of some 4 dB, often without lows or highs."""
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    gains_db = rng.normal(0, 4, len(_BANDS_HZ))
    if rng.random() < 0.3:
        gains_db[:2] -= rng.uniform(5, 25)
    if rng.random() < 0.25:
        gains_db[-2:] -= rng.uniform(0, 20), rng.uniform(10, 40)
    curve_db = np.interp(np.log(np.maximum(hertz, 30)), np.log(_BANDS_HZ), gains_db)
    shaped = np.fft.irfft(np.fft.rfft(samples) * 10 ** (curve_db / 20), len(samples))
    return np.asarray(shaped, np.float32)


def damaged(samples: Samples, rng: np.random.Generator) -> Samples:
    """The same sound after a cheap converter: in eight bits, as a telephone's codec has it, or clipped."""
    peak = np.float32(np.abs(samples).max() + 1e-6)
    if rng.random() < 0.5:
        return np.asarray(np.clip(samples, -(least := peak * np.float32(rng.uniform(0.3, 0.8))), least), np.float32)
    squeezed = np.log1p(_MU * np.abs(samples) / peak) / np.log1p(_MU)
    steps = np.round(squeezed * 127) / 127
    return np.asarray(np.sign(samples) * np.expm1(steps * np.log1p(_MU)) / _MU * peak, np.float32)


def disturb(samples: Samples, rng: np.random.Generator) -> Samples:
    """What rooms, microphones and codecs do to speech, noise at 0 to 40 dB SNR, and a gain of -18 to +6 dB."""
    if rng.random() < 0.4:
        samples = in_room(samples, rng)
    if rng.random() < 0.6:
        samples = coloured(samples, rng)
    if rng.random() < 0.6:
        # Against the level of the track, not of this window: pauses are to be noisy too.
        level = amplitude(LEVEL_DBFS - rng.uniform(0, 40))
        samples = samples + np.float32(level) * noise(len(samples), rng)
    if rng.random() < 0.15:
        samples = damaged(samples, rng)
    louder = samples * np.float32(amplitude(rng.uniform(-18, 6)))
    return np.asarray(np.clip(louder, -1, 1), np.float32)
