"""The sound an encoder is trained on: speech from folders, packed into one track, and what is done to it.

Beside it what a face is judged by and nothing is trained on: `white`, `fan`, `keyboard` and `music`, made up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.audio import read_audio
from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.datasets.clip_files import read_arrays
from training.datasets.dataset import Dataset

SUFFIXES: Final = frozenset({".flac", ".wav", ".ogg", ".mp3"})
LEVEL_DBFS: Final = -26.0
"""Loudness all recordings are brought to: teachers hear an even track, and gains count from here."""
GAP_FEATURES: Final = 16
"""Zeros between two recordings of a track: 320 ms, from which the teachers' idea of silence is taken."""

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Speech:
    """Recordings under one licence."""

    name: str
    licence: str
    files: tuple[Path, ...]


def speech_of(folder: Path, licence: str) -> Speech:
    """All recordings under a folder. Raises FacewireError if there are none."""
    files = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))
    if not files:
        raise FacewireError(f"no speech to train on under {folder}: expected {', '.join(sorted(SUFFIXES))} files")
    return Speech(folder.name, licence, files)


def speech_of_dataset(dataset: Dataset) -> list[Speech]:
    """The sound of a dataset's training split, apart by licence. Raises FacewireError if it has none."""
    rows = dataset.rows("train")
    if not rows:
        raise FacewireError(f"{dataset.folder}: none of its recordings is in the train split")
    return [
        Speech(
            dataset.manifest.name, licence, tuple(dataset.folder / row.file for row in rows if row.licence == licence)
        )
        for licence in sorted({row.licence for row in rows})
    ]


def sound_of(path: Path) -> Samples:
    """The sound (n,) at 16 kHz of a sound file, or of a dataset's recording. Raises FacewireError."""
    if path.suffix == ".safetensors":
        return read_arrays(path)["sound"].astype(np.float32) / np.float32(32768)
    return read_audio(path)


def packed(files: Iterable[Path]) -> Iterator[Pcm]:
    """Each recording, levelled, with a gap behind it: (n,) at 16 kHz, n a multiple of 320.

    In a row they are a track on whose grid of features every recording begins: its frames are theirs.
    """
    for path in files:
        samples = at_level(sound_of(path), LEVEL_DBFS)
        fill = -len(samples) % FEATURE_SAMPLES + GAP_FEATURES * FEATURE_SAMPLES
        yield np.pad(np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16), (0, fill))


