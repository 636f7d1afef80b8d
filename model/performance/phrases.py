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
ACCENT: Final = 0.6
"""Prominence from which a syllable is an accent: some 3 dB above its phrase, or less if it is higher, too."""
ACCENT_DB: Final = 4.0
ACCENT_SEMITONES: Final = 8.0
QUICK_S: Final = 0.045
SLOW_S: Final = 2.5
ACCENT_RATE: Final = 1.9
"""Accents per second of speech: where there are fewer, as in a flat voice, less counts as one."""
ACCENT_HELD_S: Final = 0.3
"""An accent raises the bar for the next one, for about this time."""
ACCENT_BAR: Final = 2.2
USUAL_S: Final = 20.0
"""Time over which a voice's usual loudness, pitch and rate are learnt."""


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


SILENT: Final = Cue(sounding=False, talking=0.0, quiet_s=60.0, arousal=0.0)


@lru_cache
def toward(dt_s: float, time_s: float) -> float:
    """Share of the way to its aim that a first-order follower of this time constant goes in one frame."""
    return 1 - exp(-dt_s / time_s)


def follow(
    phrase: Phrase, dt_s: float, loudness_db: float, pitch_hz: float, voicing: float, speech: float
) -> tuple[Phrase, Cue]:
    """The next frame of a voice."""
    p = phrase
    kept = max(speech, p.kept - dt_s / SPEECH_KEPT_S)
    sounding = kept >= SPEECH and loudness_db > (QUIET_DB if p.sounding else LOUD_DB)
    begins = sounding and p.quiet_s >= PAUSE_S
    quiet_s = 0.0 if sounding else p.quiet_s + dt_s
    ended = not sounding and p.quiet_s < PAUSE_S <= quiet_s and p.spoken_s >= SHORTEST_S
    spoken_s = (0.0 if begins else p.spoken_s) + dt_s if sounding else p.spoken_s
    talking = p.talking + toward(dt_s, 0.25 if sounding else 1.2) * (float(sounding) - p.talking)

    quick_db = p.quick_db + toward(dt_s, QUICK_S) * (max(loudness_db, QUIET_DB) - p.quick_db)
    slow_db, usual_db, pitch, slow_pitch, usual_pitch = p.slow_db, p.usual_db, p.pitch, p.slow_pitch, p.usual_pitch
    voiced = sounding and voicing > 0.5
    if voiced:
        slow_db += toward(dt_s, SLOW_S) * (loudness_db - slow_db)
    if sounding:
        usual_db += toward(dt_s, USUAL_S) * (loudness_db - usual_db)
    if voiced:
        semitones = 12 * log2(pitch_hz / 55.0)
        if not usual_pitch:
            pitch = slow_pitch = usual_pitch = semitones
        if abs(semitones - pitch) < 9:  # not an octave amiss
            pitch += toward(dt_s, 0.06) * (semitones - pitch)
        else:
            pitch += toward(dt_s, 0.3) * (semitones - pitch)
        slow_pitch += toward(dt_s, 0.6) * (pitch - slow_pitch)
        usual_pitch += toward(dt_s, USUAL_S) * (pitch - usual_pitch)

    bar = p.bar - toward(dt_s, ACCENT_HELD_S) * p.bar
    higher = min(max(pitch - slow_pitch, -3.0), 6.0)
    prominence = (quick_db - slow_db) / ACCENT_DB + higher / ACCENT_SEMITONES
    accent, accents, syllables, usual_syllables = 0.0, p.accents, p.syllables, p.usual_syllables
    enough = ACCENT * min(max(0.4 + 0.6 * accents / ACCENT_RATE, 0.5), 1.6)
    if voiced and prominence > enough + bar:
        accent = min(0.75 + 0.25 * (prominence - enough), 1.3)
        bar = ACCENT_BAR
    if sounding:
        accents += toward(dt_s, 5.0) * ((1 / dt_s if accent else 0.0) - accents)
        peak = p.prominence <= 0 < prominence
        syllables += toward(dt_s, 3.0) * ((1 / dt_s if peak else 0.0) - syllables)
        usual_syllables += toward(dt_s, USUAL_S) * (syllables - usual_syllables)
    excited = (slow_db - usual_db) / 8 + (slow_pitch - usual_pitch) / 6 + (syllables - usual_syllables) / 4 if sounding else 0.0
    arousal = p.arousal + toward(dt_s, 1.2) * (min(max(excited, -1.0), 1.0) - p.arousal)
    question = ended and pitch - slow_pitch > QUESTION_SEMITONES
    following = Phrase(
        float(sounding), kept, spoken_s, quiet_s, talking, quick_db, slow_db, usual_db, pitch, slow_pitch, usual_pitch,
        prominence, bar, accents, syllables, usual_syllables, arousal,
    )  # fmt: skip
    cue = Cue(
        sounding, talking, quiet_s, arousal, begins and p.quiet_s >= TURN_S, begins, spoken_s if ended else 0.0,
        question, accent,
    )  # fmt: skip
    return following, cue
