"""Vocal effort: louder and brighter speech is larger, whatever the microphone; the cut of a stream changes nothing."""

import numpy as np
import pytest
from scipy.signal import lfilter

from model import effort
from model.windower import Windows, windows_of
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, WindowSpec

SPEC = WindowSpec(600, 40, 160)
FPS = 50


def voice(seconds: float, level_db: float, *, bright: float = 0.0, seed: int = 0) -> Samples:
    """Something as loud as that and with a voice's tilt; `bright` 0 to 1 makes it flatter."""
    white = np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE_HZ))
    dull = lfilter([1], [1, -0.9], white)
    made = (1 - bright) * dull / dull.std() + bright * white
    return (made / made.std() * 10 ** (level_db / 20)).astype(np.float32)


def sizes(samples: Samples) -> Floats:
    windows = windows_of(SPEC, samples)[None]
    return effort.follow(SPEC, windows, None, effort.start(1), FPS)[0][0]


def test_a_raised_voice_is_larger_and_a_murmur_smaller_within_bounds() -> None:
    usual = voice(14, -28)
    for change_db, least, most in ((10, 1.1, 1.3), (-10, 0.75, 0.92), (40, 1.15, 1.5), (0, 0.96, 1.03)):
        heard = sizes(np.concatenate([usual, voice(3, -28 + change_db, seed=1)]).clip(-1, 1))
        size = float(heard[16 * FPS])
        before = float(heard[13 * FPS])
        assert least < size / before < most, change_db


def test_a_brighter_voice_of_the_same_level_is_larger() -> None:
    heard = sizes(np.concatenate([voice(8, -28), voice(3, -28, bright=0.5, seed=1)]))
    assert heard[10 * FPS] > 1.05 * heard[7 * FPS]


def test_after_a_while_a_quiet_microphone_is_as_good_as_any() -> None:
    quiet, loud = (sizes(voice(60, level_db)) for level_db in (-45, -20))
    assert quiet[FPS // 2] < loud[FPS // 2]
    assert quiet[-1] == pytest.approx(loud[-1], rel=0.05)


def test_pauses_and_what_is_no_speech_change_nothing() -> None:
    spoken, silent = voice(6, -28), np.zeros(3 * SAMPLE_RATE_HZ, np.float32)
    heard = sizes(np.concatenate([spoken, silent]))
    assert np.array_equal(heard[-2 * FPS :], np.full(2 * FPS, heard[-1]))
    windows = windows_of(SPEC, voice(6, -10))[None]
    nobody = np.zeros((1, windows.sound.shape[1] * 2), np.float32)
    made, state = effort.follow(SPEC, windows, nobody, effort.start(1), FPS)
    assert np.array_equal(made, np.ones_like(made))
    assert np.array_equal(state, effort.start(1))


def test_the_cut_of_a_stream_and_its_neighbours_change_nothing() -> None:
    both = Windows.stack([windows_of(SPEC, voice(3, -20, seed=n)) for n in range(2)])
    whole, after = effort.follow(SPEC, both, None, effort.start(2), FPS)
    alone, state = [], effort.start(1)
    for hop in range(both.sound.shape[1]):
        made, state = effort.follow(SPEC, both[1:, hop : hop + 1], None, state, FPS)
        alone.append(made)
    assert np.array_equal(np.concatenate(alone, 1), whole[1:])
    assert np.array_equal(state, after[1:])
