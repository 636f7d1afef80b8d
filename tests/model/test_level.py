from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import level
from model.level import Leveller
from model.windows import OFFSET_HZ, RUMBLE_HZ, Samples

RATE = 16_000
levelled = partial(level.levelled, highpass_hz=OFFSET_HZ)
SPEECH = np.random.default_rng(0).standard_normal(6 * RATE).astype(np.float32) * 0.1
SPEECH[: 2 * RATE] *= 0.01
SPEECH[4 * RATE :] *= 0.01


@given(cuts=st.lists(st.integers(0, 700) | st.integers(0, len(SPEECH)), max_size=8))
def test_every_cut_gives_the_same_numbers(cuts: list[int]) -> None:
    _, whole, whole_db = Leveller().push(SPEECH)
    leveller, made, made_db = Leveller(), [], []
    for piece in np.split(SPEECH, sorted(cuts)):
        leveller, blocks, levels_db = leveller.push(piece)
        made.append(blocks)
        made_db.append(levels_db)
    np.testing.assert_array_equal(np.concatenate(made), whole)
    np.testing.assert_array_equal(np.concatenate(made_db), whole_db)


@pytest.mark.parametrize("gain_db", [-30, -20, 6])
def test_from_the_first_word_on_a_quiet_microphone_sounds_like_a_loud_one(gain_db: float) -> None:
    quiet = SPEECH * np.float32(10 ** (gain_db / 20))
    begin = 2 * RATE + 80  # where a block begins
    np.testing.assert_allclose(levelled(quiet)[begin:], levelled(SPEECH)[begin:], rtol=0.02, atol=1e-4)


def test_a_pause_is_not_raised_to_the_level_of_the_word_before() -> None:
    sound = levelled(SPEECH)
    loud, pause = sound[3 * RATE : 4 * RATE].std(), sound[int(4.4 * RATE) : int(4.6 * RATE)].std()
    assert 20 * np.log10(loud) == pytest.approx(level.REFERENCE_DB, abs=1)
    assert 20 * np.log10(pause / loud) == pytest.approx(-40 + level.FALL_DB_PER_S * 0.5, abs=0.6)


def test_the_gain_of_a_sample_depends_on_its_block_and_the_past_alone() -> None:
    until = 3 * RATE + level.BLOCK_SAMPLES - level.BEFORE_SAMPLES  # the end of a block
    louder = SPEECH.copy()
    louder[until:] *= 5
    np.testing.assert_array_equal(levelled(louder)[:until], levelled(SPEECH)[:until])
    assert not np.array_equal(levelled(louder)[until : until + 320], 5 * levelled(SPEECH)[until : until + 320])


def test_a_knock_hardly_makes_the_next_word_quieter() -> None:
    knocked = SPEECH.copy()
    knocked[int(2.5 * RATE) : int(2.5 * RATE) + 80] = np.random.default_rng(1).uniform(-1, 1, 80)
    after = slice(3 * RATE, 4 * RATE)
    assert levelled(knocked)[after].std() / levelled(SPEECH)[after].std() > 10 ** (-5 / 20)


def test_nothing_becomes_something_only_up_to_a_limit() -> None:
    hiss = np.random.default_rng(0).uniform(-1e-4, 1e-4, RATE).astype(np.float32)
    highest = 10 ** ((level.REFERENCE_DB - level.FLOOR_DB) / 20)
    assert np.abs(levelled(hiss)).max() <= 2e-4 * highest
    assert not levelled(np.zeros(RATE, np.float32)).any()


def test_a_constant_offset_is_nothing_from_its_first_sample_on() -> None:
    assert np.abs(levelled(np.full(RATE, 0.3, np.float32))).max() < 1e-6
    for highpass_hz, close in (
        (RUMBLE_HZ, 1e-4),
        (OFFSET_HZ, 5e-3),
    ):  # its first 20 ms have a mean
        offset, plain = (level.levelled(sound, highpass_hz) for sound in (SPEECH + np.float32(0.3), SPEECH))
        np.testing.assert_allclose(offset[RATE:], plain[RATE:], atol=close)


def test_without_a_filter_sound_without_an_offset_is_as_it_came() -> None:
    for begin in (0, 200, 777, 3000):
        leveller, blocks, levels_db = Leveller().push(SPEECH[begin : begin + RATE])
        heard = (blocks * level.own_gain(levels_db)[:, None]).reshape(-1)[level.BEFORE_SAMPLES :]
        np.testing.assert_allclose(heard, SPEECH[begin : begin + len(heard)], atol=1e-6)
        assert leveller.offset == 0


def test_after_lost_sound_the_level_is_still_known() -> None:
    leveller, _, levels_db = Leveller().push(SPEECH[: 3 * RATE])
    again = leveller.interrupted()
    assert again.level_db == pytest.approx(levels_db[-1])
    assert (again.power, again.memory.any()) == (0, False)


def voiced(hz: float, seconds: float) -> Samples:
    """(n,): twelve harmonics in phase, with sharp peaks as a voice has them, and an offset; it starts at a peak."""
    angle = 2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE
    return (0.02 + 0.02 * sum(np.cos(n * angle) for n in range(1, 13))).astype(np.float32)


@pytest.mark.parametrize("hz", [90, 130, 217])
@pytest.mark.parametrize("highpass_hz", [OFFSET_HZ, RUMBLE_HZ])
def test_a_stream_that_starts_at_a_peak_has_the_level_of_its_sound(hz: float, highpass_hz: float) -> None:
    _, _, levels_db = Leveller(highpass_hz).push(voiced(hz, 1))
    assert np.abs(levels_db[12:] - 20 * np.log10(0.02 * np.sqrt(6))).max() < 1


@pytest.mark.parametrize("at", [0, 40, 123])
@pytest.mark.parametrize("highpass_hz", [OFFSET_HZ, RUMBLE_HZ])
def test_after_lost_sound_a_voice_has_the_level_it_had_before(at: int, highpass_hz: float) -> None:
    before, _, levels_db = Leveller(highpass_hz).push(voiced(130, 3))
    _, _, after_db = before.interrupted().push(voiced(130, 1)[at:])
    assert np.abs(after_db - levels_db[-1]).max() < 0.5


def test_the_offset_stays_known_after_lost_sound() -> None:
    """Also where the sound goes on within a slow thump, of which no part is taken for the offset."""
    leveller, _, _ = Leveller().push(np.full(RATE, 0.3, np.float32))
    thump = (0.3 + 0.1 * np.exp(-np.arange(RATE) / 1_000)).astype(np.float32)
    _, blocks, levels_db = leveller.interrupted().push(thump)
    assert leveller.interrupted().offset == leveller.offset == pytest.approx(0.3)
    assert (blocks[0, level.BEFORE_SAMPLES :] > 0).all()
    assert levels_db[0] > -40


@pytest.mark.parametrize("length", [1, 100, 319, 320, 500])
def test_a_stream_that_ends_at_once_ends_without_a_step(length: int) -> None:
    assert np.abs(levelled(np.full(length, 0.3, np.float32))).max() < 1e-6
