"""Whose voice is it? What is pooled of speech, and when and how it is decided. After DiffusionTalker, section 3.3.

The paper compares the mean of the encoder's last features with each identity. That mean says as much of the words as
of the speaker (docs/results.md): here mean and deviation of several layers are pooled, of voiced sound only, and a
projection that was learnt from many speakers keeps what differs between them, and drops what differs within. Those
speakers are known as well: a voice that is much like several of them is anybody's.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import FEATURES_PER_S, Floats

FIRST_S: Final = 2.5
"""Seconds of voice by which the first answer is given."""
MEMORY_S: Final = 8.0
"""Seconds of voice that are remembered: older ones fade."""
PAUSE_HOPS: Final = 5
"""Hops without a voice that end an utterance: only there may the answer change."""
MARGIN: Final = 0.05
"""By how much another answer must be better than the present one."""
NEAREST: Final = 3
"""How many of the people to whom a voice is most alike, beside one, count against its being that one's."""
AGAINST: Final = 0.5
"""By which share of their likeness."""
_LEAST: Final = 1e-3
"""Of a deviation: below, its logarithm says nothing."""

NOBODY: Final = -1
"""Place of `unknown` among the identities."""


@dataclass(frozen=True)
class Heard:
    """What B sessions have heard of their speakers of late, W numbers per feature. A value."""

    frames: Floats
    """(B,): voiced features, those that have faded by their share."""
    sums: Floats
    """(B, 2, W): of their values and squares."""
    pause: NDArray[np.int64]
    """(B,): hops since the last voice."""
    whose: NDArray[np.int64]
    """(B,): place of the identity whose voice it is; `NOBODY` before and for a stranger's."""
    decided: NDArray[np.bool_]
    """(B,): whether there has been a first answer."""


@dataclass(frozen=True)
class Projection:
    """From pooled features to voices: what `facewire-train voices` learns."""

    mean: Floats
    """(2 W,)"""
    std: Floats
    """(2 W,)"""
    matrix: Floats
    """(V, 2 W)"""
    others: Floats
    """(M, V): voices of the speakers that it was learnt from, of length 1, who are nobody's identity."""

    def __call__(self, pooled: Floats) -> Floats:
        """Voices (…, V) of length 1, of pooled features (…, 2 W)."""
        voices = (pooled - self.mean) / self.std @ self.matrix.T
        length = np.linalg.norm(voices, axis=-1, keepdims=True)
        unit: Floats = voices / np.maximum(length, 1e-12)
        return unit

    def likeness(self, voices: Floats, identities: Floats) -> Floats:
        """How much voices (…, V) are those of identities (N, V): (…, N).

        Their cosine, less `AGAINST` of the mean cosine to the `NEAREST` of all others, identities or not: a stranger is
        a bit like many. So the most alike stays that, and a person who is enrolled twice is known all the same.
        """
        everyone = voices @ np.concatenate([identities, self.others]).T
        made: Floats = everyone[..., : len(identities)].copy()
        unlike = np.maximum(everyone, 0)  # whom a voice is unlike says nothing
        nearest = np.sort(unlike, -1)[..., -NEAREST - 1 :]
        if (others := nearest.shape[-1] - 1) > 0:
            own = np.maximum(unlike[..., : len(identities)], nearest[..., :1])  # one's own, or the one too many
            made -= np.float32(AGAINST / others) * (nearest.sum(-1, keepdims=True) - own)
        return made


def silence(sessions: int, width: int) -> Heard:
    """What sessions have heard that nobody has spoken in."""
    return Heard(
        frames=np.zeros(sessions, np.float32),
        sums=np.zeros((sessions, 2, width), np.float32),
        pause=np.zeros(sessions, np.int64),
        whose=np.full(sessions, NOBODY),
        decided=np.zeros(sessions, bool),
    )


def pooled(features: Floats) -> Floats:
    """Mean and logarithm of the deviation (2 W,) of voiced features (T, W)."""
    values = features.astype(np.float64)
    return _statistics(values.mean(0), np.square(values).mean(0))


def remember(heard: Heard, features: Floats, voiced: NDArray[np.bool_]) -> Heard:
    """After one more hop: features (B, T, W), and whether it was voiced (B,)."""
    frames: Floats = heard.frames + voiced.astype(np.float32) * features.shape[1]
    new = np.stack([features.sum(1), np.square(features).sum(1)], 1) * voiced[:, None, None]
    kept = np.minimum(1, MEMORY_S * FEATURES_PER_S / np.maximum(frames, 1)).astype(np.float32)
    return replace(
        heard,
        frames=frames * kept,
        sums=(heard.sums + new) * kept[:, None, None],
        pause=np.where(voiced, 0, heard.pause + 1),
    )


def voices(heard: Heard, projection: Projection) -> Floats:
    """The voices (B, V) that were heard; 0 before any."""
    means = heard.sums / np.maximum(heard.frames, 1)[:, None, None]
    found = projection(_statistics(means[:, 0], means[:, 1]))
    return found * (heard.frames > 0)[:, None]


def decide(heard: Heard, scores: Floats, floor: float) -> Heard:
    """Whose voice it is, by its likeness (B, N) to each identity; nobody's below the floor.

    Answered once as soon as there are `FIRST_S` of voice, and again only behind an utterance, if another answer is
    better by `MARGIN`.
    """
    everyone = np.concatenate([scores, np.full((len(scores), 1), floor, np.float32)], 1)  # the last is nobody
    best = everyone.argmax(1)
    rows = np.arange(len(scores))
    enough = heard.frames >= FIRST_S * FEATURES_PER_S
    better = everyone[rows, best] > everyone[rows, heard.whose] + MARGIN
    asked = enough & (~heard.decided | ((heard.pause == PAUSE_HOPS) & better))
    answer = np.where(best == scores.shape[1], NOBODY, best)
    return replace(heard, whose=np.where(asked, answer, heard.whose), decided=heard.decided | enough)


def _statistics(mean: Floats | NDArray[np.float64], square: Floats | NDArray[np.float64]) -> Floats:
    deviation = np.sqrt(np.maximum(square - np.square(mean), 0))
    both: Floats = np.concatenate([mean, np.log(deviation + _LEAST)], -1).astype(np.float32)
    return both
