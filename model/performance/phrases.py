"""Turns, phrases and accents of a voice as they come: what heads, brows, eyes and lids answer to.

One frame after the other, without looking ahead; all times in seconds. A phrase ends with a short pause, a turn with a
long one. An accent is a voiced frame that stands out of the phrase by its loudness and pitch and still rises.
"""

from functools import lru_cache
from math import exp, log2
from typing import Final, NamedTuple

LOUD_DB: Final = -24.0
"""Below the loudest of late: the voice begins; it goes on down to `QUIET_DB`."""
QUIET_DB: Final = -32.0
SPEECH: Final = 0.2
"""Probability from which a sound counts as speech (`model.speech.SURE`)."""
SPEECH_KEPT_S: Final = 0.25
"""Certain speech is forgotten within this time: consonants have no pitch."""
PAUSE_S: Final = 0.2
"""Silence that ends a phrase: longer than the closure of a stop (Goldman-Eisler 1968 counts pauses from .25 s)."""
TURN_S: Final = 0.9
"""Silence after which somebody who speaks takes a new turn."""
SHORTEST_S: Final = 0.3
"""A phrase that is shorter has no end worth an answer."""
QUESTION_SEMITONES: Final = 2.0
"""Rise at the end of a phrase that sounds like a question."""
VOICED: Final = 0.5
"""Voicing of a voice."""
TALKING_S: Final = (0.25, 1.2)
"""Time constants with which `Cue.talking` rises and falls."""
ACCENT: Final = 0.8
ACCENT_DB: Final = 4.0
ACCENT_SEMITONES: Final = 8.0
"""Prominence that makes a syllable an accent: some 3 dB above the phrase's voiced frames, or less if it is higher."""
ACCENT_RATE: Final = 1.9
ACCENTS_S: Final = 5.0
"""Accents per second of speech of late: where there are fewer, as in a flat voice, less counts as one."""
ACCENT_BAR: Final = 3.7
ACCENT_HELD_S: Final = 0.3
"""How much more prominent the next accent has to be, and how soon that is over."""
QUICK_S: Final = 0.045
SLOW_S: Final = 2.5
"""Time constants of the loudness now and of the phrase; chosen with those above for the accents that they find."""
LOWEST_PITCH_HZ: Final = 55.0
PITCH_S: Final = 0.06
SLOW_PITCH_S: Final = 0.6
LEAP_SEMITONES: Final = 9.0
LEAP_S: Final = 0.3
"""A larger leap may be an octave amiss: it has to last."""
SYLLABLES_S: Final = 3.0
AROUSAL_S: Final = 1.2
USUAL_S: Final = 20.0
"""Time in which a voice's usual loudness, pitch and rate are learnt."""


class Phrase(NamedTuple):
    """What is remembered of a voice."""

    sounding: float = 0.0
    kept: float = 0.0
    """Probability of speech, slowly forgotten."""
    spoken_s: float = 0.0
    """Length of the phrase so far, or of the last one."""
    quiet_s: float = 60.0
    talking: float = 0.0
    """0 to 1: an envelope over whole turns."""
    quick_db: float = QUIET_DB
    slow_db: float = -12.0
    usual_db: float = -12.0
    pitch: float = 0.0
    """In semitones above 55 Hz, 0 before any voice."""
    slow_pitch: float = 0.0
    usual_pitch: float = 0.0
    prominence: float = 0.0
    bar: float = 0.0
    accents: float = 1.2
    """Accents per second of speech of late."""
    syllables: float = 3.0
    usual_syllables: float = 3.0
    """Peaks of loudness per second of late, and usually."""
    arousal: float = 0.0


class Cue(NamedTuple):
    """What one frame tells."""

    sounding: bool
    talking: float
    quiet_s: float
    arousal: float
    """-1 to 1: louder, higher and faster than this voice usually is."""
    turn_begins: bool = False
    phrase_begins: bool = False
    phrase_ended_s: float = 0.0
    """Length of the phrase that has just ended, else 0."""
    question: bool = False
    accent: float = 0.0
    """Strength of the accent that begins here, about 1; else 0."""


@lru_cache
def toward(dt_s: float, time_s: float) -> float:
    """Share of the way to its aim that a first-order follower of this time constant goes in one frame."""
    return 1 - exp(-dt_s / time_s)


