"""Speech whose phones are known, of people whom a face did not learn from: three kinds of folders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.audio import read_audio
from model.library import UNKNOWN
from model.stream import frame_count
from model.windows import Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets.clip_files import pcm_of
from training.datasets.clips import Clip, Curves
from training.phones import grid, spoken
from training.phones.align import aligned_words, letters_spelt
from training.phones.spoken import Spoken
from training.phones.table import VISEME_OF

FPS: Final = 30
"""Rate at which faces are judged."""
RAVDESS: Final = {1: "kids are talking by the door", 2: "dogs are sitting by the door"}
"""RAVDESS's statements."""
_NEUTRAL, _NORMAL, _STRONG = 1, 1, 2


class Word(NamedTuple):
    """A word, and the samples that it lasts."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True, eq=False)
class Said:
    """A recording, with the curves of its face where they are known, and what is said in it."""

    clip: Clip
    spoken: Spoken
    words: tuple[Word, ...] = ()

    def visemes(self) -> NDArray[np.int64]:
        """Index (frames,) of the viseme at each frame's time, at 30 fps."""
        return np.asarray(VISEME_OF, np.int64)[self.spoken.at_frames(frames_of(self.clip), FPS)]

    def talking(self) -> NDArray[np.bool_]:
        """Which frames (frames,) are in speech."""
        return np.asarray(self.visemes() != VISEME_OF[-1])


class Ravdess(NamedTuple):
    """What the name of a RAVDESS file tells: modality-channel-emotion-intensity-statement-repetition-actor."""

    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int


def frames_of(clip: Clip) -> int:
    """How many frames a face of a clip has at 30 fps."""
    return frame_count(len(clip), FPS)


def real_face(clip: Clip) -> Curves:
    """The true face (frames, 52) of a clip at 30 fps."""
    return clip.at(np.arange(frames_of(clip)) / FPS)[0]


def sound_only(name: str, samples: Samples) -> Clip:
    """A recording (n,) at 16 kHz of somebody unknown, whose face was not recorded."""
    none = np.zeros((2, blendshapes.COUNT), np.float32)
    return Clip(name, UNKNOWN, pcm_of(samples), none, np.zeros(2, bool), 30.0, none[0], 0.0)


def spoken_set(folder: Path) -> list[Said]:
    """Recordings beside `.phones` files. Raises FacewireError if there are none, or for a broken one."""
    return [Said(sound_only(path.stem, read_audio(path)), spoken.read(path)) for path in spoken.recordings(folder)]


def grid_set(clips: Sequence[Clip]) -> list[Said]:
    """Clips of the GRID corpus, aligned with the sentences that their names tell; others are left out."""
    return list(_grid(clips))


def _grid(clips: Sequence[Clip]) -> Iterator[Said]:
    for clip in clips:
        if words := grid.sentence(clip.recording):
            yield from aligned_said(clip, letters_spelt(words))


def aligned_said(clip: Clip, text: str) -> list[Said]:
    """A clip with the times of a known English text; [] if the aligner cannot find it in the sound."""
    try:
        words = aligned_words(clip.samples, text)
    except FacewireError:
        return []
    phones = tuple(phone for word in words for phone in word.phones)
    spans = tuple(Word(word.text, word.phones[0].begin, word.phones[-1].end) for word in words)
    return [Said(clip, Spoken(clip.identity, "en", text, phones), spans)]


def ravdess_files(folder: Path) -> dict[Ravdess, Path]:
    """RAVDESS's speech under a folder by what the names tell. Raises FacewireError if there is none."""
    found = {}
    for path in sorted(folder.rglob("03-01-*")):
        parts = path.stem.split("-")
        if len(parts) == 7 and all(part.isdigit() for part in parts) and int(parts[4]) in RAVDESS:
            found[Ravdess(*map(int, parts[2:]))] = path
    if not found:
        raise FacewireError(f"{folder}: no speech of RAVDESS there, such as Actor_01/03-01-01-01-01-01-01.wav")
    return found


def ravdess_neutral(files: Mapping[Ravdess, Path], per_actor: int) -> list[Said]:
    """The first neutral recordings of each actor, from one to the next with another statement first."""
    chosen: dict[int, list[Ravdess]] = {}
    for name in sorted(files, key=lambda name: (name.repetition, (name.statement + name.actor) % 2)):
        if name.emotion == _NEUTRAL:
            chosen.setdefault(name.actor, []).append(name)
    return [
        said
        for _, names in sorted(chosen.items())
        for name in names[:per_actor]
        for said in aligned_said(_ravdess_clip(files[name]), RAVDESS[name.statement])
    ]


def ravdess_intensities(files: Mapping[Ravdess, Path], per_actor: int) -> list[tuple[Clip, Clip]]:
    """Normal and strong recordings of the same actor, emotion, sentence and repetition.

    Each actor has so many; from one actor to the next the emotions take turns.
    """
    pairs: dict[int, list[tuple[Ravdess, Ravdess]]] = {}
    for strong in sorted(files):
        normal = strong._replace(intensity=_NORMAL)
        if strong.intensity == _STRONG and normal in files:
            pairs.setdefault(strong.actor, []).append((normal, strong))
    chosen = []
    for actor, each in sorted(pairs.items()):
        step = max(1, len(each) // per_actor)
        chosen += [each[(actor * 5 + step * take) % len(each)] for take in range(min(per_actor, len(each)))]
    return [(_ravdess_clip(files[normal]), _ravdess_clip(files[strong])) for normal, strong in chosen]


def _ravdess_clip(path: Path) -> Clip:
    return sound_only(path.stem, read_audio(path))
