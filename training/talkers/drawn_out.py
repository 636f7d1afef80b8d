"""Drawn-out and sung speech: the vowels of known speech held for seconds, some of them on a note.

Nobody's recordings of reading hold a vowel for longer than a fifth of a second. What was only taught by such ones takes
a held or sung vowel for no speech, and shuts the mouth in the middle of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import Progress

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.phones.table import VOWELS
from training.sounds.vocoder import FRAME_S, Doubles, Voice, voice_of
from training.talkers import begun

HELD: Final = 0.3
"""Share of the vowels that are held."""
HELD_S: Final = (0.4, 2.5)
"""For how long: range."""
SLOWER: Final = (1.0, 3.0)
"""How much slower everything else is: range."""
SUNG: Final = 0.6
"""Share of the recordings that are sung: each syllable on a note of its own."""
TRANSPOSED: Final = (-5, 9)
"""By how many semitones: range."""
VIBRATO: Final = (5.5, 0.35)
"""Of a held note: Hz, semitones."""
LONGEST_S: Final = 12.0
_HERTZ: Final = 440.0
_LEADS: Final = (0.0, 4.0, 7.0, 2.0, -3.0)
"""Semitones from a melody's note to the next one."""


@dataclass(frozen=True)
class Score:
    """How a recording is drawn out: how long each phone becomes, in samples, and what is sung."""

    lasts: tuple[int, ...]
    sung: bool
    semitones: int


def score(said: Spoken, rng: np.random.Generator) -> Score:
    """Decide it for a recording."""
    slower = float(np.exp(rng.uniform(*np.log(SLOWER))))
    lasts = []
    for phone, begin, end in said.phones:
        held = phone in VOWELS and rng.random() < HELD
        length = rng.uniform(*HELD_S) * SAMPLE_RATE_HZ if held else (end - begin) * slower
        lasts.append(max(round(length), end - begin))
    return Score(tuple(lasts), bool(rng.random() < SUNG), int(rng.integers(*TRANSPOSED)))


def drawn_out(samples: Samples, said: Spoken, how: Score, rng: np.random.Generator) -> tuple[Samples, Spoken]:
    """A recording (n,) at 16 kHz as `how` says, at most `LONGEST_S` of it, and when its phones are now."""
    before, after = _edges(said, how, len(samples))
    longest = int(min(after[-1], LONGEST_S * SAMPLE_RATE_HZ))
    times = np.arange(0, longest, FRAME_S * SAMPLE_RATE_HZ)
    voice = voice_of(samples).at(np.interp(times, after, before) / (FRAME_S * SAMPLE_RATE_HZ))
    begins = np.interp([each.begin for each in said.phones], before, after)
    ends = np.interp([each.end for each in said.phones], before, after)
    phones = [
        Timed(each.phone, round(begin), min(round(end), longest))
        for each, begin, end in zip(said.phones, begins, ends, strict=True)
        if round(begin) < min(round(end), longest)
    ]
    if how.sung:
        voice = _sung(voice, [each for each in phones if each.phone in VOWELS], how.semitones, rng)
    return voice.sound()[:longest], replace(said, phones=tuple(phones))


def draw_out(recordings: Sequence[Path], seed: int, out: Path, bar: Progress) -> None:
    """Draw out each recording beside its phones, into `out`; existing ones are kept.

    Raises FacewireError for a broken recording and a folder with other speech; StoppedError when asked to stop.
    """
    begun.begin(out, {"drawn out": begun.of_texts([path.stem for path in recordings]), "seed": seed})

    def say(number: int) -> tuple[Samples, Spoken]:
        rng, path = np.random.default_rng([seed, number]), recordings[number]
        said = spoken.read(path)
        return drawn_out(read_audio(path), said, score(said, rng), rng)

    begun.utter(out, len(recordings), say, bar)


def _edges(said: Spoken, how: Score, samples: int) -> tuple[Doubles, Doubles]:
    """Samples before, and the ones that they become, at the borders of the phones; between them time is stretched."""
    before, after = [0], [0]
    for (_, begin, end), lasts in zip(said.phones, how.lasts, strict=True):
        for at, longer in ((min(begin, samples), 0), (min(end, samples), lasts - (end - begin))):
            if at > before[-1]:
                after.append(after[-1] + at - before[-1] + longer)
                before.append(at)
    before.append(max(samples, before[-1] + 1))
    after.append(after[-1] + before[-1] - before[-2])
    return np.array(before, float), np.array(after, float)


def _sung(voice: Voice, vowels: Sequence[Timed], transposed: int, rng: np.random.Generator) -> Voice:
    """The voice with its pitch on a note from each vowel to the next."""
    voiced = voice.hertz > 0
    if not voiced.any():
        return voice
    own = 12 * np.log2(np.median(voice.hertz[voiced]) / _HERTZ) + transposed
    note, notes = round(own), np.full(len(voice.hertz), float(round(own)))
    for vowel in vowels:
        notes[int(vowel.begin / SAMPLE_RATE_HZ / FRAME_S) :] = note + rng.choice(_LEADS)
    glide = np.hanning(21)
    smooth = np.convolve(np.pad(notes, 10, mode="edge"), glide / glide.sum(), "valid")
    hertz, semitones = VIBRATO
    smooth += semitones * np.sin(2 * np.pi * hertz * FRAME_S * np.arange(len(smooth)))
    return replace(voice, hertz=np.where(voiced, _HERTZ * 2 ** (smooth / 12), 0))
