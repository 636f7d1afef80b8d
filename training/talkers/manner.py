"""A lively speaker's manner: how large each shape is in fluent speech, and the shapes that no recording captured.

The people whose faces were recorded read out short sentences, hardly moving. Sizes are those of real ARKit faces in
lively speech; a shape is scaled about 0, which is rest, so that a mouth that is shut stays shut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from model.windows import SAMPLE_RATE_HZ
from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.phones.table import CLOSED, VISEMES
from training.talkers.animator import FPS, Animator
from training.talkers.lips import PRESSED, presence, touching

LIVELY: Final = {
    "jawOpen": 0.30,
    "mouthFunnel": 0.37,
    "mouthPucker": 0.29,
    "mouthLowerDownLeft": 0.45, "mouthLowerDownRight": 0.45,  # .39 to .61
    "mouthUpperUpLeft": 0.345, "mouthUpperUpRight": 0.345,  # .33 to .36
    "mouthSmileLeft": 0.35, "mouthSmileRight": 0.35,  # .35 to .72, but much of that is a mood
    "mouthStretchLeft": 0.19, "mouthStretchRight": 0.19,  # .13 to .25
    "mouthFrownLeft": 0.13, "mouthFrownRight": 0.13,
    "mouthShrugUpper": 0.15,  # .11 to .19
    "mouthShrugLower": 0.15,  # .07 to .29
    "mouthRollLower": 0.12,  # .01 to .26
}  # fmt: skip
"""95th percentile of each shape in real ARKit faces' lively speech (iPhone; their range in brackets)."""
FURTHEST: Final = 3.0
"""A shape is not made more than so many times larger: a tracker's error would be, too."""
PROBE: Final = 200
"""Recordings in which the animator's own sizes are measured."""


class Rule(NamedTuple):
    """A shape that follows from the phones alone."""

    shapes: tuple[str, ...]
    phones: tuple[str, ...]
    size: float
    reach_s: float


RULES: Final = (
    Rule(("jawForward",), ("sh", "zh", *VISEMES["round"]), 0.09, 0.1),  # .07 to .11 in real faces (p95)
    Rule(("mouthDimpleLeft", "mouthDimpleRight"), (*VISEMES["spread"], "e"), 0.08, 0.1),  # .03 to .14
    Rule(("mouthPressLeft", "mouthPressRight"), CLOSED, PRESSED, 0.06),
)
"""For shapes that the recordings did not capture."""
BY_RULE: Final = 0.5
"""Their confidence: the direction is right, the size a guess."""


@dataclass(frozen=True, eq=False)
class Lively:
    """An animator with a lively speaker's sizes; called like the animator itself."""

    animator: Animator
    factors: Curves
    """(52,)."""

    @property
    def confidence(self) -> Curves:
        """(52,): the animator's, and `BY_RULE` for what follows from the phones alone."""
        own = self.animator.confidence.copy()
        for index in (INDEX[shape] for rule in RULES for shape in rule.shapes):
            own[index] = own[index] or BY_RULE
        return own

    def __call__(self, spoken: Spoken, frames: int, fps: int) -> Curves:
        """The face (frames, 52), frame i at i / fps seconds."""
        face = _limited(self.animator.learnt(spoken, frames, fps) * self.factors)
        for rule in RULES:
            moved = rule.size * presence(spoken, rule.phones, frames, fps, reach_s=rule.reach_s)
            for index in (INDEX[shape] for shape in rule.shapes):
                if not self.animator.confidence[index]:
                    face[:, index] = moved
        return touching(np.clip(face, 0, 1).astype(np.float32), spoken, fps)


def _limited(face: Curves) -> Curves:
    """The face with whatever exceeds the usual sizes compressed: nothing gets twice as large as `LIVELY`."""
    for shape, usual in LIVELY.items():
        over = np.maximum(face[:, INDEX[shape]] - usual, 0)
        face[:, INDEX[shape]] -= np.square(over) / (usual + over)
    return face


def lively(animator: Animator, speech: Sequence[Spoken]) -> Lively:
    """The animator with the sizes of `LIVELY` in this speech; the first `PROBE` recordings count."""
    sizes = largest(animator, speech[:PROBE])
    factors = np.ones(COUNT, np.float32)
    for shape, wanted in LIVELY.items():
        own = sizes[INDEX[shape]]
        factors[INDEX[shape]] = np.clip(wanted / own, 1 / FURTHEST, FURTHEST) if own > 0 else 1.0
    factors[INDEX["mouthClose"]] = factors[INDEX["jawOpen"]]  # it takes back what the jaw opens
    return Lively(animator, factors)


def largest(animator: Animator | Lively, speech: Sequence[Spoken]) -> Curves:
    """95th percentile (52,) of each shape, while somebody speaks. Raises FacewireError if nobody does."""
    faces = []
    for spoken in speech:
        if spoken.phones:
            first, last = (int(at / SAMPLE_RATE_HZ * FPS) for at in (spoken.phones[0].begin, spoken.phones[-1].end))
            faces.append(animator(spoken, last + 1, FPS)[first:])
    if not faces:
        raise FacewireError(f"nobody speaks in the first {len(speech)} recordings, in which sizes are measured")
    found: Curves = np.percentile(np.concatenate(faces), 95, axis=0).astype(np.float32)
    return found
