"""Sounds that are not speech, to train with: what a microphone hears while nobody speaks."""

import numpy as np

from model.windows import SAMPLE_RATE_HZ, Samples


def noise(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of stationary noise with RMS 1: white to brown, sometimes with mains hum."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.maximum(hertz, 40) ** rng.uniform(0, 1), samples)
    shaped /= shaped.std() + 1e-9
    if rng.random() < 0.2:
        mains = rng.choice([50, 60]) * rng.integers(1, 4)
        shaped += rng.uniform(0, 2) * np.sin(2 * np.pi * mains * np.arange(samples) / SAMPLE_RATE_HZ)
    return np.asarray(shaped / (shaped.std() + 1e-9), np.float32)


def clatter(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of knocks with RMS 1, as of keys, cups or tables: 1 to 12 a second, each a burst and its ringing."""
    sound = 1e-3 * rng.standard_normal(samples)
    seconds = np.arange(SAMPLE_RATE_HZ // 4) / SAMPLE_RATE_HZ
    for begin in rng.integers(samples, size=1 + int(samples / SAMPLE_RATE_HZ * rng.uniform(1, 12))):
        knock = rng.uniform(0, 1) * rng.standard_normal(len(seconds)) * np.exp(-seconds / rng.uniform(2e-3, 0.02))
        for _ in range(int(rng.integers(4))):
            hertz, decay_s = 80 * 75 ** rng.random(), 2e-3 * 30 ** rng.random()
            knock += rng.uniform(0, 2) * np.sin(2 * np.pi * hertz * seconds) * np.exp(-seconds / decay_s)
        sound[begin : begin + len(knock)] += rng.uniform(0.2, 1) * knock[: samples - begin]
    return np.asarray(sound / sound.std(), np.float32)


def notes(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of notes with RMS 1: up to four voices with harmonics, each with its own note length."""
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


def not_speech(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of any of these with RMS 1; half of the time noise."""
    return (noise, noise, clatter, notes)[int(rng.integers(4))](samples, rng)
