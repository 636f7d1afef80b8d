"""Sounds that are no speech, to learn from: whatever a microphone hears while nobody speaks."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples

SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), tuple(range(12)))
"""Major, minor, five notes, all of them: semitones above the key."""
_HIGHEST_HZ: Final = 7500

_Track = NDArray[np.float64]


def not_speech(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of noise, knocks or music with RMS 1: knocks and music most often, which are most like speech."""
    return (noise, clatter, tune)[int(rng.choice(3, p=[0.3, 0.35, 0.35]))](samples, rng)


def noise(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of noise with RMS 1: white to brown, of random colour, now and then with mains hum, or in gusts."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.maximum(hertz, 40) ** rng.uniform(0, 1), samples)
    shaped /= shaped.std() + 1e-9
    if rng.random() < 0.2:
        mains = rng.choice([50, 60]) * rng.integers(1, 4)
        shaped += rng.uniform(0, 2) * np.sin(2 * np.pi * mains * np.arange(samples) / SAMPLE_RATE_HZ)
    if rng.random() < 0.2:
        each = SAMPLE_RATE_HZ / rng.uniform(0.3, 4)  # samples from one gust's strength to the next one's
        strengths = rng.uniform(0, 1, int(samples / each) + 2)
        shaped *= np.interp(np.arange(samples) / each, np.arange(len(strengths)), strengths) + 0.05
    return _unit(shaped)


def clatter(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of knocks with RMS 1, as of keys, cups, tables: 1 to 12 a second, each a burst and what rings."""
    sound = 1e-3 * rng.standard_normal(samples)
    for begin in rng.integers(samples, size=1 + int(samples / SAMPLE_RATE_HZ * rng.uniform(1, 12))):
        _add(sound, begin, rng.uniform(0.2, 1) * _knock(rng))
    return _unit(sound)


def tune(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of music without a singer, RMS 1: one to four instruments on one beat and in one key, often drums."""
    beat_s, key = rng.uniform(0.3, 1.0), int(rng.integers(12))
    scale = np.array(SCALES[int(rng.integers(len(SCALES)))])
    sound = 1e-3 * rng.standard_normal(samples)
    for _ in range(int(rng.integers(1, 5))):
        part = np.zeros(samples)
        _play(part, beat_s, key + scale, rng)
        sound += rng.uniform(0.2, 1) * _unit(part)
    if rng.random() < 0.5:
        part = np.zeros(samples)
        _drum(part, beat_s, rng)
        sound += rng.uniform(0.3, 1.5) * _unit(part)
    return _unit(sound)


def _knock(rng: np.random.Generator) -> _Track:
    """A quarter of a second of something that was struck."""
    seconds = np.arange(SAMPLE_RATE_HZ // 4) / SAMPLE_RATE_HZ
    knock: _Track = rng.uniform(0, 1) * rng.standard_normal(len(seconds)) * np.exp(-seconds / rng.uniform(2e-3, 0.02))
    for _ in range(int(rng.integers(4))):
        hertz, decay_s = 80 * 75 ** rng.random(), 2e-3 * 30 ** rng.random()
        knock += rng.uniform(0, 2) * np.sin(2 * np.pi * hertz * seconds) * np.exp(-seconds / decay_s)
    return knock


def _play(track: _Track, beat_s: float, scale: NDArray[np.int64], rng: np.random.Generator) -> None:
    """An instrument of its own plays notes or chords of the scale, some of them longer than others, with rests."""
    lowest, length_s = 12 * int(rng.integers(2, 6)), beat_s * 2.0 ** rng.integers(-2, 3)
    together, silent = int(rng.integers(1, 4)), rng.uniform(0, 0.3)
    harmonics = np.arange(1, 21)
    strengths = harmonics ** -rng.uniform(0.3, 2.5) * rng.uniform(0.2, 1, len(harmonics))
    if rng.random() < 0.2:
        strengths[1::2] = 0  # as of a clarinet
    attack_s, decay_per_s = 0.003 * 100 ** rng.random(), rng.choice([0, rng.uniform(0, 10)])
    vibrato, turns_hz = rng.choice([0, rng.uniform(0, 0.5)]), rng.uniform(3, 8)
    breath = rng.choice([0, rng.uniform(0, 0.3)])
    at_s = 0.0
    while at_s * SAMPLE_RATE_HZ < len(track):
        seconds = np.arange(int(length_s * rng.choice([1, 1, 1, 2]) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        for _ in range(together if rng.random() >= silent else 0):
            bend = vibrato * np.sin(2 * np.pi * turns_hz * seconds)
            hertz = 440 * 2 ** ((lowest + 12 * rng.integers(3) + rng.choice(scale) + bend - 69) / 12)
            heard = harmonics * hertz.max() < _HIGHEST_HZ
            phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE_HZ
            waves = np.sin(phase[:, None] * harmonics[heard] + rng.uniform(0, 2 * np.pi, heard.sum()))
            note = waves @ strengths[heard] + breath * rng.standard_normal(len(seconds))
            rises = np.minimum(seconds / attack_s, 1) * np.minimum((seconds[-1] - seconds) / 0.01, 1)
            _add(track, round(at_s * SAMPLE_RATE_HZ), note * rises * np.exp(-seconds * decay_per_s))
        at_s += len(seconds) / SAMPLE_RATE_HZ


def _drum(track: _Track, beat_s: float, rng: np.random.Generator) -> None:
    """Three drums, each striking at its own places of eight half beats, again and again."""
    for _ in range(3):
        strikes = rng.random(8) < rng.uniform(0.1, 0.6)
        drum = _knock(rng) if rng.random() < 0.5 else _bang(rng)
        for half in range(int(2 * len(track) / SAMPLE_RATE_HZ / beat_s)):
            if strikes[half % 8]:
                _add(track, round(half * beat_s / 2 * SAMPLE_RATE_HZ), rng.uniform(0.6, 1) * drum)


def _bang(rng: np.random.Generator) -> _Track:
    """Half a second of a skin, whose tone falls, and of what rattles on it."""
    seconds = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    hertz = rng.uniform(40, 200) * (1 + rng.uniform(0, 3) * np.exp(-seconds / rng.uniform(0.01, 0.05)))
    tone = np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE_HZ) * np.exp(-seconds / rng.uniform(0.03, 0.2))
    rattle = rng.standard_normal(len(seconds)) * np.exp(-seconds / rng.uniform(0.01, 0.15))
    return np.asarray(rng.uniform(0, 1) * tone + rng.choice([0, rng.uniform(0, 0.7)]) * rattle)


def _add(track: _Track, begin: int, sound: _Track) -> None:
    """Mix a sound into a track, as far as it fits."""
    end = min(len(track), begin + len(sound))
    track[begin:end] += sound[: end - begin]


def _unit(sound: _Track) -> Samples:
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)