def follow(
    phrase: Phrase, dt_s: float, loudness_db: float, pitch_hz: float, voicing: float, speech: float
) -> tuple[Phrase, Cue]:
    """The next frame of a voice."""
    kept = max(speech, phrase.kept - dt_s / SPEECH_KEPT_S)
    sounding = kept >= SPEECH and loudness_db > (QUIET_DB if phrase.sounding else LOUD_DB)
    voiced = sounding and voicing > VOICED
    begins = sounding and phrase.quiet_s >= PAUSE_S
    quiet_s = 0.0 if sounding else phrase.quiet_s + dt_s
    ended = not sounding and phrase.quiet_s < PAUSE_S <= quiet_s and phrase.spoken_s >= SHORTEST_S
    spoken_s = (0.0 if begins else phrase.spoken_s) + dt_s if sounding else phrase.spoken_s
    aim, time_s = (1.0, TALKING_S[0]) if sounding else (0.0, TALKING_S[1])
    talking = phrase.talking + toward(dt_s, time_s) * (aim - phrase.talking)
    levels = _levels(phrase, dt_s, loudness_db, sounding, voiced)
    tune = _tune(phrase, dt_s, pitch_hz) if voiced else (phrase.pitch, phrase.slow_pitch, phrase.usual_pitch)
    stress, accent = _stress(phrase, dt_s, levels, tune, sounding, voiced)
    excited = _excited(levels, tune, stress) if sounding else 0.0
    arousal = phrase.arousal + toward(dt_s, AROUSAL_S) * (excited - phrase.arousal)
    question = ended and tune[0] - tune[1] > QUESTION_SEMITONES
    turn_begins = begins and phrase.quiet_s >= TURN_S
    following = Phrase(float(sounding), kept, spoken_s, quiet_s, talking, *levels, *tune, *stress, arousal)
    ended_s = spoken_s if ended else 0.0
    return following, Cue(sounding, talking, quiet_s, arousal, turn_begins, begins, ended_s, question, accent)


def _levels(
    phrase: Phrase, dt_s: float, loudness_db: float, sounding: bool, voiced: bool
) -> tuple[float, float, float]:
    """Loudness now, of the phrase's voiced frames, and as usual."""
    quick_db = phrase.quick_db + toward(dt_s, QUICK_S) * (max(loudness_db, QUIET_DB) - phrase.quick_db)
    slow_db, usual_db = phrase.slow_db, phrase.usual_db
    if voiced:
        slow_db += toward(dt_s, SLOW_S) * (loudness_db - slow_db)
    if sounding:
        usual_db += toward(dt_s, USUAL_S) * (loudness_db - usual_db)
    return quick_db, slow_db, usual_db


def _tune(phrase: Phrase, dt_s: float, pitch_hz: float) -> tuple[float, float, float]:
    """Pitch now, of the phrase, and as usual."""
    semitones = 12 * log2(pitch_hz / LOWEST_PITCH_HZ)
    if not phrase.usual_pitch:
        return semitones, semitones, semitones
    time_s = PITCH_S if abs(semitones - phrase.pitch) < LEAP_SEMITONES else LEAP_S
    pitch = phrase.pitch + toward(dt_s, time_s) * (semitones - phrase.pitch)
    slow_pitch = phrase.slow_pitch + toward(dt_s, SLOW_PITCH_S) * (pitch - phrase.slow_pitch)
    return pitch, slow_pitch, phrase.usual_pitch + toward(dt_s, USUAL_S) * (pitch - phrase.usual_pitch)


def _stress(
    phrase: Phrase, dt_s: float, levels: tuple[float, ...], tune: tuple[float, ...], sounding: bool, voiced: bool
) -> tuple[tuple[float, float, float, float, float], float]:
    """Prominence, the bar for accents, how many there are of late, and peaks; and the accent that begins here."""
    bar = phrase.bar - toward(dt_s, ACCENT_HELD_S) * phrase.bar
    higher = min(max(tune[0] - tune[1], -3.0), 6.0)
    prominence = (levels[0] - levels[1]) / ACCENT_DB + higher / ACCENT_SEMITONES
    accent, accents, syllables, usual_syllables = 0.0, phrase.accents, phrase.syllables, phrase.usual_syllables
    enough = ACCENT * min(max(0.4 + 0.6 * accents / ACCENT_RATE, 0.5), 1.6)
    if voiced and prominence > enough + bar:
        accent = min(0.75 + 0.25 * (prominence - enough), 1.3)
        bar = ACCENT_BAR
    if sounding:
        accents += toward(dt_s, ACCENTS_S) * ((1 / dt_s if accent else 0.0) - accents)
        peak = phrase.prominence <= 0 < prominence
        syllables += toward(dt_s, SYLLABLES_S) * ((1 / dt_s if peak else 0.0) - syllables)
        usual_syllables += toward(dt_s, USUAL_S) * (syllables - usual_syllables)
    return (prominence, bar, accents, syllables, usual_syllables), accent


def _excited(levels: tuple[float, ...], tune: tuple[float, ...], stress: tuple[float, ...]) -> float:
    """How much louder, higher and faster than usual it is just now, -1 to 1."""
    louder, higher, faster = levels[1] - levels[2], tune[1] - tune[2], stress[3] - stress[4]
    return min(max(louder / 8 + higher / 6 + faster / 4, -1.0), 1.0)
