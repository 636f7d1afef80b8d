import numpy as np
import pytest

from training.sounds.noises import clatter, noise, not_speech, notes


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_noise_has_unit_level(rng: np.random.Generator) -> None:
    for _ in range(20):
        assert noise(16_080, rng).std() == pytest.approx(1, abs=1e-3)


def test_knocks_and_music_are_loud_for_moments_and_tuned_for_long() -> None:
    knocks, tune, hiss = (make(80_000, np.random.default_rng(3)).astype(np.float64) for make in (clatter, notes, noise))
    for sound in (knocks, tune, hiss):
        assert sound.shape == (80_000,)
        assert sound.std() == pytest.approx(1, abs=1e-3)
    assert np.mean(knocks**4) > 10  # a normal's is 3
    spectra = [np.abs(np.fft.rfft(sound[:16_000])) ** 2 for sound in (tune, hiss)]
    peakiness = [float(np.sort(power)[-80:].sum() / power.sum()) for power in spectra]
    assert peakiness[0] > 0.5 > peakiness[1]


def test_what_is_no_speech_is_any_of_them(rng: np.random.Generator) -> None:
    every = [not_speech(32_000, rng).astype(np.float64) for _ in range(40)]
    knocks = [np.mean(sound**4) > 10 for sound in every]
    assert 3 < sum(knocks) < 20
    powers = [np.sort(np.abs(np.fft.rfft(sound[:16_000])) ** 2) for sound in every]
    tuned = [power[-80:].sum() / power.sum() > 0.5 for power in powers]
    assert sum(tuned) > 5
    assert 40 - sum(each or other for each, other in zip(knocks, tuned, strict=True)) > 5
