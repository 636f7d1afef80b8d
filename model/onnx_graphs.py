"""The onnx graphs of a face model: as .onnx files with weights, or without weights. Needs torch and `onnx`.

Uses torch's exporter for traced graphs, which needs only the package `onnx` and takes half a second. The newer exporter
also needs onnxscript; switch to it when the version of torch that pyproject.toml pins no longer has this one.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.config import ModelConfig
from model.encoder import empty
from model.extras import need
from model.face import FaceModel
from model.onnx_session import Graph, NoOnnxError, onnxruntime
from protocols.files import complete_or_not_at_all, sha256

OPSET: Final = 17
"""The first opset with layer norm as one operation; every supported onnxruntime knows it."""
BEHIND_CONVOLUTIONS: Final = "/hubert/feature_projection/projection/MatMul"
"""The node that projects the convolutions' features to the transformer's width."""

Axes = Mapping[str, Mapping[int, str]]


class _Encoder(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.encoder = model.encoder

        self.layers = model.config.voice.layers if model.config.voice else ()

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder.encode_layers(windows, self.layers)


class _Denoiser(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, noise: Tensor, audio: Tensor, identity: Tensor, dial: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.model.denoise(noise, audio, identity, dial, hidden)


class _Identities(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self) -> Tensor:
        return self.model.identities.styles()


def graphs(config: ModelConfig) -> dict[str, Graph]:
    """The graphs of any checkpoint with this config, without weights: `encoder`, `denoiser`, `identities`.

    The first two compute the same as those of `write_encoder` and `write_denoiser`. The last one computes the library's
    styles (`model.library.Library`) from weights alone. For embedded encoders only. Raises FacewireError if the package
    onnx is not installed.
    """
    need("torch", "onnx")
    return dict(_graphs(config.model_dump_json()))


@cache
def _graphs(config: str) -> Mapping[str, Graph]:
    made = ModelConfig.model_validate_json(config)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model = FaceModel(made, empty(made.encoder)).eval()
        for weight in model.state_dict().values():
            weight.normal_()  # the exporter would merge equal weights
    writers = {"encoder": _trace_encoder, "denoiser": _trace_denoiser, "identities": _trace_identities}
    found = {}
    for name, write in writers.items():
        with TemporaryDirectory() as folder:
            path = Path(folder) / "graph.onnx"
            write(model, path, folded=False)
            found[name] = _without_weights(path.read_bytes())
    return found


def _without_weights(graph: bytes) -> Graph:
    """Drop the weights from a graph, and name them as a checkpoint does."""
    import onnx

    proto = onnx.load_model_from_string(graph)
    names = {each.name: each.name.removeprefix("model.") for each in proto.graph.initializer}
    for weight in proto.graph.initializer:
        weight.name = names[weight.name]
        weight.ClearField("raw_data")
        weight.data_location = onnx.TensorProto.EXTERNAL
        weight.external_data.add(key="location", value="checkpoint")
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    return Graph(tuple(names.values()), proto.SerializeToString(deterministic=True))


def write_encoder(model: FaceModel, path: Path) -> str:
    """Write the graph from windows (N, samples) to features (N, features, D) and hidden (N, features, layers * D).

    It takes any N and any length. Returns the file's sha256.
    """
    return _file(_trace_encoder, model, path)


def write_denoiser(model: FaceModel, path: Path) -> str:
    """Write the graph of `FaceModel.denoise`, for any number of sessions and frames; returns the file's sha256."""
    return _file(_trace_denoiser, model, path)


def _file(trace: Callable[..., None], model: FaceModel, path: Path) -> str:
    with complete_or_not_at_all(path) as partial:
        trace(model, partial, folded=True)
        return sha256(partial)


