"""The face model as onnxruntime computes it, on one CPU thread: what runs live. Needs no torch.

An export is a folder: `encoder.onnx` (windows to HuBERT features), `denoiser.onnx` (all denoising steps at once), and
`face.safetensors` with what is known beforehand. `model.onnx_export` writes it; other programs may read it, too.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open

from model.config import ModelConfig
from model.frames import frame_weights, heard
from model.library import Library
from model.speech import SpeechDetector
from model.timbre import beside
from model.voices import Projection
from model.windows import Floats
from protocols.errors import FacewireError
from protocols.files import sha256

FORMAT: Final = 6
"""Of an export. Another number, and all are made anew."""
ENCODER: Final = "encoder.onnx"
"""windows (N, samples) -> features (N, features, D), hidden (N, features, layers * D)."""
DENOISER: Final = "denoiser.onnx"
"""noise (B, T, C), audio (B, T, K, D), identity (B, T, D), dial (B,), hidden -> face (B, T, C), hidden."""
FACE: Final = "face.safetensors"
"""Styles (N + 1, S), the last one `unknown`'s (`model.library`), the statistics (D,) that standardise sound, how voices
are told apart (those of the identities (N, V), and `model.voices.Projection`), and speech from other sounds."""
KEY: Final = "facewire-onnx"
ARRAYS: Final = (
    "styles",
    "audio_mean",
    "audio_std",
    "voices",
    *(f"voice_{field.name}" for field in fields(Projection)),
    *(f"speech_{field.name}" for field in fields(SpeechDetector)),
)


class NoOnnxError(FacewireError):
    """No export can be made or run on this machine; torch still can run the checkpoint."""


class OnnxRuntime:
    """`model.runtime.Runtime` of an export."""

    name: str
    """`onnx`, or `onnx-int8` where the encoder multiplies in 8 bits."""

    def __init__(self, folder: Path) -> None:
        """Raises FacewireError for an export that is not whole, NoOnnxError where onnxruntime is not installed."""
        require_onnxruntime()
        head, self.config, arrays = _read(folder / FACE)
        self.name = head["name"]
        self.fingerprint = str(head["fingerprint"])
        self._mean, self._std = arrays["audio_mean"], arrays["audio_std"]
        self.library = Library(self.config.identities, arrays["styles"], arrays["voices"])
        self.projection = Projection(*_fields(Projection, "voice", arrays)) if self.config.voice else None
        self.detector = SpeechDetector(*_fields(SpeechDetector, "speech", arrays)) if self.config.speech_width else None
        self._heard = heard(self.config.lookaheads_ms, self.config.ahead_ms)
        self._encoder, self._denoiser = (
            _session(_whole(folder / file, head["sha256"].get(file))) for file in (ENCODER, DENOISER)
        )

    def features(self, windows: Floats, lookahead_ms: int) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        config, window = self.config, self.config.window(lookahead_ms)
        batch, hops, samples = windows.shape
        # One by one: no slower on one thread. In 8 bits the scale is that of all that is computed at once, and the
        # face would depend on how the sound was cut.
        each = windows.reshape(-1, 1, samples)
        made = zip(*(self._encoder.run(None, {"windows": one}) for one in each), strict=True)
        encoded, hidden = map(np.concatenate, made)
        frames = frame_weights(window, config.fps, config.ahead_ms) @ encoded[:, window.left_features - 1 :]
        audio = frames.reshape(batch, -1, len(config.ahead_ms), config.encoder.width)
        within = self._heard[config.lookaheads_ms.index(lookahead_ms)]  # (K,)
        standardised: Floats = (audio - self._mean) / self._std * within[:, None]
        own = hidden[:, window.left_features : window.left_features + window.hop_features]
        own = own.reshape(batch, hops, *own.shape[1:])
        return standardised, beside(own, window, windows) if config.voice else own

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        dial = np.full(len(noise), self.config.lookaheads_ms.index(lookahead_ms))
        face, following = self._denoiser.run(
            None, {"noise": noise, "audio": audio, "identity": identity, "dial": dial, "hidden": hidden}
        )
        return face, following


def require_onnxruntime() -> None:
    """Raises NoOnnxError where onnxruntime is not installed, or cannot start."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise NoOnnxError(f"onnxruntime cannot start ({error}): pip install onnxruntime, or --runtime torch") from error


def _read(path: Path) -> tuple[dict[str, Any], ModelConfig, Mapping[str, Floats]]:
    try:
        with safe_open(path, framework="np") as file:
            head = json.loads((file.metadata() or {})[KEY])
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
        config = ModelConfig.model_validate(head["config"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise FacewireError(f"{path}: no whole export ({error}); make it anew by `facewire export-onnx`") from error
    if head.get("format") != FORMAT:
        raise FacewireError(f"{path}: of another version; make it anew by `facewire export-onnx`")
    return head, config, arrays


def _fields(part: type[Projection | SpeechDetector], name: str, arrays: Mapping[str, Floats]) -> list[Floats]:
    return [arrays[f"{name}_{field.name}"] for field in fields(part)]


def _whole(path: Path, wanted: str | None) -> Path:
    """The file, if it is the one that was exported: onnxruntime would read much that is broken without a word."""
    try:
        found = sha256(path)
    except OSError as error:
        raise FacewireError(f"{path}: {error.strerror or error}; make it anew by `facewire export-onnx`") from error
    if found != wanted:
        raise FacewireError(f"{path}: not the file that was exported; make it anew by `facewire export-onnx`")
    return path


def _session(path: Path) -> Any:
    """One thread: a hop is too small to be shared, and where other programs run, two wait for each other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        path,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # what it fuses takes longer: 6 % of hubert-base's time in 8 bits
    )
