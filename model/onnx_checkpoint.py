"""Opens a checkpoint that carries its graphs with onnxruntime: without torch, and without an export."""

from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model import checkpoint
from model.checkpoint import Arrays
from model.config import ModelConfig
from model.fingerprint import of_face
from model.library import Library
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import onnxruntime, open_graph
from model.speech import SpeechDetector
from model.voices import Projection
from protocols.errors import FacewireError


def open_checkpoint(path: Path) -> OnnxRuntime:
    """Open a checkpoint that `checkpoint.carries_graphs`.

    Raises FacewireError if it is not complete, NoOnnxError if onnxruntime is not installed.
    """
    onnxruntime()
    config, arrays, graphs = checkpoint.read(path)
    try:
        encoder, denoiser, identities = (
            open_graph(graphs[name], arrays) for name in ("encoder", "denoiser", "identities")
        )
        return OnnxRuntime(
            name="onnx",
            config=config,
            fingerprint=of_face(arrays),
            library=_library(config, arrays, identities.run(None, {})[0]),
            projection=_projection(arrays) if config.voice else None,
            detector=_detector(arrays) if config.speech_width else None,
            audio_mean=arrays["audio_mean"],
            audio_std=arrays["audio_std"],
            encoder=encoder,
            denoiser=denoiser,
        )
    except (KeyError, ValueError) as error:
        raise FacewireError(f"{path}: the weights do not fit the header; fetch it again ({error})") from error


def _library(config: ModelConfig, arrays: Arrays, styles: NDArray[np.float32]) -> Library:
    none = np.empty((len(config.identities), 0), np.float32)
    return Library(config.identities, styles, arrays["identities.voices"] if config.voice else none)


def _projection(arrays: Arrays) -> Projection:
    return Projection(*(arrays[f"voice.{field.name}"] for field in fields(Projection)))


def _detector(arrays: Arrays) -> SpeechDetector:
    names = ("inner.weight", "inner.bias", "outer.weight", "outer.bias", "rest")
    return SpeechDetector(*(arrays[f"speech.{name}"] for name in names))
