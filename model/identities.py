"""Whose face it is: a learnt embedding per speaker, in the feature space of the voice."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.runtime import identity_place


class IdentityLibrary(nn.Module):
    """N identities by name: embeddings (N, E) and the identity encoder that maps them to D audio features."""

    def __init__(self, names: Sequence[str], width: int, features: int) -> None:
        super().__init__()
        self.names = tuple(names)
        self.embeddings = nn.Parameter(torch.randn(len(self.names), width) / width**0.5)
        self.encoder = nn.Sequential(nn.Linear(width, 128), nn.SiLU(), nn.Linear(128, features))

    def unknown(self) -> Tensor:
        """The mean identity (E,): for a voice that nobody enrolled."""
        return self.embeddings.mean(0)

    def embedding(self, name: str | None) -> Tensor:
        """Embedding (E,) of an identity, or of `unknown` for None. Raises FacewireError for a stranger's name."""
        place = identity_place(self.names, name)
        return self.unknown() if place is None else self.embeddings[place]

    def forward(self, embeddings: Tensor) -> Tensor:
        """Identity features (B, D) of embeddings (B, E)."""
        features: Tensor = self.encoder(embeddings)
        return features

    def scores(self, voices: Tensor) -> Tensor:
        """Cosine similarity (B, N) of pooled audio features (B, D) to every identity (paper, section 3.3)."""
        features = functional.normalize(self(self.embeddings), dim=-1)
        return functional.normalize(voices, dim=-1) @ features.T
