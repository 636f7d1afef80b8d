"""Whose voice is it? The contrastive matching on unseen recordings (the paper's table 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from model import voices
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windows import SAMPLE_RATE_HZ, Floats
from training.datasets.clips import Clip
from training.sounds.hearing import hear

PIECE_S: Final = 10
"""Longest piece from which an identity is told: the paper's sequences."""


@dataclass(frozen=True)
class Confusion:
    """How often the voice of each identity (row) was matched to each identity (column)."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    def scores(self) -> dict[str, float]:
        """Precision, recall and F1 (means over the identities that spoke), and accuracy."""
        hits, spoken, claimed = np.diag(self.counts), self.counts.sum(1), self.counts.sum(0)
        precision, recall = hits / np.maximum(claimed, 1), hits / np.maximum(spoken, 1)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        there = spoken > 0
        means = {"precision": precision, "recall": recall, "F1": f1}
        return {name: float(value[there].mean()) for name, value in means.items()} | {
            "accuracy": float(hits.sum() / max(1, spoken.sum())),
            "pieces": float(spoken.sum()),
        }


def confusion(model: FaceModel, people: Sequence[Sequence[Clip]], lookahead_ms: int) -> Confusion | None:
    """Match each piece of everyone known to the model; None if there are fewer than two to tell apart."""
    names = model.identities.names
    pieces = [piece for clips in people for clip in clips if clip.identity in names for piece in _pieces(clip)]
    if len({piece.identity for piece in pieces}) < 2:
        return None
    counts = np.zeros((len(names), len(names)), np.int64)
    for piece in pieces:
        matched = int(np.argmax(_scores(model, piece, lookahead_ms)))
        counts[names.index(piece.identity), matched] += 1
    return Confusion(names, counts)


def _pieces(clip: Clip) -> list[Clip]:
    """A recording in pieces; less than a second at its end is dropped: it is too short to tell a voice."""
    length = PIECE_S * SAMPLE_RATE_HZ
    cut = [replace(clip, pcm=clip.pcm[begin : begin + length]) for begin in range(0, len(clip), length)]
    return [piece for piece in cut if len(piece) >= SAMPLE_RATE_HZ]


def _scores(model: FaceModel, piece: Clip, lookahead_ms: int) -> Floats:
    """Likeness (N,) of a piece's voice to each identity, as `model.stream` measures it.

    By its voices or, for a checkpoint that does not tell them apart, by the mean feature, as in the paper.
    """
    runtime = TorchRuntime(model)
    heard = hear(runtime, piece.samples, lookahead_ms)
    if runtime.projection is not None:
        remembered = voices.silence(1, model.config.voice_width)
        for spoken, voiced in zip(heard.spoken, heard.voiced, strict=True):
            remembered = voices.remember(remembered, spoken[None], voiced[None])
        scores: Floats = runtime.projection.likeness(
            voices.voices(remembered, runtime.projection), runtime.library.voices
        )[0]
        return scores
    frames_per_hop = model.config.window(lookahead_ms).frames_per_hop(model.config.fps)
    voice = heard.audio[heard.voiced.repeat(frames_per_hop)[: len(heard.audio)], 0]
    mean = torch.from_numpy(voice.sum(0) / np.float32(max(1, len(voice))))
    with torch.inference_mode():
        found: Floats = model.identities.scores(mean[None])[0].numpy()
    return found
