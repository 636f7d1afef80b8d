import numpy as np
import pytest

from training.noises import clatter, noise, not_speech, tune


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_noise_has_unit_level(rng: np.random.Generator) -> None:
    for _ in range(20):
        assert noise(16_080, rng).std() == pytest.approx(1, abs=1e-3)


def test_knocks_and_music_are_loud_for_moments_and_tuned_for_long() -> None:
    knocks, music, hiss = (make(80_000, np.random.default_rng(3)).astype(np.float64) for make in (clatter, tune, noise))
    for sound in (knocks, music, hiss):
        assert sound.shape == (80_000,)
        assert sound.std() == pytest.approx(1, abs=1e-3)
    assert np.mean(knocks**4) > 10  # a normal's is 3
    spectra = [np.abs(np.fft.rfft(sound[:16_000])) ** 2 for sound in (music, hiss)]
    peakiness = [float(np.sort(power)[-80:].sum() / power.sum()) for power in spectra]
    assert peakiness[0] > 0.5 > peakiness[1]


def test_music_keeps_a_beat() -> None:
    """Loudness comes back after some beat more surely than that of knocks at random."""

    def regular(sound: np.ndarray) -> float:
        loud = np.log(np.square(sound.astype(np.float64)).reshape(-1, 320).mean(1) + 1e-4)  # by 20 ms
        loud -= loud.mean()
        spectrum = np.abs(np.fft.rfft(loud, 2 * len(loud))) ** 2
        again = np.fft.irfft(spectrum)[: len(loud)] / np.arange(len(loud), 0, -1)
        return float(again[12:110].max() / again[0])

    by_kind = [[regular(make(192_000, np.random.default_rng(seed))) for seed in range(8)] for make in (tune, clatter)]
    assert np.median(by_kind[0]) > 2 * np.median(by_kind[1])


def test_some_noise_comes_in_gusts() -> None:
    swells = []
    for seed in range(40):
        sound = noise(160_000, np.random.default_rng(seed)).astype(np.float64)
        swells.append(float(np.square(sound).reshape(-1, 4000).mean(1).std()))
    assert 2 < sum(swell > 0.4 for swell in swells) < 20


def test_what_is_no_speech_is_any_of_them(rng: np.random.Generator) -> None:
    every = [not_speech(32_000, rng).astype(np.float64) for _ in range(40)]
    knocks = [np.mean(sound**4) > 10 for sound in every]
    assert 5 < sum(knocks) < 25
    powers = [np.sort(np.abs(np.fft.rfft(sound[:16_000])) ** 2) for sound in every]
    tuned = [power[-80:].sum() / power.sum() > 0.5 for power in powers]
    assert sum(tuned) > 5
    assert 40 - sum(each or other for each, other in zip(knocks, tuned, strict=True)) > 5
