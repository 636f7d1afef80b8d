"""Whose habits does a face have? Each identity on its own sound and on another's, compared with how those people move.

The habits of a face are how far each shape moves and where it is on average. They depend little on what is said, and
much on who says it: the same sentence looks different on two people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model.face import FaceModel
from model.windows import Floats
from training.datasets.clips import Clip, Curves, beginning
from training.judge.animate import animate, pair

SECONDS: Final = 120
"""Most sound per person on which faces are made."""
KNOWN_S: Final = 1200
"""Most sound per person from which their habits are measured: a single take may be a performance."""
STILL: Final = 0.01
"""A shape with a smaller deviation counts as still; a tracker's errors are as large."""
RECORDED: Final = "(recorded)"
"""In place of an identity: the real face of these recordings."""


@dataclass(frozen=True)
class Likeness:
    """How far a face is from everyone's habits."""

    identity: str
    """Whose face it should be."""
    sound: str
    """Who speaks."""
    distances: dict[str, float]
    """By person: root mean square over habits."""
    heeded: float | None = None
    """On another's sound: how far the identity moves the face from the speaker's habits to its own. At 1 it differs
    from the face made with the speaker's identity by as much as the two people do."""

    @property
    def nearest(self) -> str:
        """Whose habits it has."""
        return min(self.distances, key=lambda name: self.distances[name])


def likenesses(
    model: FaceModel, people: Sequence[Sequence[Clip]], every: Sequence[Sequence[Clip]], lookahead_ms: int
) -> list[Likeness]:
    """The recorded faces of some people, then each identity on its own sound and on the next person's.

    Habits are measured on `every` recording. Only people known to the model count, and only shapes captured of all of
    them; nothing if that leaves fewer than two people, or no shapes.
    """
    sounds = _by_name(model, people, SECONDS)
    use = np.flatnonzero(np.all([clip.confidence > 0 for clips in sounds.values() for clip in clips], axis=0))
    if len(sounds) < 2 or not len(use):
        return []
    known = _by_name(model, every, KNOWN_S)
    real = {name: [np.asarray(clip.curves) for clip in known[name]] for name in sounds}
    names, made = list(sounds), {}
    for place, name in enumerate(names):
        for speaker in (name, names[(place + 1) % len(names)]):
            told = [replace(clip, identity=name) for clip in sounds[speaker]]
            made[name, speaker] = animate(model, told, seed=0, lookahead_ms=lookahead_ms)
        both = zip(sounds[name], made[name, name], strict=True)
        made[RECORDED, name] = [pair(clip, face, model.config.fps).real for clip, face in both]
    return compared(made, real, use.tolist())


def _by_name(model: FaceModel, people: Sequence[Sequence[Clip]], seconds: int) -> dict[str, list[Clip]]:
    """The start of the recordings of everyone known to the model."""
    found: dict[str, list[Clip]] = {}
    for clips in people:
        if clips[0].identity in model.identities.names:
            found.setdefault(clips[0].identity, []).extend(clips)
    return {name: beginning(clips, seconds) for name, clips in found.items()}


def compared(
    made: Mapping[tuple[str, str], Sequence[Curves]], real: Mapping[str, Sequence[Curves]], use: Sequence[int]
) -> list[Likeness]:
    """Faces (frames, 52) by (identity, sound), compared with the habits of real people in some shapes."""
    scale = np.sqrt(np.mean([_deviation(faces, use) ** 2 for faces in real.values()], 0))
    own = {name: _habits(faces, use, scale) for name, faces in real.items()}
    read = {of: _habits(faces, use, scale) for of, faces in made.items()}
    found = []
    for (identity, sound), habits in read.items():
        apart = {name: _apart(habits, theirs) for name, theirs in own.items()}
        heeded = None
        if identity in own and identity != sound and (sound, sound) in read:
            heeded = _share(habits - read[sound, sound], own[identity] - own[sound])
        found.append(Likeness(identity, sound, apart, heeded))
    return found


def _habits(faces: Sequence[Curves], use: Sequence[int], scale: Floats) -> Floats:
    """Logarithm of each shape's deviation, and its mean relative to how far people move it: (2 n,)."""
    mean = np.concatenate(faces)[:, list(use)].mean(0)
    found: Floats = np.concatenate([np.log(_deviation(faces, use)), mean / scale])
    return found


def _deviation(faces: Sequence[Curves], use: Sequence[int]) -> Floats:
    deviation: Floats = np.maximum(np.concatenate(faces)[:, list(use)].std(0), STILL)
    return deviation


def _share(step: Floats, way: Floats) -> float:
    return float(step @ way / max(float(way @ way), 1e-12))


def _apart(one: Floats, other: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(one - other))))
