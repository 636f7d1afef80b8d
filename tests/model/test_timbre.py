"""Timbre: on the grid of the encoder's features, the same in any window, and its shape independent of loudness."""

import numpy as np
from scipy.fft import dct

from model import timbre
from model.level import Leveller, levelled
from model.timbre import BANDS, CEPSTRA
from model.windower import windows_of
from model.windows import WindowSpec

SPEC = WindowSpec()
SOUND = (np.random.default_rng(0).standard_normal(16_000) * 0.1).astype(np.float32)


def test_windows_have_the_timbre_of_the_whole() -> None:
    windows = windows_of(SPEC, SOUND).sound[None]
    hidden = np.zeros((1, windows.shape[1], SPEC.hop_features, 3), np.float32)
    beside = timbre.beside(hidden, SPEC, windows)
    assert beside.shape == (1, 10, 5, 3 + timbre.WIDTH)
    assert beside.dtype == np.float32
    silence = Leveller(SPEC.highpass_hz).push(SOUND)[0].end(80)
    whole = timbre.timbre(levelled(np.concatenate([SOUND, silence]), SPEC.highpass_hz))
    np.testing.assert_allclose(beside[0, ..., 3:].reshape(50, -1), whole, rtol=1e-4, atol=1e-4)


def test_products_are_of_cepstra_and_no_loudness() -> None:
    mel, products = np.split(timbre.timbre(SOUND[:400]), [BANDS], -1)
    cepstra = dct(mel[0], norm="ortho")[1 : CEPSTRA + 1]
    np.testing.assert_allclose(products[0], np.outer(cepstra, cepstra)[np.triu_indices(CEPSTRA)], rtol=1e-3, atol=1e-3)
    loud, louder = (timbre.timbre(factor * SOUND[:400])[0] for factor in (100, 200))  # far above `QUIETEST`
    np.testing.assert_allclose(louder[:BANDS], loud[:BANDS] + np.log(4), atol=1e-3)
    np.testing.assert_allclose(louder[BANDS:], loud[BANDS:], atol=1e-2)


def test_a_tone_lies_in_its_band_and_silence_is_a_number() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(400, dtype=np.float32) / 16_000)
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), BANDS + 2)[1:-1]
    assert timbre.log_mel(tone, 1e-4)[0].argmax() == np.abs(mels - 2595 * np.log10(1 + 1000 / 700)).argmin()
    np.testing.assert_allclose(timbre.log_mel(np.zeros(400, np.float32), 1e-4), np.log(1e-4), rtol=1e-5)
