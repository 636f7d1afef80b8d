"""The voice of a person who is enrolled: how it sounds, whether it is a single one, and whose it resembles."""

from typing import Final

import numpy as np

from model import voices
from model.library import Library
from model.runtime import Runtime
from model.voices import Projection
from model.windows import FEATURES_PER_S, Floats
from protocols.errors import FacewireError
from training.fit.losses import TEMPERATURE
from training.sounds.hearing import Hearing
from training.speakers.teach import centre

STRETCH_S: Final = 5.0
"""Seconds of voice pooled for one answer: as many as a stream remembers when it decides."""
FEWEST: Final = 2
"""Stretches that make a second speaker: one may be a laugh."""
ROUNDS: Final = 10


def voices_in(heard: Hearing, projection: Projection) -> Floats:
    """The voices (n, V) of stretches of a recording, in order; the last one is up to twice as long."""
    count = max(1, int(len(heard.voice) / FEATURES_PER_S / STRETCH_S))
    return projection(np.stack([voices.pooled(part) for part in np.array_split(heard.voice, count)]))


def likeness_of_halves(stretches: Floats, projection: Projection) -> float:
    """How alike the two voices are into which stretches (n, V) divide best; 1 if there is no second one.

    Two-means on the sphere, starting from the two stretches that are least alike.
    """
    alike = stretches @ stretches.T
    first, second = np.unravel_index(int(alike.argmin()), alike.shape)
    centres = stretches[[int(first), int(second)]]
    for _ in range(ROUNDS):
        nearer = (stretches @ centres.T).argmax(1)
        if np.bincount(nearer, minlength=2).min() < FEWEST:
            return 1.0
        centres = np.stack([centre(stretches[nearer == which]) for which in (0, 1)])
    return float(projection.likeness(centres[0], centres[1:])[0])


def one_speaker(stretches: Floats, projection: Projection, floor: float, source: object) -> None:
    """Raises FacewireError if the stretches are of two speakers.

    By the checkpoint's own measure: two voices below its floor, which most short pieces of a known person's speech
    reach, are not the same. A half has 10 s at least, so it is more reliable than such a piece.
    """
    likeness = likeness_of_halves(stretches, projection)
    if likeness < floor:
        raise FacewireError(
            f"{source}: two people seem to speak: the voices in it have a likeness of {likeness:.2f}, those of one "
            f"person {floor:.2f} or more; cut the other one out, or record again, alone and without music"
        )


def mixture(voice: Floats, library: Library) -> Floats:
    """Shares (N,) of the checkpoint's identities, by the likeness of their voices (N, V) to a voice (V,): a softmax."""
    known = np.linalg.norm(library.voices, axis=1) > 0.5  # an identity without recordings has no voice
    likeness = np.where(known, library.voices @ voice, -np.inf) / TEMPERATURE
    shares = np.exp(likeness - likeness.max())
    return np.asarray(shares / shares.sum(), np.float32)


def require_projection(runtime: Runtime) -> Projection:
    """How the checkpoint tells voices apart. Raises FacewireError if it does not, or knows no voices."""
    projection = runtime.projection
    if projection is None or not runtime.library.voices.any():
        raise FacewireError(
            "from a voice alone a face is mixed from the identities that sound like it, and this checkpoint cannot "
            "tell voices apart: use `facewire-train voices teach`, or give a face: --livelink, --video or --npz"
        )
    return projection
