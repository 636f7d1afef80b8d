import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.performance.chance import Dice, keys, mixed, wander

SPACINGS_S = np.array([0.3, 1.0, 2.7])


@given(word=st.integers(0, 2**64 - 1))
def test_words_are_mixed_alike_as_numbers_and_in_arrays(word: int) -> None:
    assert int(mixed(np.array([word], np.uint64))[0]) == mixed(word)


def test_dice_are_even_and_independent() -> None:
    drawn = np.array([[Dice(3, frame).uniform(k) for k in (100, 101)] for frame in range(4000)])
    assert np.abs(np.histogram(drawn[:, 0], 10, (0, 1))[0] - 400).max() < 90
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.05
    assert abs(np.corrcoef(drawn[1:, 0], drawn[:-1, 0])[0, 1]) < 0.05
    assert Dice(3, 7).uniform(100) == Dice(3, 7).uniform(100)
    assert Dice(3, 7).uniform(100) != Dice(4, 7).uniform(100)


def test_dice_know_distributions() -> None:
    normal = np.array([Dice(1, frame).normal(1) for frame in range(3000)])
    around = np.array([Dice(1, frame).around(1, 2.0, 0.5) for frame in range(3000)])
    assert abs(normal.mean()) < 0.06
    assert normal.std() == pytest.approx(1, rel=0.05)
    assert np.median(around) == pytest.approx(2, rel=0.06)
    assert np.log(around).std() == pytest.approx(0.5, rel=0.05)


def test_what_wanders_has_deviation_one_and_no_jumps_and_is_its_channels_own() -> None:
    times = np.arange(0, 3000, 0.02)[None]
    noise = wander(keys(np.array([mixed(5)], np.uint64), 3), times, SPACINGS_S)[0]
    np.testing.assert_allclose(noise.std(0), 1, rtol=0.06)
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.12)
    assert np.abs(noise).max() < 2.6
    assert (np.abs(np.diff(noise, axis=0)).max(0) < 0.02 * 5 / SPACINGS_S).all()
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.15


@given(first=st.integers(-100, 10**7), frames=st.integers(1, 40))
def test_what_wanders_is_a_function_of_time(first: int, frames: int) -> None:
    at = (first + np.arange(frames))[None] / 30
    key = keys(np.array([mixed(1)], np.uint64), 3)
    whole = wander(key, at, SPACINGS_S)
    for frame in (0, frames - 1):
        assert np.array_equal(whole[:, frame], wander(key, at[:, frame : frame + 1], SPACINGS_S)[:, 0])
