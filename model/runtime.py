"""The interface between the stream and a face model: numpy arrays in and out, whichever library computes them."""

from typing import Protocol

from model.closures import Phones
from model.config import ModelConfig
from model.library import Library
from model.speech import SpeechDetector
from model.voices import Projection
from model.windows import Floats, Samples, WindowSpec


class Runtime(Protocol):
    """A checkpoint, ready to compute. B sessions, T frames, K times ahead, D audio features, C = 52, N identities."""

    @property
    def name(self) -> str:
        """The library: `torch`, `onnx` or `onnx-int8`."""

    @property
    def config(self) -> ModelConfig:
        """Geometry, sizes and conditions of the checkpoint."""

    @property
    def fingerprint(self) -> str:
        """Fingerprint of all weights that an enrolled identity depends on."""

    @property
    def library(self) -> Library:
        """The identities of the checkpoint."""

    @property
    def projection(self) -> Projection | None:
        """Maps pooled features to voices; None if the checkpoint cannot tell voices apart."""

    @property
    def detector(self) -> SpeechDetector | None:
        """The speech detector; None if the checkpoint has none."""

    @property
    def phones(self) -> Phones | None:
        """Where the encoder's phones are in the audio features; None if it knows none."""

    def features(self, windows: Samples, window: WindowSpec) -> tuple[Floats, Floats]:
        """Standardised audio features (B, H * frames per hop, K, D) of the windows (B, H, samples) of H hops.

        Also returns the features that voices are told apart by, of each hop's own sound: (B, H, features per hop, W).
        """

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """The face (B, T, C) before a style's scale and offset, and the next GRU states (steps, layers, B, hidden).

        Takes noise (B, T, C), features (B, T, K, D), identity features (B, T, D) and the GRU states so far.
        """
