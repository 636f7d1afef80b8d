"""Sounds that are not speech, for judging. Models are trained with different ones (`training.sounds.noises`)."""

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, Samples


def white(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of white noise with RMS 1."""
    return _unit(rng.standard_normal(samples))


def fan(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of a fan with RMS 1: dull, slowly swelling air and the hum of its blades."""
    times_s = np.arange(samples) / SAMPLE_RATE_HZ
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    dull = np.where(hertz < 30, 0, 1 / (1 + hertz / 300))
    air = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * dull, samples)
    air *= 1 + 0.3 * np.sin(2 * np.pi * 0.4 * times_s + rng.uniform(0, 2 * np.pi))
    turns = 2 * np.pi * 7 * (20 * times_s + 0.05 * np.sin(2 * np.pi * 0.7 * times_s))  # seven blades, 20 turns a second
    blades = sum(np.sin(k * turns) / k for k in (1, 2, 3))
    return _unit(air / air.std() + 0.4 * blades)


def keyboard(samples: int, rng: np.random.Generator) -> Samples:
    """(samples,) of typing with RMS 1: about five keys a second, with pauses; each a click and a thud, then a click."""
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
    """(samples,) of a tune without a singer, RMS 1: chords, bass and drums at 100 beats a minute."""
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
    """A plucked string: eight harmonics, of which the higher ones fade sooner."""
    hertz = 440 * 2 ** ((midi - 69) / 12)
    made = np.zeros(int(5 * decay_s * SAMPLE_RATE_HZ))
    for k in range(1, 9):
        _add(made, 0, _ringing(k * hertz, decay_s / k**0.5) / k)
    return made * np.minimum(np.arange(len(made)) / (0.005 * SAMPLE_RATE_HZ), 1)


def _ringing(hertz: float, decay_s: float) -> NDArray[np.float64]:
    """A resonance after a strike."""
    times_s = np.arange(int(5 * decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(np.sin(2 * np.pi * hertz * times_s) * np.exp(-times_s / decay_s))


def _burst(decay_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Decaying noise."""
    times_s = np.arange(int(5 * decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(rng.standard_normal(len(times_s)) * np.exp(-times_s / decay_s))


def _add(track: NDArray[np.float64], at_s: float, sound: NDArray[np.float64]) -> None:
    """Mix a sound into a track, as far as it fits."""
    begin = round(at_s * SAMPLE_RATE_HZ)
    end = min(len(track), begin + len(sound))
    track[begin:end] += sound[: end - begin]


def _unit(sound: NDArray[np.float64]) -> Samples:
    return np.asarray(sound / (np.sqrt(np.mean(np.square(sound))) + 1e-9), np.float32)
