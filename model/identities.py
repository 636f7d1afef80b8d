"""Whose face it is: a learnt embedding per speaker, in the feature space of the voice."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.config import ModelConfig


class VoiceProjection(nn.Module):
    """The weights of `model.voices.Projection`."""

    mean: Tensor
    std: Tensor
    matrix: Tensor
    others: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.voice
        pooled = 2 * config.voice_width
        self.register_buffer("mean", torch.zeros(pooled))
        self.register_buffer("std", torch.ones(pooled))
        self.register_buffer("matrix", torch.zeros(config.voice.width, pooled))
        self.register_buffer("others", torch.zeros(config.voice.others, config.voice.width))


class IdentityLibrary(nn.Module):
    """N identities by name: embeddings (N, E) and the identity encoder that maps them to D audio features."""

    voices: Tensor
    """(N, V): how each sounds, of length 1 (`model.voices`)."""
    scale: Tensor
    """(N, C): how far each moves each shape, to how far all do. The denoiser makes everyone's face as if alike, so
    that whose it is does not hang on whose voice it hears."""
    offset: Tensor
    """(N, C): and where it then has to be moved to."""

    def __init__(self, names: Sequence[str], width: int, features: int, channels: int, voice: int = 0) -> None:
        """V is 0 where the checkpoint tells no voices apart."""
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("scale", torch.ones(len(self.names), channels))
        self.register_buffer("offset", torch.zeros(len(self.names), channels))
        self.register_buffer("voices", torch.zeros(len(self.names), voice), persistent=voice > 0)
        self.embeddings = nn.Parameter(torch.randn(len(self.names), width) / width**0.5)
        self.encoder = nn.Sequential(nn.Linear(width, 128), nn.SiLU(), nn.Linear(128, features))

    def unknown(self) -> Tensor:
        """The mean identity (E,): for a voice that nobody enrolled."""
        return self.embeddings.mean(0)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Identity features (B, D) of embeddings (B, E)."""
        features: Tensor = self.encoder(embeddings)
        return features

    def manners(self) -> tuple[Tensor, Tensor]:
        """Scale and offset (N + 1, C) of all; the face of unknown, the last one, stays as the denoiser makes it."""
        ones, zeros = torch.ones_like(self.scale[:1]), torch.zeros_like(self.offset[:1])
        return torch.cat([self.scale, ones]), torch.cat([self.offset, zeros])

    def styles(self) -> Tensor:
        """Those of all (N + 1, D + 2 C), the last one unknown's (`model.library.Library`)."""
        features = self(torch.cat([self.embeddings, self.unknown()[None]]))
        return torch.cat([features, *self.manners()], 1)

    def scores(self, speech: Tensor) -> Tensor:
        """Cosine similarity (B, N) of mean audio features (B, D) to every identity (paper, section 3.3): for training.

        At run time voices are told apart by `model.voices`.
        """
        features = functional.normalize(self(self.embeddings), dim=-1)
        return functional.normalize(speech, dim=-1) @ features.T
