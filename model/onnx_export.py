"""Exports a face model for onnxruntime. Needs torch; the export runs without it (`model.onnx_folder`)."""

import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from model import stream
from model.face import FaceModel
from model.fingerprint import fingerprint
from model.onnx_folder import DENOISER, ENCODER, FACE, FORMAT, KEY, open_folder
from model.onnx_graphs import round_to_8_bits, write_denoiser, write_encoder
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import NoOnnxError
from model.runtime import Runtime
from model.speech import SpeechDetector
from model.torch_runtime import TorchRuntime
from model.voices import Projection
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.files import complete_or_not_at_all

LIMIT: Final = 1e-3
"""An export is refused if its face differs from torch's by more than this. It usually differs by about 1e-7."""
INT8_LIMIT: Final = 0.05
"""The same for 8 bits: rms of the difference of the features of speech, relative to the rms of the features. The
shipped encoder has .010."""

log = logging.getLogger(__name__)


def export(model: FaceModel, folder: Path, *, int8: Samples | None = None) -> tuple[OnnxRuntime, float]:
    """Export a model on the CPU to `folder`; returns the export, and how far its face differs from torch's.

    `int8` is some speech (n,) at 16 kHz: the encoder's matrices are then rounded to 8 bits, if the features of that
    speech change little enough. Each of the three files is written atomically, and without the last one the folder is
    not an export. Raises NoOnnxError if the model cannot be exported, or if the result differs too much from torch's.
    """
    if find_spec("onnx") is None:
        raise NoOnnxError("an export is made by the package onnx: pip install '.[torch]', or use --runtime torch")
    folder.mkdir(parents=True, exist_ok=True)
    millions = sum(each.numel() for each in model.encoder.parameters()) / 1e6
    log.info("exporting the encoder (%.0f million weights)", millions)
    digests = {ENCODER: write_encoder(model, folder / ENCODER), DENOISER: write_denoiser(model, folder / DENOISER)}
    if int8 is not None:
        log.info("rounding the encoder to 8 bits")
        digests[ENCODER] = round_to_8_bits(folder / ENCODER)
    plain = TorchRuntime(model)
    projection = plain.projection or Projection(*(np.empty(shape, np.float32) for shape in (0, 0, (0, 0), (0, 0))))
    detector = plain.detector or SpeechDetector(*[np.empty((0, 0), np.float32)] * 5)
    library = plain.library
    arrays = {
        "styles": library.styles,
        "audio_mean": model.audio_mean.numpy(),
        "audio_std": model.audio_std.numpy(),
        "voices": library.voices,
        **{f"voice_{name}": array for name, array in vars(projection).items()},
        **{f"speech_{name}": array for name, array in vars(detector).items()},
    }
    digests[FACE] = fingerprint(arrays, half=False)
    head = {
        "format": FORMAT,
        "name": "onnx" if int8 is None else "onnx-int8",
        "fingerprint": plain.fingerprint,
        "config": model.config.model_dump(mode="json"),
        "sha256": digests,
    }
    with complete_or_not_at_all(folder / FACE) as partial:
        save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, partial, {KEY: json.dumps(head)})
    log.info("comparing its face with torch's")
    exported = open_folder(folder)
    far = difference(exported, plain)
    if int8 is None and not far <= LIMIT:
        _remove(folder)
        raise NoOnnxError(f"onnxruntime's face differs from torch's by {far:.1e}; use --runtime torch")
    if int8 is not None:
        rounded = feature_difference(exported, plain, int8)
        if not rounded <= INT8_LIMIT:
            _remove(folder)
            raise NoOnnxError(f"8 bits change this encoder's features by {rounded:.1%}; use --runtime onnx")
        log.info("8 bits change the encoder's features by %.1f %%", 100 * rounded)
    return exported, far


def _remove(folder: Path) -> None:
    """Delete a refused export. That of a large encoder is large, and nothing would ever read it."""
    for name in (FACE, ENCODER, DENOISER):
        (folder / name).unlink(missing_ok=True)


def difference(one: Runtime, other: Runtime) -> float:
    """Largest difference of any shape in any frame between two runtimes' faces, for two seconds of loud noise."""
    noise = np.random.default_rng(0).normal(0, 0.2, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    faces = [stream.render(each, noise, liveliness=1.0).weights for each in (one, other)]
    return float(np.abs(faces[0] - faces[1]).max())


def feature_difference(one: Runtime, other: Runtime, speech: Samples) -> float:
    """Rms of the difference of two runtimes' features of speech (n,), relative to the rms of the second one's."""
    window = other.config.window()
    windows = windows_of(window, speech).sound[:, None, None]  # one by one: a large encoder needs much memory
    made, wanted = (np.concatenate([each.features(w, window)[0] for w in windows]) for each in (one, other))
    return float(np.sqrt(np.square(made - wanted).mean() / np.square(wanted).mean()))
