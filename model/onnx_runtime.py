"""The face model computed by onnxruntime on one CPU thread, as in the live program. Needs no torch.

`model.onnx_checkpoint` opens it from a checkpoint that carries its graphs, `model.onnx_folder` from an export.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from model.closures import Phones
from model.config import ModelConfig
from model.frames import frame_weights, heard
from model.library import Library
from model.speech import SpeechDetector
from model.timbre import beside
from model.voices import Projection
from model.windows import Floats, Samples, WindowSpec


@dataclass(frozen=True)
class OnnxRuntime:
    """`model.runtime.Runtime` by onnxruntime."""

    name: str
    """`onnx`, or `onnx-int8` if the encoder's matrices are in 8 bits."""
    config: ModelConfig
    fingerprint: str
    library: Library
    projection: Projection | None
    detector: SpeechDetector | None
    audio_mean: Floats
    """(D,): standardises the encoder's features, together with `audio_std`."""
    audio_std: Floats
    encoder: Any
    """Session: windows (N, samples) -> features (N, features, D), hidden (N, features, layers * D)."""
    denoiser: Any
    """Session: noise (B, T, C), audio (B, T, K, D), identity (B, T, D), dial (B,), hidden -> face (B, T, C), hidden."""

    @cached_property
    def _heard(self) -> Floats:
        return heard(self.config.lookaheads_ms, self.config.ahead_ms)

    @cached_property
    def phones(self) -> Phones | None:
        """See `Runtime`."""
        return Phones.of(self.config.encoder, self.audio_mean, self.audio_std)

    def features(self, windows: Samples, window: WindowSpec) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        config = self.config
        batch, hops, samples = windows.shape
        # One window at a time, which is no slower on one thread: in 8 bits a whole batch shares one scale, and the
        # face would depend on how the sound was cut.
        each = windows.reshape(-1, 1, samples)
        made = zip(*(self.encoder.run(None, {"windows": one}) for one in each), strict=True)
        encoded, hidden = map(np.concatenate, made)
        frames = frame_weights(window, config.fps, config.ahead_ms) @ encoded[:, window.left_features - 1 :]
        audio = frames.reshape(batch, -1, len(config.ahead_ms), config.encoder.width)
        within = self._heard[config.lookaheads_ms.index(window.right_ms)]  # (K,)
        standardised: Floats = (audio - self.audio_mean) / self.audio_std * within[:, None]
        own = hidden[:, window.left_features : window.left_features + window.hop_features]
        own = own.reshape(batch, hops, *own.shape[1:])
        return standardised, beside(own, window, windows) if config.voice else own

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        dial = np.full(len(noise), self.config.lookaheads_ms.index(lookahead_ms))
        face, following = self.denoiser.run(
            None, {"noise": noise, "audio": audio, "identity": identity, "dial": dial, "hidden": hidden}
        )
        return face, following
