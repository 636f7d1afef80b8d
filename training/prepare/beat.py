"""Reads the BEAT dataset: `<speaker>/<speaker>_<name>_<type>_<first>_<last>.json` beside `.wav`.

As the dataset describes itself (Liu et al. 2022): the json holds 51 ARKit weights by name at 60 fps, the wav speech at
16 kHz. The type gives the language and tells speech from conversation; first and last are the ids of sentences, which
in speech tell the emotion, both ends of a range included. Conversations are neutral.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model.audio import read_audio
from protocols import blendshapes, takes
from protocols.errors import FacewireError
from training.datasets.dataset import Done, Found, Skipped
from training.prepare.sources import beside, broken, files

EMOTIONS: Final = (
    (0, 64, "neutral"),
    (65, 72, "happiness"),
    (73, 80, "anger"),
    (81, 86, "sadness"),
    (87, 94, "contempt"),
    (95, 102, "surprise"),
    (103, 110, "fear"),
    (111, 118, "disgust"),
)
"""First and last sentence of each emotion."""
_LANGUAGES: Final = ("english", "chinese", "spanish", "japanese")
_NAME: Final = re.compile(r"(\d+)_([^_]+)_([0-7])_(\d+)_(\d+|[ab])", re.ASCII)
_CONFIDENCE: Final = np.array([name != "tongueOut" for name in blendshapes.NAMES], np.float32)
"""BEAT has no tongueOut."""


@dataclass(frozen=True)
class Name:
    """What a recording's name says."""

    number: str
    speaker: str
    language: str
    emotion: str | None
    """None if sentences of several emotions are in one recording."""

    def is_by(self, speaker: str) -> bool:
        """Whether `speaker` refers to this one: `2`, `scott` or `2_scott`."""
        return speaker.casefold() in {self.number, self.speaker.casefold(), f"{self.number}_{self.speaker}".casefold()}


def parse(stem: str) -> Name:
    """The parts of `2_scott_0_103_110`. Raises FacewireError for another kind of name."""
    match = _NAME.fullmatch(stem)
    if match is None:
        raise FacewireError(f"{stem}: not named as BEAT's recordings are, for example 2_scott_0_103_110")
    number, speaker, kind, first, last = match.groups()
    conversation = int(kind) % 2 == 1
    emotions = {_emotion(int(first)), _emotion(int(last)) if last.isdigit() else _emotion(int(first))}
    emotion = "neutral" if conversation else emotions.pop() if len(emotions) == 1 else None
    return Name(number, speaker, _LANGUAGES[int(kind) // 2], emotion)


def _emotion(sentence: int) -> str | None:
    return next((emotion for first, last, emotion in EMOTIONS if first <= sentence <= last), None)


def listed(folder: Path, speakers: Sequence[str] = (), *, english: bool = False) -> list[Path]:
    """The recordings to read: by some speakers, in English only, or all. Raises FacewireError if none is left.

    Files that are not named as BEAT's are included, to be reported as broken.
    """
    found, known, unheard = [], set(), set(speakers)
    for path in files(folder, ".json"):
        try:
            name = parse(path.stem)
        except FacewireError:
            found.append(path)
            continue
        known.add(f"{name.number}_{name.speaker}")
        by = {speaker for speaker in speakers if name.is_by(speaker)}
        unheard -= by
        if (by or not speakers) and (not english or name.language == "english"):
            found.append(path)
    if unheard:
        raise FacewireError(f"{folder}: no speaker {', '.join(sorted(unheard))}; there are {', '.join(sorted(known))}")
    if not found:
        raise FacewireError(f"{folder}: none of its recordings is in English")
    return found


def recordings(paths: Sequence[Path], licence: str, done: Done) -> Iterator[Found | Skipped]:
    """The recordings in the files, one by one; those that are `done` are passed over."""
    for path in paths:
        try:
            name, sound = parse(path.stem), beside(path, (".wav",))
            if not done(path, sound):
                take = takes.read(path)
                yield Found(
                    recording=path.stem,
                    speaker=name.speaker,
                    licence=licence,
                    source=path,
                    samples=read_audio(sound),
                    curves=take.weights,
                    seen=np.ones(len(take.weights), bool),
                    fps=float(take.fps),
                    confidence=_CONFIDENCE,
                    emotion=name.emotion,
                    beside=(sound,),
                )
        except FacewireError as error:
            yield broken(path, error)
