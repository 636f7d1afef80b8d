"""Many voices say many sentences, and the times of their phones are known."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import Progress

from model.windows import Samples
from protocols.errors import FacewireError
from protocols.files import sha256
from training.phones.spoken import Spoken
from training.talkers import begun, phonemes
from training.talkers.kokoro import FEWEST, Kokoro, read_voice
from training.talkers.times import timed

MIXED: Final = 0.4
"""Share of utterances by a mixture of two voices: there are many more mixtures than voices."""
SHARE: Final = (0.3, 0.7)
"""Range of the first one's share in it."""
SPEED: Final = (0.75, 1.4)
TRIES: Final = 50
"""Sentences tried for an utterance; one may be all abbreviations."""


@dataclass(frozen=True)
class Script:
    """Who may say what."""

    voices: Mapping[str, Path]
    texts: Mapping[str, Sequence[str]]
    """By language, each said equally often."""
    seed: int


@dataclass(frozen=True)
class Line:
    """One utterance of a script."""

    language: str
    text: str
    letters: str
    voices: tuple[str, ...]
    share: float
    """Of the first voice."""
    speed: float


def line(script: Script, number: int, alphabet: Mapping[str, int]) -> Line:
    """An utterance, by the script's seed and its number alone. Raises FacewireError if its texts cannot be spoken."""
    draw = random.Random(f"{script.seed}/{number}")
    voices = draw.sample(list(script.voices), 2 if len(script.voices) > 1 and draw.random() < MIXED else 1)
    share, speed = draw.uniform(*SHARE) if len(voices) == 2 else 1.0, draw.uniform(*SPEED)
    language = draw.choice(list(script.texts))
    for _ in range(TRIES):
        text = draw.choice(script.texts[language])
        letters = phonemes.letters(text, language, alphabet)
        if len(letters) >= FEWEST:
            return Line(language, text, letters, tuple(voices), share, speed)
    raise FacewireError(f"the texts in {language} have no {FEWEST} letters that Kokoro knows, such as {text!r}")


def say(script: Script, kokoro: Kokoro, model: Path, utterances: int, out: Path, bar: Progress) -> None:
    """Write utterances, `out` / 00000.flac beside .phones and so on; existing ones are kept.

    Raises FacewireError for a folder with other speech; StoppedError, after the current one, when asked to stop.
    """
    texts = {language: begun.of_texts(texts) for language, texts in script.texts.items()}
    told = {"model_sha256": sha256(model), "voices": list(script.voices), "texts": texts, "seed": script.seed}
    begun.begin(out, told)
    begun.utter(out, utterances, lambda number: _said(line(script, number, kokoro.alphabet), script, kokoro), bar)


def _said(said: Line, script: Script, kokoro: Kokoro) -> tuple[Samples, Spoken]:
    voices = [read_voice(script.voices[name]) for name in said.voices]
    if len({len(voice) for voice in voices}) > 1:
        raise FacewireError(f"{', '.join(said.voices)}: voices of different length cannot be mixed; --leave-out one")
    mixed = np.sum([voice * share for voice, share in zip(voices, (said.share, 1 - said.share), strict=False)], axis=0)
    sound, durations = kokoro.speak(said.letters, mixed, said.speed)
    phones = timed(said.letters, durations, sound)
    return sound, Spoken("+".join(said.voices), said.language, said.text, phones)
