import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import level
from model.windows import WindowSpec, windows_of

SPEC = WindowSpec()
SPEECH = np.random.default_rng(0).standard_normal(6 * 16_000).astype(np.float32) * 0.1
SPEECH[: 2 * 16_000] *= 0.01
SPEECH[4 * 16_000 :] *= 0.01


def levelled(sound: np.ndarray) -> np.ndarray:
    return level.follow(SPEC, windows_of(SPEC, sound)[None], level.start(1))[1][0]


@given(cut=st.integers(1, 59))
def test_the_level_is_the_same_however_the_stream_is_cut(cut: int) -> None:
    windows = windows_of(SPEC, SPEECH)[None]
    state, first = level.follow(SPEC, windows[:, :cut], level.start(1))
    _, rest = level.follow(SPEC, windows[:, cut:], state)
    np.testing.assert_allclose(np.concatenate([first, rest], 1)[0], levelled(SPEECH), rtol=1e-6)


@pytest.mark.parametrize("gain_db", [-30, -20, 6])
def test_from_the_first_word_on_a_quiet_microphone_sounds_like_a_loud_one(gain_db: float) -> None:
    quiet = SPEECH * np.float32(10 ** (gain_db / 20))
    begin = 2 * 10  # hops
    np.testing.assert_allclose(levelled(quiet)[begin:], levelled(SPEECH)[begin:], rtol=0.02, atol=1e-4)


def test_a_pause_is_not_raised_to_the_level_of_the_word_before() -> None:
    windows = levelled(SPEECH)
    own = slice(SPEC.left_samples, SPEC.left_samples + SPEC.hop_samples)
    loud, pause = windows[30, own].std(), windows[45, own].std()
    assert 20 * np.log10(loud) == pytest.approx(level.REFERENCE_DB, abs=1)
    assert 20 * np.log10(pause / loud) == pytest.approx(-40 + level.FALL_DB_PER_S * 0.5, abs=0.6)


def test_nothing_becomes_something_only_up_to_a_limit() -> None:
    hiss = np.full(16_000, 1e-4, np.float32)
    highest = 10 ** ((level.REFERENCE_DB - level.FLOOR_DB) / 20)
    assert levelled(hiss).max() <= 1e-4 * highest * 1.001
    assert not levelled(np.zeros(16_000, np.float32)).any()
