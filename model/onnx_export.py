"""Writes a face model for onnxruntime: torch and `onnx` are needed here, and not where it runs (`model.onnx_runtime`).

By torch's exporter of traced graphs: it asks for the package `onnx` alone and takes half a second. The newer one wants
onnxscript besides; it will be time for that when the version of torch that pyproject.toml pins has this one no more.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

from model import stream
from model.face import FaceModel
from model.onnx_runtime import DENOISER, ENCODER, FACE, FORMAT, KEY, NoOnnxError, OnnxRuntime
from model.runtime import Runtime
from model.torch_runtime import TorchRuntime
from model.windows import SAMPLE_RATE_HZ, Samples, windows_of
from protocols.files import complete_or_not_at_all

OPSET: Final = 17
"""The first with layer norm as one operation; every onnxruntime that we allow knows it."""
LIMIT: Final = 1e-3
"""An export whose face differs by more from torch's is refused; it is some 1e-7."""
INT8_LIMIT: Final = 0.05
"""The same for features of speech in 8 bits: rms of the difference over the features' own. The shipped one has .011."""

Axes = Mapping[str, Mapping[int, str]]


class _Encoder(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, windows: Tensor) -> Tensor:
        return self.encoder.encode(windows)


class _Denoiser(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, noise: Tensor, audio: Tensor, identity: Tensor, dial: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.model.denoise(noise, audio, identity, dial, hidden)


def export(model: FaceModel, folder: Path, *, int8: Samples | None = None) -> tuple[OnnxRuntime, float]:
    """Write the export of a model on the CPU into `folder`; returns it, and how far its face is from torch's.

    With some speech (n,) at 16 kHz as `int8` the encoder's matrices are rounded to 8 bits, if that speech allows it.
    The three files appear one by one, complete or not at all; without the last one it is no export. Raises
    NoOnnxError where that is impossible, or where the result is too far from torch's.
    """
    if find_spec("onnx") is None:
        raise NoOnnxError("the package onnx prepares a face for onnxruntime: pip install onnx, or --runtime torch")
    folder.mkdir(parents=True, exist_ok=True)
    digests = {ENCODER: _encoder(model, folder / ENCODER), DENOISER: _denoiser(model, folder / DENOISER)}
    if int8 is not None:
        digests[ENCODER] = _in_8_bits(folder / ENCODER)
    names = [*model.config.identities, None]
    arrays = {
        "identities": TorchRuntime(model).identity(names),
        "audio_mean": model.audio_mean.numpy(),
        "audio_std": model.audio_std.numpy(),
    }
    name = "onnx" if int8 is None else "onnx-int8"
    head = {"format": FORMAT, "name": name, "config": model.config.model_dump(mode="json"), "sha256": digests}
    with complete_or_not_at_all(folder / FACE) as partial:
        save_file(arrays, partial, metadata={KEY: json.dumps(head)})
    exported, plain = OnnxRuntime(folder), TorchRuntime(model)
    far = difference(exported, plain)
    if int8 is None and not far <= LIMIT:
        (folder / FACE).unlink()
        raise NoOnnxError(f"onnxruntime's face differs from torch's by {far:.1e}: --runtime torch is left")
    if int8 is not None and not (rounded := feature_difference(exported, plain, int8)) <= INT8_LIMIT:
        (folder / FACE).unlink()
        raise NoOnnxError(f"8 bits change this encoder's features by {rounded:.0%}: --runtime onnx is left")
    return exported, far


def difference(one: Runtime, other: Runtime) -> float:
    """The largest difference of any shape in any frame between two runtimes' faces, for two seconds of loud noise."""
    noise = np.random.default_rng(0).normal(0, 0.2, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    faces = [stream.render(each, noise, liveliness=1.0) for each in (one, other)]
    return float(np.abs(faces[0] - faces[1]).max())


def feature_difference(one: Runtime, other: Runtime, speech: Samples) -> float:
    """Rms of the difference of two runtimes' features of some speech (n,), over the rms of the other's."""
    window = other.config.window()
    windows = windows_of(window, speech)[None]
    made, wanted = (each.features(windows, window.right_ms) for each in (one, other))
    return float(np.sqrt(np.square(made - wanted).mean() / np.square(wanted).mean()))


def _encoder(model: FaceModel, path: Path) -> str:
    windows = torch.zeros(2, model.config.window().samples)
    axes = {"windows": {0: "windows", 1: "samples"}, "features": {0: "windows", 1: "times"}}
    return _write(_Encoder(model), {"windows": windows}, ["features"], axes, path)


def _denoiser(model: FaceModel, path: Path) -> str:
    config, batch, frames = model.config, 2, 3
    width = config.encoder.width
    given = {
        "noise": torch.zeros(batch, frames, len(config.blendshapes)),
        "audio": torch.zeros(batch, frames, len(config.ahead_ms), width),
        "identity": torch.zeros(batch, frames, width),
        "dial": torch.zeros(batch, dtype=torch.long),
        "hidden": torch.zeros(config.steps, config.layers, batch, config.hidden),
    }
    by_frame = {0: "sessions", 1: "frames"}
    axes: Axes = {
        **dict.fromkeys(("noise", "audio", "identity", "face"), by_frame),
        "dial": {0: "sessions"},
        "hidden": {2: "sessions"},
        "next_hidden": {2: "sessions"},
    }
    return _write(_Denoiser(model), given, ["face", "next_hidden"], axes, path)


def _in_8_bits(path: Path) -> str:
    """Round the matrices in the graph at `path`, each of their columns by its own scale; returns the new sha256.

    Convolutions stay: in 8 bits onnxruntime computes them slower.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with complete_or_not_at_all(path) as partial:
        logging.disable(logging.WARNING)  # it recommends a preparation that changes nothing here
        try:
            quantize_dynamic(
                path, partial, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8
            )
        finally:
            logging.disable(logging.NOTSET)
        return hashlib.sha256(partial.read_bytes()).hexdigest()


def _write(module: nn.Module, given: Mapping[str, Tensor], made: Sequence[str], axes: Axes, path: Path) -> str:
    """Returns the file's sha256."""
    with complete_or_not_at_all(path) as partial:
        try:
            # The exporter warns of its age, and of lengths that tracing keeps as they are: all of those are constants.
            with warnings.catch_warnings(action="ignore"), torch.no_grad():
                torch.onnx.export(
                    module.eval(),
                    tuple(given.values()),
                    str(partial),
                    input_names=list(given),
                    output_names=list(made),
                    dynamic_axes=axes,
                    opset_version=OPSET,
                    dynamo=False,
                )
        except (torch.onnx.OnnxExporterError, RuntimeError) as error:
            raise NoOnnxError(f"this face cannot be prepared for onnxruntime ({error}); --runtime torch") from error
        return hashlib.sha256(partial.read_bytes()).hexdigest()