def _trace_encoder(model: FaceModel, path: Path, *, folded: bool) -> None:
    windows = torch.zeros(2, model.config.window().samples)
    by_time = {0: "windows", 1: "times"}
    axes = {"windows": {0: "windows", 1: "samples"}, "features": by_time, "hidden": by_time}
    with _flat_convolutions(model.encoder):
        _trace(_Encoder(model), {"windows": windows}, ["features", "hidden"], axes, path, folded=folded)


def _trace_denoiser(model: FaceModel, path: Path, *, folded: bool) -> None:
    config, batch, frames = model.config, 2, 3
    width = config.encoder.width
    given = {
        "noise": torch.zeros(batch, frames, len(config.blendshapes)),
        "audio": torch.zeros(batch, frames, len(config.ahead_ms), width),
        "identity": torch.zeros(batch, frames, width),
        "dial": torch.zeros(batch, dtype=torch.long),
        "hidden": torch.zeros(config.steps, config.layers, batch, config.memory),
    }
    by_frame = {0: "sessions", 1: "frames"}
    axes: Axes = {
        **dict.fromkeys(("noise", "audio", "identity", "face"), by_frame),
        "dial": {0: "sessions"},
        "hidden": {2: "sessions"},
        "next_hidden": {2: "sessions"},
    }
    _trace(_Denoiser(model), given, ["face", "next_hidden"], axes, path, folded=folded)


def _trace_identities(model: FaceModel, path: Path, *, folded: bool) -> None:
    _trace(_Identities(model), {}, ["styles"], {}, path, folded=folded)


def round_to_8_bits(path: Path) -> str:
    """Round the matrices of the encoder's graph at `path` to 8 bits, one scale per column; returns the new sha256.

    Convolutions stay in float, and so does the matrix behind them. Its input has peaks far above the rest, and a single
    scale for a whole window leaves few steps for that rest. Of hubert-base's 73 matrices, this one alone would cause
    more error than all others together; in float it takes no longer.
    """
    onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with complete_or_not_at_all(path) as partial:
        logging.disable(logging.WARNING)  # it recommends a pre-processing step that changes nothing here
        try:
            quantize_dynamic(
                path,
                partial,
                op_types_to_quantize=["MatMul", "Gemm"],
                nodes_to_exclude=[BEHIND_CONVOLUTIONS],
                per_channel=True,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.disable(logging.NOTSET)
        return sha256(partial)


@contextmanager
def _flat_convolutions(network: nn.Module) -> Iterator[None]:
    """Run 1-D convolutions as 2-D ones of height 1: onnxruntime is fast only at the latter.

    Saves 5 % of hubert-base's time.
    """
    convolutions = [each for each in network.modules() if isinstance(each, nn.Conv1d)]
    for each in convolutions:
        each.forward = partial(_flat, each)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for each in convolutions:
            del each.forward


def _flat(conv: nn.Conv1d, sound: Tensor) -> Tensor:
    stride, padding, dilation = ((n, int(of[0])) for n, of in ((1, conv.stride), (0, conv.padding), (1, conv.dilation)))
    image, weight = sound.unsqueeze(2), conv.weight.unsqueeze(2)
    return functional.conv2d(image, weight, conv.bias, stride, padding, dilation, conv.groups).squeeze(2)


def _trace(
    module: nn.Module, given: Mapping[str, Tensor], made: Sequence[str], axes: Axes, path: Path, *, folded: bool
) -> None:
    """Write a module's graph. `folded`: what depends on weights alone is computed now, and weights lose their names."""
    try:
        # The exporter warns that it is deprecated, and that tracing fixes some lengths: all of those are constant.
        with warnings.catch_warnings(action="ignore"), torch.no_grad():
            torch.onnx.export(
                module.eval(),
                tuple(given.values()),
                path,
                input_names=list(given),
                output_names=list(made),
                dynamic_axes=axes,
                opset_version=OPSET,
                do_constant_folding=folded,
                dynamo=False,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        raise NoOnnxError(f"this face cannot be exported for onnxruntime ({error}); use --runtime torch") from error
