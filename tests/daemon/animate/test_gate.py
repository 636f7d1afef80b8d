import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.animate import gate
from daemon.animate.gate import Gate, follow, level_db, levels_db, threshold_above
from model.level import REFERENCE_DB
from model.windower import Windows, windows_of
from model.windows import Samples, WindowSpec
from tests.daemon.sounds import sound

SPEC = WindowSpec(740, 100, 160)


def plain(sound: Samples) -> Windows:
    """One window with a gain of 1."""
    return Windows(sound, np.full(len(sound) // 320 + 1, REFERENCE_DB, np.float32))


def opened(levels: list[float], threshold_db: float | None = -50.0, before: Gate | None = None) -> list[float]:
    return [float(value) for value in follow(before or Gate(), np.array(levels, np.float32), threshold_db, 30)[1]]


def test_level() -> None:
    assert level_db(np.ones(10, np.float32)) == pytest.approx(0)
    assert level_db(np.full(10, 0.1, np.float32)) == pytest.approx(-20, abs=1e-3)
    assert level_db(np.zeros(10, np.float32)) == level_db(np.empty(0, np.float32)) == -100


def test_speech_opens_in_two_frames_and_silence_closes_after_a_hold() -> None:
    assert opened([-30, -30, -30]) == [0.5, 1, 1]
    after = opened([-30, -30] + [-80] * 30)
    assert after[2:11] == [1] * 9
    closing = after[10:]
    assert closing[:9] == [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]
    assert not any(closing[8:])


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
def test_it_holds_and_closes_in_the_same_time_at_any_frame_rate(fps: int) -> None:
    levels = np.array([-30] * fps + [-80] * fps, np.float32)
    openness = follow(Gate(), levels, -50.0, fps)[1][fps:]
    assert np.argmax(openness < 1) / fps == pytest.approx(gate.HOLD_MS / 1000, abs=1.01 / fps)
    assert np.argmax(openness == 0) / fps == pytest.approx(gate.HOLD_MS / 1000 + 1 / gate.CLOSING_PER_S, abs=2.01 / fps)


def test_an_open_gate_stays_open_for_sound_a_little_below_its_level() -> None:
    assert opened([-54] * 30) == [0] * 30
    assert opened([-45] + [-54] * 30)[1:] == [1] * 30
    assert opened([-45] + [-57] * 30)[-1] == 0


def test_without_a_level_it_is_open() -> None:
    assert opened([-100] * 4, None) == [1, 1, 1, 1]


@given(levels=st.lists(st.floats(-100, 0), max_size=60), at=st.integers(0, 60))
def test_it_is_the_same_however_the_frames_come(levels: list[float], at: int) -> None:
    whole = opened(levels)
    half, first = follow(Gate(), np.array(levels[:at], np.float32), -50.0, 30)
    assert [*first.tolist(), *opened(levels[at:], before=half)] == whole


def test_levels_are_those_of_each_frame_and_what_follows_it() -> None:
    window = np.zeros(SPEC.samples, np.float32)
    np.testing.assert_allclose(levels_db(SPEC, plain(window), 30), -100, atol=1e-3)
    last = SPEC.left_samples + SPEC.hop_samples
    window[last : last + 160] = 0.1  # just after the hop: 33 to 100 ms ahead of its frames
    np.testing.assert_allclose(levels_db(SPEC, plain(window), 30), [-20, -20, -20], atol=0.1)
    blind = SPEC.with_lookahead(0)
    np.testing.assert_allclose(levels_db(blind, plain(window[: blind.samples]), 30), -100, atol=1e-3)
    window[:] = 0
    window[SPEC.left_samples - 160 : SPEC.left_samples] = 0.1  # the past does not count
    np.testing.assert_allclose(levels_db(SPEC, plain(window), 60), [-100] * 6, atol=1e-3)


@pytest.mark.parametrize("noise_db", [-80, -55, -40])
def test_the_threshold_lies_above_the_noise_and_below_speech(noise_db: float) -> None:
    noise = np.random.default_rng(0).normal(0, 10 ** (noise_db / 20), 48_000).astype(np.float32)
    threshold_db = threshold_above(gate.block_levels_db(noise))
    assert threshold_db is not None
    assert noise_db + 7 < threshold_db < noise_db + 12
    levels = np.concatenate([levels_db(SPEC, window, 30) for window in windows_of(SPEC, noise)])
    assert not follow(Gate(), levels, threshold_db, 30)[1].any()


def test_speech_is_no_silence() -> None:
    assert threshold_above(gate.block_levels_db(sound(48_000))) is None