def at_level(samples: Samples, dbfs: float) -> Samples:
    """The sound scaled to an RMS level in dBFS; silence stays silence."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return samples if rms < 1e-6 else (samples * np.float32(amplitude(dbfs) / rms)).astype(np.float32)


def amplitude(db: float) -> float:
    """Decibels to a factor of amplitude."""
    return float(10 ** (db / 20))


def noise(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of stationary noise with RMS 1: white to brown, of random colour, now and then with mains hum."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.maximum(hertz, 40) ** rng.uniform(0, 1), samples)
    shaped /= shaped.std() + 1e-9
    if rng.random() < 0.2:
        mains = rng.choice([50, 60]) * rng.integers(1, 4)
        shaped += rng.uniform(0, 2) * np.sin(2 * np.pi * mains * np.arange(samples) / SAMPLE_RATE_HZ)
    return np.asarray(shaped / (shaped.std() + 1e-9), np.float32)


def clatter(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of knocks with RMS 1, as of keys and cups: 1 to 8 a second, short bursts, each with a ring."""
    sound = 1e-3 * rng.standard_normal(samples)
    seconds = np.arange(SAMPLE_RATE_HZ // 8) / SAMPLE_RATE_HZ
    for begin in rng.integers(samples, size=1 + int(samples / SAMPLE_RATE_HZ * rng.uniform(1, 8))):
        ring = np.sin(2 * np.pi * rng.uniform(300, 5000) * seconds)
        knock = (rng.standard_normal(len(seconds)) + rng.uniform(0, 3) * ring) * np.exp(
            -seconds / rng.uniform(2e-3, 0.02)
        )
        sound[begin : begin + len(knock)] += rng.uniform(0.2, 1) * knock[: samples - begin]
    return np.asarray(sound / sound.std(), np.float32)


def music(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of notes with RMS 1: up to four voices with harmonics, each with its own length of notes."""
    sound = 1e-3 * rng.standard_normal(samples)
    for _ in range(int(rng.integers(1, 5))):
        length = int(rng.uniform(0.1, 1.0) * SAMPLE_RATE_HZ)
        seconds = np.arange(length) / SAMPLE_RATE_HZ
        swell = np.minimum(seconds / rng.uniform(0.003, 0.08), 1) * np.exp(-seconds * rng.uniform(0, 6))
        steepness, lowest = rng.uniform(0.5, 2), int(rng.integers(36, 76))
        for begin in range(0, samples, length):
            hertz = 440 * 2 ** ((lowest + rng.integers(13) - 69) / 12)
            harmonics = np.arange(1, int(min(20, 7000 / hertz)) + 1)
            waves = np.sin(2 * np.pi * hertz * harmonics * seconds[:, None] + rng.uniform(0, 6.28, len(harmonics)))
            note = waves @ harmonics**-steepness * swell * (rng.random() < 0.85)
            sound[begin : begin + length] += note[: samples - begin]
    return np.asarray(sound / sound.std(), np.float32)


def in_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """The same sound in a simple room: an exponentially decaying tail of noise behind the direct sound."""
    decay_s = rng.uniform(0.05, 0.2)  # to 1/e^3: a reverberation time of about .1 to .45 s
    length = int(decay_s * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(length) * np.exp(-3 * np.arange(length) / length)
    tail[0] = 0.0
    tail *= rng.uniform(0.1, 0.6) / np.sqrt(np.sum(tail**2))
    size = len(samples) + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return (samples + wet).astype(np.float32)


def disturb(samples: Samples, rng: np.random.Generator) -> Samples:
    """What microphones and rooms do to speech: reverb, noise at 0..30 dB SNR, gain of -30..+6 dB."""
    if rng.random() < 0.25:
        samples = in_room(samples, rng)
    if rng.random() < 0.5:
        # Against the level of the track, not of this window: pauses are to be noisy too.
        level = amplitude(LEVEL_DBFS - rng.uniform(0, 30))
        samples = samples + np.float32(level) * noise(len(samples), rng)
    louder = samples * np.float32(amplitude(rng.uniform(-30, 6)))
    return np.asarray(np.clip(louder, -1, 1), np.float32)


def quiet(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) without a voice: digital silence now and then, else noise of -90..-30 dBFS."""
    if rng.random() < 0.2:
        return np.zeros(samples, np.float32)
    return noise(samples, rng) * np.float32(amplitude(rng.uniform(-90, -30)))


def white(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of white noise with RMS 1."""
    return _unit(rng.standard_normal(samples))


def fan(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of a fan with RMS 1: air, dull and slowly swelling, and the hum of its blades."""
    times_s = np.arange(samples) / SAMPLE_RATE_HZ
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    dull = np.where(hertz < 30, 0, 1 / (1 + hertz / 300))
    air = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * dull, samples)
    air *= 1 + 0.3 * np.sin(2 * np.pi * 0.4 * times_s + rng.uniform(0, 2 * np.pi))
    turns = 2 * np.pi * 7 * (20 * times_s + 0.05 * np.sin(2 * np.pi * 0.7 * times_s))  # seven blades, 20 turns a second
    blades = sum(np.sin(k * turns) / k for k in (1, 2, 3))
    return _unit(air / air.std() + 0.4 * blades)


def keyboard(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of typing with RMS 1: some five keys a second, with pauses; a click and a thud down, a click up."""
    made = np.zeros(samples)
    at_s = 0.1
    while at_s < samples / SAMPLE_RATE_HZ:
        force, up_s = rng.uniform(0.7, 1.0), at_s + rng.uniform(0.06, 0.12)
        _add(made, at_s, 0.6 * force * _ringing(rng.uniform(2000, 4500), 0.006))
        _add(made, at_s, 0.15 * force * _burst(0.004, rng))
        _add(made, at_s, force * _ringing(rng.uniform(120, 300), 0.04))
        _add(made, up_s, 0.4 * force * _ringing(rng.uniform(2500, 5000), 0.005))
        at_s += rng.gamma(4, 0.045) + (rng.uniform(0.2, 0.6) if rng.random() < 0.15 else 0)
    return _unit(made)


def music(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of a tune without a singer, RMS 1: chords, a bass, drums, 100 beats a minute."""
    made, beat_s = np.zeros(samples), 0.6
    chords = ((57, 60, 64), (53, 57, 60), (48, 55, 64), (55, 59, 62))  # A minor, F, C, G as MIDI notes
    for beat in range(int(samples / SAMPLE_RATE_HZ / beat_s) + 1):
        at_s, chord = beat * beat_s, chords[beat // 4 % len(chords)]
        for note in chord:
            _add(made, at_s, rng.uniform(0.2, 0.3) * _note(note, 0.5))
        if beat % 2 == 0:
            _add(made, at_s, 0.6 * _note(chord[0] - 24, 0.4))
            _add(made, at_s, 0.9 * _ringing(55, 0.08))
        else:
            _add(made, at_s, 0.5 * _burst(0.05, rng))
        for eighth in (0, 0.5):
            _add(made, at_s + eighth * beat_s, 0.2 * np.diff(_burst(0.012, rng)))
    return _unit(made)


def _note(midi: int, decay_s: float) -> NDArray[np.float64]:
    """A plucked string: eight harmonics, the higher the sooner gone."""
    hertz = 440 * 2 ** ((midi - 69) / 12)
    made = np.zeros(int(5 * decay_s * SAMPLE_RATE_HZ))
    for k in range(1, 9):
        _add(made, 0, _ringing(k * hertz, decay_s / k**0.5) / k)
    return made * np.minimum(np.arange(len(made)) / (0.005 * SAMPLE_RATE_HZ), 1)


def _ringing(hertz: float, decay_s: float) -> NDArray[np.float64]:
    """A resonance that was struck."""
    times_s = np.arange(int(5 * decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(np.sin(2 * np.pi * hertz * times_s) * np.exp(-times_s / decay_s))


def _burst(decay_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that dies away."""
    times_s = np.arange(int(5 * decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(rng.standard_normal(len(times_s)) * np.exp(-times_s / decay_s))


def _add(track: NDArray[np.float64], at_s: float, sound: NDArray[np.float64]) -> None:
    """Mix a sound into a track, as far as it fits."""
    begin = round(at_s * SAMPLE_RATE_HZ)
    end = min(len(track), begin + len(sound))
    track[begin:end] += sound[: end - begin]


def _unit(sound: NDArray[np.float64]) -> Samples:
    return np.asarray(sound / (np.sqrt(np.mean(np.square(sound))) + 1e-9), np.float32)
