"""Teaches a checkpoint to tell voices apart: a projection in which speakers differ and their words do not.

Linear discriminant analysis (Fisher 1936; Hastie, Tibshirani, Friedman, section 4.3) of pooled features: pieces of
speech are whitened by the variation within a speaker, and the directions are kept in which the speakers' means differ
most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from model.config import VoiceConfig
from model.face import FaceModel
from model.voices import Projection
from model.windows import Floats
from protocols.errors import FacewireError
from training.speakers.hear import Recording, Speakers, long_enough, pieces

PIECE_S: Final = 3.0
"""Length of the pieces that are judged: by then a stream has to decide."""
LENGTHS_S: Final = (2.0, 3.0, 5.0, 8.0)
"""Lengths of the pieces that are learnt from: whatever a stream remembers."""
SHORTEST_S: Final = min(LENGTHS_S)
"""Length of the pieces from which the floor is chosen."""
PIECES: Final = 60
"""Per speaker and length."""
WIDTH: Final = 64
"""V, or one less than the number of speakers."""
SHRINK: Final = 0.05
"""Share of the mean variance added to each direction within a speaker: a few pieces show few of them."""
FOLDS: Final = 4
SAME: Final = 0.9
"""Cosine above which a speaker counts as one of the checkpoint's own identities under another name."""


