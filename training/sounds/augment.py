"""Augmentation: what is done to recorded sound before it is used for training."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples
from training.sounds.noises import noise, not_speech
from training.sounds.recordings import Recordings, sound_of

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

Pcm = NDArray[np.int16]


def stretch(sounds: Sequence[Recordings], samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) from a random place in a random recording, repeated if it is too short; RMS 1.

    A recording shorter than `SHORT_S`, such as a key press, is scattered over time with other short ones of its folder.
    Silence stays silence. Raises FacewireError for a file that is not sound, or empty.
    """
    files = sounds[int(rng.integers(len(sounds)))].files
    path = files[int(rng.integers(len(files)))]
    sound = sound_of(path)
    if len(sound) < SHORT_S * SAMPLE_RATE_HZ:
        return at_level(_strewn([each for each in files if each.parent == path.parent], samples, rng), 0)
    begin = int(rng.integers(max(1, len(sound) - samples)))
    return at_level(np.resize(sound[begin : begin + samples], samples), 0)


def _strewn(files: Sequence[Path], samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) with the short sounds among these files at random times, each attenuated by up to 14 dB."""
    every, made = [sound_of(path) for path in files], np.zeros(samples, np.float32)
    heard = [sound for sound in every if len(sound) < SHORT_S * SAMPLE_RATE_HZ]
    rate_hz = rng.uniform(*STREWN_HZ)
    for begin in rng.integers(samples, size=1 + int(samples / SAMPLE_RATE_HZ * rate_hz)):
        sound = heard[int(rng.integers(len(heard)))][: samples - begin]
        made[begin : begin + len(sound)] += sound * np.float32(rng.uniform(0.2, 1))
    return made


def packed(files: Iterable[Path]) -> Iterator[Pcm]:
    """Each recording twice, as it is and in another voice, levelled, with gaps: (n,) at 16 kHz, n a multiple of 320.

    Joined, they are a track in which every recording begins on the grid of features.
    """
    for path in files:
        spoken = sound_of(path)
        for samples in (spoken, of_another_voice(spoken, path.stem)):
            level = at_level(samples, LEVEL_DBFS)
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


def disturb(samples: Samples, rng: np.random.Generator) -> Samples:
    """What microphones and rooms do to speech: reverberation, noise at 0 to 30 dB SNR, a gain of -30 to +6 dB."""
    if rng.random() < 0.25:
        samples = in_room(samples, rng)
    if rng.random() < 0.5:
        # Against the level of the track, not of this window: pauses are to be noisy too.
        level = amplitude(LEVEL_DBFS - rng.uniform(0, 30))
        samples = samples + np.float32(level) * noise(len(samples), rng)
    louder = samples * np.float32(amplitude(rng.uniform(-30, 6)))
    return np.asarray(np.clip(louder, -1, 1), np.float32)


def quiet(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) without a voice: sometimes digital silence, else noise, knocks or music at -90 to -15 dBFS."""
    if rng.random() < 0.2:
        return np.zeros(samples, np.float32)
    made = not_speech(samples, rng) * np.float32(amplitude(rng.uniform(-90, -15)))
    return np.asarray(np.clip(made, -1, 1), np.float32)
