"""An export: a folder of files that onnxruntime, and other programs, can read without torch.

`encoder.onnx` turns windows into HuBERT features, `denoiser.onnx` runs all denoising steps, and `face.safetensors`
holds whatever else a stream needs. `model.onnx_export` writes the folder.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from model.config import ModelConfig
from model.fingerprint import fingerprint
from model.library import Library
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import onnxruntime, open_file
from model.speech import SpeechDetector
from model.voices import Projection
from model.windows import Floats
from protocols.errors import FacewireError
from protocols.files import sha256

FORMAT: Final = 7
"""Format of an export. Exports of any other format are made again."""
ENCODER: Final = "encoder.onnx"
"""windows (N, samples) -> features (N, features, D), hidden (N, features, layers * D)."""
DENOISER: Final = "denoiser.onnx"
"""noise (B, T, C), audio (B, T, K, D), identity (B, T, D), dial (B,), hidden -> face (B, T, C), hidden."""
FACE: Final = "face.safetensors"
"""Styles (N + 1, S), the last one `unknown`'s (`model.library`); the statistics (D,) that standardise audio features;
the identities' voices (N, V); and the arrays of `model.voices.Projection` and `model.speech.SpeechDetector`."""
KEY: Final = "facewire-onnx"
ARRAYS: Final = (
    "styles",
    "audio_mean",
    "audio_std",
    "voices",
    *(f"voice_{field.name}" for field in fields(Projection)),
    *(f"speech_{field.name}" for field in fields(SpeechDetector)),
)


def open_folder(folder: Path) -> OnnxRuntime:
    """Open an export.

    Raises FacewireError if it is not complete, NoOnnxError if onnxruntime is not installed.
    """
    onnxruntime()
    head, config, arrays = _read(folder / FACE)
    encoder, denoiser = (open_file(_whole(folder / file, head["sha256"].get(file))) for file in (ENCODER, DENOISER))
    return OnnxRuntime(
        name=str(head["name"]),
        config=config,
        fingerprint=str(head["fingerprint"]),
        library=Library(config.identities, arrays["styles"], arrays["voices"]),
        projection=Projection(*_fields(Projection, "voice", arrays)) if config.voice else None,
        detector=SpeechDetector(*_fields(SpeechDetector, "speech", arrays)) if config.speech_width else None,
        audio_mean=arrays["audio_mean"],
        audio_std=arrays["audio_std"],
        encoder=encoder,
        denoiser=denoiser,
    )


def _read(path: Path) -> tuple[dict[str, Any], ModelConfig, Mapping[str, Floats]]:
    try:
        with safe_open(path, framework="np") as file:
            head = json.loads((file.metadata() or {})[KEY])
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
        if head["format"] != FORMAT:
            raise FacewireError(f"{path}: made by another version; make it again with `facewire export-onnx`")
        if head["sha256"][FACE] != fingerprint(arrays, half=False):
            raise ValueError("its arrays have changed")
        config = ModelConfig.model_validate(head["config"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise FacewireError(
            f"{path}: not a complete export ({error}); make it again with `facewire export-onnx`"
        ) from error
    return head, config, arrays


def _fields(part: type[Projection | SpeechDetector], name: str, arrays: Mapping[str, Floats]) -> list[Floats]:
    return [arrays[f"{name}_{field.name}"] for field in fields(part)]


def _whole(path: Path, wanted: str | None) -> Path:
    """Return the file if it is the one that was exported: onnxruntime reads many damaged files without an error."""
    try:
        found = sha256(path)
    except OSError as error:
        raise FacewireError(f"{path}: {error.strerror or error}; make it again with `facewire export-onnx`") from error
    if found != wanted:
        raise FacewireError(f"{path}: changed since the export; make it again with `facewire export-onnx`")
    return path
