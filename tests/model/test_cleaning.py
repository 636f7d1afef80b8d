import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from model.cleaning import BLOCK_SAMPLES, ORDER, clean
from model.windows import RUMBLE_HZ

RATE = 16_000
TIMES_S = np.arange(RATE) / RATE


def through(sound: np.ndarray) -> np.ndarray:
    return clean(sound, np.zeros(ORDER), RUMBLE_HZ)[0]


def test_it_is_the_butterworth_filter_of_the_textbook() -> None:
    sound = np.random.default_rng(0).standard_normal(4_000)
    textbook = butter(ORDER, RUMBLE_HZ, "highpass", fs=RATE, output="sos")
    np.testing.assert_allclose(through(sound), sosfilt(textbook, sound), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("hz", "lowest_db", "highest_db"), [(10, -80, -50), (20, -40, -30), (100, -0.1, 0.1)])
def test_rumble_goes_and_voices_stay(hz: float, lowest_db: float, highest_db: float) -> None:
    wave = np.sin(2 * np.pi * hz * TIMES_S)
    made = through(wave)[RATE // 2 :].std() / wave[RATE // 2 :].std()
    assert lowest_db < 20 * np.log10(made) < highest_db


def test_every_cut_gives_the_same_numbers() -> None:
    sound = np.random.default_rng(1).standard_normal(30 * BLOCK_SAMPLES)
    whole, memory, made = through(sound), np.zeros(ORDER), []
    for piece in np.split(sound, [BLOCK_SAMPLES, 4 * BLOCK_SAMPLES, 25 * BLOCK_SAMPLES]):
        cleaned, memory = clean(piece, memory, RUMBLE_HZ)
        made.append(cleaned)
    np.testing.assert_array_equal(np.concatenate(made), whole)
