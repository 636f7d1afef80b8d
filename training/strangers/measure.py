"""All figures of faces on people that they did not learn from, set by set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model.face import FaceModel
from model.ict import FaceKit
from training.datasets.clips import Clip, Curves
from training.judge.animate import animate
from training.judge.metrics import Pair
from training.strangers import against_truth, closures, loudness, readability, size, syllables, vertices, vowels
from training.strangers.loudness import LoudnessFace
from training.strangers.readability import Animator
from training.strangers.reader import Labels, Reader
from training.strangers.said import FPS, Said, frames_of, real_face
from training.strangers.shapes import resampled
from training.strangers.syllables import Syllable

REAL, CEILING, LOUDNESS, MEAN_FACE = "real face", "true phones", "loudness alone", "own mean face"

Table = dict[str, dict[str, float]]
"""Figures by column and name."""
Face = Callable[[Sequence[Clip]], list[Curves]]
"""Makes a face (frames, 52) at 30 fps of the sound of each clip."""


@dataclass(frozen=True)
class Measured:
    """The figures of one set, and what its pictures show."""

    table: Table
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    confusions: dict[str, NDArray[np.int64]] = field(default_factory=dict)


def face_of(model: FaceModel, lookahead_ms: int | None = None) -> Face:
    """The face of a checkpoint, as the live program streams it."""
    return partial(_animated, model, model.config.lookahead_ms if lookahead_ms is None else lookahead_ms)


def _animated(model: FaceModel, lookahead_ms: int, clips: Sequence[Clip]) -> list[Curves]:
    made = animate(model, clips, seed=0, lookahead_ms=lookahead_ms)
    return [resampled(face, model.config.fps, FPS, frames_of(clip)) for face, clip in zip(made, clips, strict=True)]


def loudness_face(known: LoudnessFace) -> Face:
    """The face that loudness makes by a map fitted elsewhere."""
    return lambda clips: [known.face(clip.samples, FPS) for clip in clips]


def true_curves(clips: Sequence[Clip], faces: Mapping[str, Face], kit: FaceKit | None = None) -> Measured:
    """Faces of recordings beside the true ones, the clips' own mean faces and loudness, fitted on the other clips."""
    made = {name: face(clips) for name, face in faces.items()}
    made[MEAN_FACE] = against_truth.mean_faces(clips, FPS, [frames_of(clip) for clip in clips])
    if len(clips) > 1:
        made[LOUDNESS] = loudness.of_others(clips, FPS)
    pairs = {
        name: [Pair(face, real_face(clip), clip.confidence > 0) for clip, face in zip(clips, each, strict=True)]
        for name, each in made.items()
    }
    table = {name: against_truth.figures(each) for name, each in pairs.items()}
    if kit:
        for name, each in pairs.items():
            table[name] |= vertices.figures(kit, each)
    return Measured(table, pairs)


def known_phones(
    said: Sequence[Said],
    faces: Mapping[str, Face],
    reader: Reader | None,
    *,
    shown: Sequence[Labels] | None = None,
    animator: Animator | None = None,
) -> Measured:
    """Readability, closures and sizes of faces of speech whose phones are known.

    `shown` are the visemes that count, by default all. With real curves their own figures stand beside, with an
    animator those of a face that it makes of the true phones: the ceiling.
    """
    clips = [each.clip for each in said]
    made = {name: face(clips) for name, face in faces.items()}
    if animator:
        made[CEILING] = [animator(each.spoken, frames_of(each.clip), FPS) for each in said]
    if any(clip.confidence.any() for clip in clips):
        made[REAL] = [real_face(clip) for clip in clips]
    found = Measured({name: {} for name in made})
    labels = [each.visemes() for each in said] if shown is None else shown
    for name, each in made.items():
        column = found.table[name]
        if reader:
            read, found.confusions[name] = readability.figures(reader, said, each, labels)
            column |= read
        spoken = [one.spoken for one in said]
        column |= closures.figures(closures.measured(spoken, each, FPS)) | vowels.figures(spoken, each, FPS)
        column |= size.ratios(each, [one.talking() for one in said])
    if reader and animator:
        for name in faces:
            found.table[name] |= readability.share_of_ceiling(found.table[name], found.table[CEILING])
    return found


def intensities(pairs: Sequence[tuple[Clip, Clip]], faces: Mapping[str, Face]) -> Table:
    """How much wider faces of strong speech are than those of normal speech."""
    table = {}
    for name, face in faces.items():
        normal, strong = (face([pair[which] for pair in pairs]) for which in (0, 1))
        masks = tuple(
            [size.loud(pair[which], len(one), FPS) for pair, one in zip(pairs, made, strict=True)]
            for which, made in ((0, normal), (1, strong))
        )
        table[name] = size.wider(normal, strong, (masks[0], masks[1]))
    return table


def syllable_figures(said: Sequence[Syllable], faces: Mapping[str, Face]) -> Table:
    """What faces of letters and syllables tell of their vowels and consonants."""
    clips = [each.clip for each in said]
    return {name: syllables.figures(said, face(clips), FPS) for name, face in faces.items()}
