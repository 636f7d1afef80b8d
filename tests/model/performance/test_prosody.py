import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.performance import prosody
from model.performance.prosody import LOWEST_HZ, SILENCE_DB
from model.windower import windows_of
from model.windows import WindowSpec
from tests.model.performance.voice import SPEC, hear, sound


def tone(hz: float, seconds: float = 1.5) -> np.ndarray:
    """A buzz of many harmonics, as a throat makes."""
    at = np.arange(int(16_000 * seconds)) / 16_000
    harmonics = [np.sin(2 * np.pi * hz * k * at + k) / k for k in range(1, int(4000 / hz))]
    return (0.2 * np.sum(harmonics, 0)).astype(np.float32)


@pytest.mark.parametrize("hz", [75, 90, 120, 180, 250, 320, 390])
def test_pitch_is_found(hz: float) -> None:
    heard = hear(tone(hz))
    middle = slice(5, 35)
    assert heard.voicing[0, middle].min() > 0.8
    np.testing.assert_allclose(heard.pitch_hz[0, middle], hz, rtol=0.03)
    np.testing.assert_allclose(heard.loudness_db[0, middle], 0, atol=3)


def test_a_gliding_pitch_is_followed() -> None:
    at = np.arange(32_000) / 16_000
    hz = 110 * 2 ** (at / 2)
    phase = 2 * np.pi * np.cumsum(hz) / 16_000
    heard = hear((0.2 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32))
    frames = np.arange(5, 50)
    ahead_s = prosody.AHEAD_MS / 1000
    np.testing.assert_allclose(heard.pitch_hz[0, frames], 110 * 2 ** ((frames / 30 + ahead_s) / 2), rtol=0.03)


def test_noise_and_silence_have_no_voice() -> None:
    noise = hear((0.1 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32))
    assert (noise.voicing > 0.5).mean() < 0.1
    nothing = hear(np.zeros(16_000, np.float32))
    assert not nothing.voicing.any()
    assert nothing.loudness_db.max() == SILENCE_DB
    assert (nothing.pitch_hz > LOWEST_HZ / 2).all()


def test_loudness_does_not_depend_on_the_microphone() -> None:
    loud, quiet = hear(sound()), hear(sound() * 0.05)
    voiced = loud.loudness_db[0] > -20
    voiced[:30] = False  # the level of the quiet one is not known before the first word
    np.testing.assert_allclose(loud.loudness_db[0, voiced], quiet.loudness_db[0, voiced], atol=0.5)


def test_the_voice_is_heard_ahead_within_the_lookahead() -> None:
    click = np.zeros(32_000, np.float32)
    click[16_000:17_600] = tone(200, 0.1)
    for right_ms, ahead_s in ((0, 0.0), (40, 0.04), (240, 0.1)):
        heard = hear(click, 50, WindowSpec(right_ms=right_ms))
        first = np.flatnonzero(heard.loudness_db[0] > -20)[0] / 50
        assert first == pytest.approx(1.0 - ahead_s, abs=0.03)


@settings(max_examples=10)
@given(fps=st.sampled_from([30, 50, 60]), hops=st.integers(1, 9), right_ms=st.sampled_from([0, 80, 240]))
def test_hop_by_hop_or_all_at_once(fps: int, hops: int, right_ms: int) -> None:
    spec = WindowSpec(right_ms=right_ms)
    windows = windows_of(spec, sound()[:48_000]).sound[None]
    whole = prosody.listen(spec, windows, fps)
    parts = [prosody.listen(spec, windows[:, k : k + hops], fps) for k in range(0, windows.shape[1], hops)]
    for name in vars(whole):
        assert np.array_equal(getattr(whole, name), np.concatenate([getattr(part, name) for part in parts], 1))
    two = prosody.listen(spec, np.concatenate([windows[:, ::-1], windows]), fps)
    assert np.array_equal(two.pitch_hz[1], whole.pitch_hz[0])
    assert np.array_equal(two.loudness_db[1], whole.loudness_db[0])


def test_a_detector_says_what_is_speech() -> None:
    windows = windows_of(SPEC, sound()[:16_000]).sound[None]
    speech = np.full((1, 30), 0.25, np.float32)
    assert np.array_equal(prosody.listen(SPEC, windows, 30, speech).speech, speech)
    assert np.array_equal(prosody.listen(SPEC, windows, 30).speech, prosody.listen(SPEC, windows, 30).voicing)


def test_as_an_independent_tracker_hears_it() -> None:
    pyworld = pytest.importorskip("pyworld")
    samples = sound()
    heard = hear(samples)
    pitch, times = pyworld.harvest(samples.astype(float), 16_000, f0_floor=70, f0_ceil=400)
    at = np.arange(heard.shape[1]) / 30 + prosody.AHEAD_MS / 1000
    there = np.interp(at, times, pitch)
    sure = (heard.voicing[0] > 0.6) & (np.interp(at, times, (pitch > 0).astype(float)) == 1)
    semitones = 12 * np.log2(heard.pitch_hz[0, sure] / there[sure])
    assert sure.sum() > 80
    assert (np.abs(semitones) < 1).mean() > 0.85
