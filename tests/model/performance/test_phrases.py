import numpy as np
import pytest

from model.performance import phrases
from model.performance.phrases import Cue, Phrase
from tests.model.performance.voice import talking

QUIET = (-60.0, 100.0, 0.0, 0.0)


def cues(sounds: list[tuple[float, float, float, float]], fps: int = 30) -> list[Cue]:
    phrase, told = Phrase(), []
    for sound in sounds:
        phrase, cue = phrases.follow(phrase, 1 / fps, *sound)
        told.append(cue)
    return told


def spoken(seconds: float, fps: int = 30, semitones: float = 0.0, db: float = -4.0) -> list[tuple[float, ...]]:
    frames = int(seconds * fps)
    return [(db, 110 * 2 ** (semitones * k / frames / 12), 0.9, 1.0) for k in range(frames)]


def test_a_turn_begins_and_its_phrases_end() -> None:
    sounds = [QUIET] * 60 + spoken(1.5) + [QUIET] * 10 + spoken(1.0) + [QUIET] * 60 + spoken(0.1) + [QUIET] * 30
    told = cues(sounds)
    assert [k for k, cue in enumerate(told) if cue.turn_begins] == [60, 205]
    assert [k for k, cue in enumerate(told) if cue.phrase_begins] == [60, 115, 205]
    ended = [(k, cue.phrase_ended_s) for k, cue in enumerate(told) if cue.phrase_ended_s]
    assert [k for k, _ in ended] == pytest.approx([118 - 7, 151], abs=2)
    assert [seconds for _, seconds in ended] == pytest.approx([1.5, 1.0], abs=0.05)


def test_talking_lasts_over_pauses_and_is_the_same_at_any_rate() -> None:
    for fps in (30, 60):
        told = cues(spoken(2, fps) + [QUIET] * (fps // 2) + spoken(1, fps) + [QUIET] * (5 * fps), fps)
        assert told[fps].talking > 0.95
        assert told[2 * fps + fps // 2 - 1].talking == pytest.approx(np.exp(-0.5 / 1.2), abs=0.05)
        assert told[-1].talking < 0.02


def test_a_rise_at_the_end_is_a_question() -> None:
    steady, asked = spoken(1.2), spoken(1.0) + [(-4.0, 110 * 2 ** (k / 12), 0.9, 1.0) for k in range(8)]
    for sounds, question in ((steady, False), (asked, True)):
        told = cues([QUIET] * 30 + sounds + [QUIET] * 15)
        assert any(cue.question for cue in told) == question


def test_louder_syllables_are_accents_and_even_speech_has_none() -> None:
    even = spoken(16, db=-6)
    beats = list(even)
    for first in range(300, 470, 30):
        for k in range(first, first + 5):
            beats[k] = (0.0, *even[k][1:])
    assert not any(cue.accent for cue in cues(even)[200:])
    at = [k for k, cue in enumerate(cues(beats)) if cue.accent and k > 200]
    assert np.abs(np.array(at)[:, None] - np.arange(300, 470, 30)).min(0).max() <= 3


def test_what_is_no_speech_has_no_phrases() -> None:
    music = [(0.0, 220.0, 0.95, 0.05)] * 90
    assert not any(cue.sounding for cue in cues(music))


def test_an_excited_voice_is_told_from_a_calm_one() -> None:
    calm = spoken(20, db=-12)
    told = cues(calm + [(-2.0, 160.0, 0.9, 1.0)] * 90)
    assert told[590].arousal < 0.2
    assert told[-1].arousal > 0.5


def test_the_demo_voice_has_about_an_accent_a_second() -> None:
    heard = talking(30, 3)
    told = cues([tuple(row) for row in heard.sounds()[0]])
    accents = sum(cue.accent > 0 for cue in told)
    assert 0.5 < accents / (len(told) / 30) < 2
    assert all(0.5 < cue.accent < 1.5 for cue in told if cue.accent)
