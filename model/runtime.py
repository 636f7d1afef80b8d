"""What the stream asks of a face model, whichever library computes it: numpy arrays in, numpy arrays out."""

from typing import Protocol

from model.config import ModelConfig
from model.library import Library
from model.speech import SpeechDetector
from model.voices import Projection
from model.windows import Floats


class Runtime(Protocol):
    """A checkpoint, ready to compute: B sessions, T frames, K times ahead, D audio features, C = 52, N identities."""

    @property
    def name(self) -> str:
        """The library: `torch` or `onnx`."""

    @property
    def config(self) -> ModelConfig:
        """Geometry, sizes and conditions of the checkpoint."""

    @property
    def fingerprint(self) -> str:
        """Of all weights that an enrolled identity is made for."""

    @property
    def library(self) -> Library:
        """The identities of the checkpoint."""

    @property
    def projection(self) -> Projection | None:
        """From pooled features to voices; None where the checkpoint tells no voices apart."""

    @property
    def detector(self) -> SpeechDetector | None:
        """What tells speech from other sounds; None where the checkpoint does not."""

    def features(self, windows: Floats, lookahead_ms: int) -> tuple[Floats, Floats]:
        """Standardised audio features (B, H * frames per hop, K, D) of the windows (B, H, samples) of H hops.

        And what voices are told by, of the features of each hop's own sound: (B, H, features per hop, W).
        """

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """The face (B, T, C) before a style's scale and offset, and the GRU states (steps, layers, B, hidden).

        From noise (B, T, C), features (B, T, K, D), identity features (B, T, D) and the states so far.
        """
