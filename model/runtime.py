"""What the stream asks of a face model, whichever library computes it: numpy arrays in, numpy arrays out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.config import ModelConfig
from protocols.errors import FacewireError

Floats = NDArray[np.float32]


class Runtime(Protocol):
    """A checkpoint, ready to compute: B sessions, T frames, K times ahead, D audio features, C = 52, N identities."""

    @property
    def name(self) -> str:
        """The library: `torch` or `onnx`."""

    @property
    def config(self) -> ModelConfig:
        """Geometry, sizes and conditions of the checkpoint."""

    def features(self, windows: Floats, lookahead_ms: int) -> Floats:
        """Standardised audio features (B, H * frames per hop, K, D) of the windows (B, H, samples) of H hops."""

    def identity(self, names: Sequence[str | None]) -> Floats:
        """Identity features (B, D) by name; None: the mean of all. Raises FacewireError for a stranger's name."""

    def scores(self, voices: Floats) -> Floats:
        """Cosine similarity (B, N) of pooled audio features (B, D) to every identity."""

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """The face (B, T, C) in [0, 1], and the GRU states (steps, layers, B, hidden) to go on with.

        From noise (B, T, C), features (B, T, K, D), identity features (B, T, D) and the states so far.
        """


def identity_place(names: Sequence[str], name: str | None) -> int | None:
    """Place of an identity among those of a checkpoint; None for None and `unknown`, the mean of all.

    Raises FacewireError for a stranger's name.
    """
    if name is None or name == "unknown":
        return None
    if name not in names:
        raise FacewireError(f"identity {name!r} is not in this checkpoint; it knows: {', '.join(names)}, unknown")
    return names.index(name)
