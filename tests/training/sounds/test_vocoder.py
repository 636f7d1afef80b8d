"""Another throat: pitch and formants go where they are told, and nothing else changes."""

import numpy as np
import pytest

from training.sounds.vocoder import voiced_as

RATE = 16_000


def vowel(pitch_hz: float, formant_hz: float) -> np.ndarray:
    """A buzz of harmonics about one formant, with a pause in its middle."""
    times_s = np.arange(RATE) / RATE
    harmonics = np.arange(1, int(7000 / pitch_hz))
    strength = np.exp(-np.square((harmonics * pitch_hz - formant_hz) / 350)) + 0.02
    sound = (strength[:, None] * np.sin(2 * np.pi * harmonics[:, None] * pitch_hz * times_s)).sum(0)
    return (0.2 * sound / np.abs(sound).max() * (np.abs(times_s - 0.5) > 0.1)).astype(np.float32)


def spectrum(sound: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(sound[:4096] * np.hanning(4096)))


def formant_hz(sound: np.ndarray) -> float:
    power = spectrum(sound)[: 4096 * 5000 // RATE] ** 2
    return float(np.arange(len(power)) @ power / power.sum() * RATE / 4096)


def pitch_hz(sound: np.ndarray) -> float:
    alike = np.correlate(sound[1000:5000], sound[1000:5000], "full")[4000 - 1 :]
    lag = 60 + int(alike[60:200].argmax())
    return RATE / lag


def test_pitch_and_formants_move_apart_from_each_other() -> None:
    plain = vowel(125, 1500)
    same, high, short = (voiced_as(plain, *factors) for factors in ((1, 1), (1.25, 1), (1, 1.15)))
    assert pitch_hz(same) == pytest.approx(125, rel=0.02)
    assert pitch_hz(high) == pytest.approx(156, rel=0.02)
    assert pitch_hz(short) == pytest.approx(125, rel=0.02)
    assert formant_hz(high) / formant_hz(same) == pytest.approx(1, abs=0.05)
    assert formant_hz(short) / formant_hz(same) == pytest.approx(1.15, abs=0.05)


def test_it_is_as_long_as_before_and_pauses_where_it_did() -> None:
    plain = vowel(125, 1500)[:15_990]
    other = voiced_as(plain, 0.8, 0.9)
    assert (len(other), other.dtype) == (15_990, np.float32)
    pause = np.abs(other[int(0.45 * RATE) : int(0.55 * RATE)]).max()
    assert pause < 0.1 * np.abs(other).max()
