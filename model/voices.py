"""Tells voices apart: what is pooled from speech, and when and how the identity is decided.

After DiffusionTalker, section 3.3. The paper compares the mean of the encoder's last features with each identity. That
mean says as much about the words as about the speaker (docs/results.md). Here, mean and deviation of several layers are
pooled over voiced sound only. A projection learnt from many speakers keeps what differs between them and drops what
varies within each. The voices of those speakers are kept, too: a voice that is similar to several of them is a
stranger's.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import FEATURES_PER_S, Floats

FIRST_S: Final = 2.5
"""Seconds of voice before the first decision."""
MEMORY_S: Final = 8.0
"""Seconds of voice that are remembered; older ones fade."""
PAUSE_FEATURES: Final = FEATURES_PER_S // 2
"""Features without a voice that end an utterance: half a second. The decision may change only there."""
MARGIN: Final = 0.05
"""How much better than the present identity another one must be to replace it."""
NEAREST: Final = 3
"""How many of the most similar other people count against an identity."""
AGAINST: Final = 0.5
"""Weight of their mean similarity."""
_LEAST: Final = 1e-3
"""Added to a deviation before the logarithm; smaller deviations carry no information."""

NOBODY: Final = -1
"""Index of `unknown` among the identities."""


@dataclass(frozen=True)
class Heard:
    """What B sessions have recently heard of their speakers, with W numbers per feature. An immutable value."""

    frames: Floats
    """(B,): number of voiced features; a faded one counts by what remains of it."""
    sums: Floats
    """(B, 2, W): sums of their values and squares."""
    pause: NDArray[np.int64]
    """(B,): features since the last voiced hop: `PAUSE_FEATURES` in the hop that ends an utterance, then more."""
    whose: NDArray[np.int64]
    """(B,): index of the identity that was recognised; `NOBODY` before the first decision and for strangers."""
    decided: NDArray[np.bool_]
    """(B,): whether the first decision has been made."""


@dataclass(frozen=True)
class Projection:
    """Maps pooled features to voices; learnt by `facewire-train voices`."""

    mean: Floats
    """(2 W,)"""
    std: Floats
    """(2 W,)"""
    matrix: Floats
    """(V, 2 W)"""
    others: Floats
    """(M, V): voices, of unit length, of the speakers it was learnt from; none of them is an identity."""

    def __call__(self, pooled: Floats) -> Floats:
        """Voices (…, V) of unit length, from pooled features (…, 2 W)."""
        voices = (pooled - self.mean) / self.std @ self.matrix.T
        length = np.linalg.norm(voices, axis=-1, keepdims=True)
        unit: Floats = voices / np.maximum(length, 1e-12)
        return unit

    def likeness(self, voices: Floats, identities: Floats) -> Floats:
        """Likeness (…, N) of voices (…, V) to identities (N, V).

        The cosine similarity, less `AGAINST` times the mean similarity to the `NEAREST` of all others, identities or
        not: a stranger is a bit similar to many. The most similar identity remains the most similar, and a person who
        is enrolled twice is still recognised.
        """
        everyone = voices @ np.concatenate([identities, self.others]).T
        made: Floats = everyone[..., : len(identities)].copy()
        similar = np.maximum(everyone, 0)  # dissimilar voices carry no information
        nearest = np.sort(similar, -1)[..., -NEAREST - 1 :]
        if (others := nearest.shape[-1] - 1) > 0:
            own = np.maximum(similar[..., : len(identities)], nearest[..., :1])  # itself, or the surplus one
            made -= np.float32(AGAINST / others) * (nearest.sum(-1, keepdims=True) - own)
        return made


def silence(sessions: int, width: int) -> Heard:
    """The state of sessions in which nobody has spoken yet."""
    return Heard(
        frames=np.zeros(sessions, np.float32),
        sums=np.zeros((sessions, 2, width), np.float32),
        pause=np.zeros(sessions, np.int64),
        whose=np.full(sessions, NOBODY),
        decided=np.zeros(sessions, bool),
    )


def pooled(features: Floats) -> Floats:
    """Mean and log deviation (2 W,) of voiced features (T, W)."""
    values = features.astype(np.float64)
    return _statistics(values.mean(0), np.square(values).mean(0))


def remember(heard: Heard, features: Floats, voiced: NDArray[np.bool_]) -> Heard:
    """Add a hop: its features (B, T, W), and whether it was voiced (B,)."""
    frames: Floats = heard.frames + voiced.astype(np.float32) * features.shape[1]
    new = np.stack([features.sum(1), np.square(features).sum(1)], 1) * voiced[:, None, None]
    paused = np.where(
        heard.pause < PAUSE_FEATURES, np.minimum(heard.pause + features.shape[1], PAUSE_FEATURES), PAUSE_FEATURES + 1
    )
    kept = np.minimum(1, MEMORY_S * FEATURES_PER_S / np.maximum(frames, 1)).astype(np.float32)
    return replace(
        heard,
        frames=frames * kept,
        sums=(heard.sums + new) * kept[:, None, None],
        pause=np.where(voiced, 0, paused),
    )


def voices(heard: Heard, projection: Projection) -> Floats:
    """The voices (B, V) heard recently; 0 before any."""
    means = heard.sums / np.maximum(heard.frames, 1)[:, None, None]
    found = projection(_statistics(means[:, 0], means[:, 1]))
    return found * (heard.frames > 0)[:, None]


def decide(heard: Heard, scores: Floats, floor: float) -> Heard:
    """Decide whose voice it is, from its likeness (B, N) to each identity; below the floor it is nobody's.

    The first decision is made after `FIRST_S` of voice. It changes only at the end of an utterance, and only if another
    answer is better by `MARGIN`.
    """
    everyone = np.concatenate([scores, np.full((len(scores), 1), floor, np.float32)], 1)  # the last column is nobody
    best = everyone.argmax(1)
    rows = np.arange(len(scores))
    enough = heard.frames >= FIRST_S * FEATURES_PER_S
    better = everyone[rows, best] > everyone[rows, heard.whose] + MARGIN
    asked = enough & (~heard.decided | ((heard.pause == PAUSE_FEATURES) & better))
    answer = np.where(best == scores.shape[1], NOBODY, best)
    return replace(heard, whose=np.where(asked, answer, heard.whose), decided=heard.decided | enough)


def _statistics(mean: Floats | NDArray[np.float64], square: Floats | NDArray[np.float64]) -> Floats:
    deviation = np.sqrt(np.maximum(square - np.square(mean), 0))
    both: Floats = np.concatenate([mean, np.log(deviation + _LEAST)], -1).astype(np.float32)
    return both