def layers_of(model: FaceModel) -> tuple[int, ...]:
    """The hidden states that are pooled: before the first block, in the middle, and after the last."""
    blocks = model.encoder.hubert.config.num_hidden_layers
    return tuple(sorted({0, blocks // 2, blocks}))


def listening(model: FaceModel, layers: Sequence[int]) -> FaceModel:
    """The same face with a voice from these layers that is yet to be learnt."""
    return _with_voice(model, VoiceConfig(layers=tuple(layers), width=1, floor=0.0))


def teach_voices(
    model: FaceModel, speakers: Speakers, own: Mapping[str, Sequence[Recording]], *, seed: int = 0
) -> FaceModel:
    """A face (from `listening`) that tells these speakers' voices apart and knows those of its own identities.

    `own` holds recordings by identity; an identity without any has a voice unlike any other. Raises FacewireError for
    fewer than three speakers.
    """
    assert model.config.voice
    known = long_enough(speakers, 2 * PIECE_S)
    if len(known) < 3:
        raise FacewireError(f"{len(known)} speakers with {2 * PIECE_S:.0f} s of voice or more: at least 3 are needed")
    rng = np.random.default_rng(seed)
    learnt = {name: drawn(recordings, rng) for name, recordings in known.items()}
    projection = discriminant(learnt)
    voices = {
        name: centre(projection(drawn(recordings, np.random.default_rng(seed))))
        for name, recordings in long_enough(own, PIECE_S).items()
    }
    others = library({name: pooled for name, pooled in learnt.items() if name not in own}, projection)
    for known_voice in voices.values():
        others = others[others @ known_voice < SAME]
    projection = replace(projection, others=others)
    width, likeness = len(projection.matrix), floor(known, learnt, seed)
    voice = VoiceConfig(layers=model.config.voice.layers, width=width, floor=likeness, others=len(others))
    taught = _with_voice(model, voice)
    assert taught.voice
    for name in ("mean", "std", "matrix", "others"):
        taught.voice.get_buffer(name).copy_(torch.from_numpy(getattr(projection, name)))
    for place, name in enumerate(taught.identities.names):
        if name in voices:
            taught.identities.voices[place] = torch.from_numpy(voices[name])
    return taught


def discriminant(speakers: Mapping[str, Floats]) -> Projection:
    """The projection in which speakers differ most, relative to the variation of each one's pieces (n, 2 W)."""
    means = np.stack([pooled.mean(0, dtype=np.float64) for pooled in speakers.values()])
    mean = means.mean(0)
    squares = np.mean([np.square(pooled - mean).mean(0) for pooled in speakers.values()], 0)
    std = np.sqrt(squares) + 1e-6
    within = np.zeros((len(mean), len(mean)))
    for own, pooled in zip(means, speakers.values(), strict=True):
        apart = (pooled - own) / std
        within += apart.T @ apart / (len(apart) * len(speakers))
    within += SHRINK * np.trace(within) / len(within) * np.eye(len(within))
    whiten = np.linalg.inv(np.linalg.cholesky(within))
    _, _, between = np.linalg.svd((means - mean) / std @ whiten.T, full_matrices=False)
    kept = between[: min(WIDTH, len(means) - 1)]
    return Projection(_floats(mean), _floats(std), _floats(kept @ whiten), np.zeros((0, len(kept)), np.float32))


def floor(speakers: Speakers, learnt: Mapping[str, Floats], seed: int) -> float:
    """The likeness at which as many pieces of known people fall below it as pieces of others above.

    `learnt` are the `drawn` pieces of the speakers. Known means enrolled later: the projection of each fold never heard
    its people, whose voices are enrolled from some of their recordings and judged on others; those it heard are the
    others (`Projection`). Speakers in one dataset are more alike between recordings than people are between days: a
    floor that nearly all of them reached would turn most people away. So the shortest pieces are used, which are the
    least alike.
    """
    names = sorted(speakers)
    same: list[NDArray[np.floating]] = []
    other: list[NDArray[np.floating]] = []
    for fold in range(FOLDS):
        rng = np.random.default_rng([seed, fold])
        inside = set(names[fold::FOLDS])
        others = {name: learnt[name] for name in names if name not in inside}
        projection = discriminant(others)
        projection = replace(projection, others=library(others, projection))
        halves = [long_enough({name: speakers[name][part::2] for name in sorted(inside)}, PIECE_S) for part in (0, 1)]
        both = [name for name in halves[0] if name in halves[1]]
        if not both:
            continue
        voices = np.stack([centre(projection(drawn(halves[0][name], rng))) for name in both])
        for place, name in enumerate(both):
            likeness = projection.likeness(projection(pieces(halves[1][name], SHORTEST_S, PIECES, rng)), voices)
            same.append(likeness[:, place])
            other.append(np.delete(likeness, place, 1).ravel())
    enough = any(len(likeness) for likeness in other)
    return equal_error(np.concatenate(same), np.concatenate(other)).floor if enough else 0.0


class EqualError(NamedTuple):
    """The floor at which both kinds of mistakes are equally frequent."""

    share: float
    """Of either."""
    floor: float


def equal_error(same: NDArray[np.floating], other: NDArray[np.floating]) -> EqualError:
    """The floor with as many likenesses of the same voice (n,) below it as of others (m,) above it."""
    floors = np.unique(np.concatenate([same, other]))
    missed = np.searchsorted(np.sort(same), floors) / len(same)
    taken = 1 - np.searchsorted(np.sort(other), floors) / len(other)
    nearest = np.abs(missed - taken).argmin()
    return EqualError(float(missed[nearest] + taken[nearest]) / 2, float(floors[nearest]))


def drawn(recordings: Sequence[Recording], rng: np.random.Generator) -> Floats:
    """Pooled features (n, 2 W) of pieces of all lengths."""
    return np.concatenate([pieces(recordings, seconds, PIECES, rng) for seconds in LENGTHS_S])


def library(learnt: Mapping[str, Floats], projection: Projection) -> Floats:
    """The voice (N, V) of each speaker, from pieces (n, 2 W) of each."""
    centres = [centre(projection(pooled)) for pooled in learnt.values()]
    return np.reshape(centres, (-1, len(projection.matrix))).astype(np.float32)


def centre(voices: Floats) -> Floats:
    """The mean direction (V,) of some voices (n, V)."""
    mean = voices.mean(0)
    unit: Floats = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def _with_voice(model: FaceModel, voice: VoiceConfig) -> FaceModel:
    """The same face with a voice of this size, all zeros."""
    ready = FaceModel(model.config.model_copy(update={"voice": voice}), model.encoder)
    kept = {
        name: value for name, value in model.state_dict().items() if not name.startswith(("voice.", "identities.v"))
    }
    ready.load_state_dict(kept, strict=False)
    return ready.eval().requires_grad_(False)


def _floats(values: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(values, np.float32)
