"""Speaker identities: a learnt embedding each, mapped to the feature space of the voice."""

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
    """N identities by name: embeddings (N, E), and the identity encoder that maps them to D audio features."""

    voices: Tensor
    """(N, V): the voice of each identity, of unit length (`model.voices`)."""
    scale: Tensor
    """(N, C): how far each identity moves each shape, relative to all of them. The denoiser predicts the same
    standardised face for everyone, so that the identity of the face does not depend on the voice."""
    offset: Tensor
    """(N, C): offset of each shape, added after the scale."""

    def __init__(self, names: Sequence[str], width: int, features: int, channels: int, voice: int = 0) -> None:
        """Sizes: `width` is E, `features` D, `channels` C, `voice` V (0 if the checkpoint cannot tell voices apart)."""
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("scale", torch.ones(len(self.names), channels))
        self.register_buffer("offset", torch.zeros(len(self.names), channels))
        self.register_buffer("voices", torch.zeros(len(self.names), voice), persistent=voice > 0)
        self.embeddings = nn.Parameter(torch.randn(len(self.names), width) / width**0.5)
        self.encoder = nn.Sequential(nn.Linear(width, 128), nn.SiLU(), nn.Linear(128, features))

    def unknown(self) -> Tensor:
        """The mean embedding (E,), for a voice that nobody enrolled."""
        return self.embeddings.mean(0)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Identity features (B, D) of embeddings (B, E)."""
        features: Tensor = self.encoder(embeddings)
        return features

    def manners(self) -> tuple[Tensor, Tensor]:
        """Scale and offset (N + 1, C) of all identities; those of `unknown`, the last row, are 1 and 0."""
        ones, zeros = torch.ones_like(self.scale[:1]), torch.zeros_like(self.offset[:1])
        return torch.cat([self.scale, ones]), torch.cat([self.offset, zeros])

    def styles(self) -> Tensor:
        """Styles (N + 1, D + 2 C) of all identities; the last row is `unknown` (`model.library.Library`)."""
        features = self(torch.cat([self.embeddings, self.unknown()[None]]))
        return torch.cat([features, *self.manners()], 1)

    def scores(self, speech: Tensor) -> Tensor:
        """Cosine similarity (B, N) of mean audio features (B, D) to every identity (paper, section 3.3); training only.

        At run time, `model.voices` tells voices apart.
        """
        features = functional.normalize(self(self.embeddings), dim=-1)
        return functional.normalize(speech, dim=-1) @ features.T
