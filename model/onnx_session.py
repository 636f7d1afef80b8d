"""Opens sessions of onnxruntime: on one CPU thread, and without its telemetry."""

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from protocols.errors import FacewireError

_GRAPH_BYTES: Final = 16 * 2**20
"""Limit for an unpacked graph. Those of the shipped checkpoint take 0.5 MiB together."""


class NoOnnxError(FacewireError):
    """onnxruntime cannot compute this face on this machine; torch still can."""


def onnxruntime() -> Any:
    """Import the package onnxruntime without its telemetry; nothing else in this program may import it.

    Unless the environment says otherwise before the import, it looks up its vendor's event host and writes a device id
    into the user's cache. Raises NoOnnxError if it is not installed or cannot start.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise NoOnnxError(
            f"onnxruntime cannot start ({error}); pip install onnxruntime, or use --runtime torch"
        ) from error
    return onnxruntime


@dataclass(frozen=True)
class Graph:
    """An onnx graph whose weights are stored elsewhere."""

    weights: tuple[str, ...]
    """Names of the weights that it needs."""
    proto: bytes
    """onnx's ModelProto; its initializers have no values."""

    def packed(self) -> bytes:
        """The graph, compressed: a line of JSON with the names, then the proto."""
        return zlib.compress(json.dumps(self.weights).encode() + b"\n" + self.proto, 9)

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """The graph that was `packed`. Raises ValueError for anything else."""
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(packed, _GRAPH_BYTES)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if not unpacker.eof:
            raise ValueError(f"truncated, or larger than {_GRAPH_BYTES} bytes")
        names, _, proto = content.partition(b"\n")
        return cls(tuple(json.loads(names)), proto)


def open_file(path: Path) -> Any:
    """Open a session of a .onnx file, on one thread."""
    return _session(path, {})


def open_graph(graph: Graph, weights: Mapping[str, NDArray[Any]]) -> Any:
    """Open a session of a graph with the weights that it names, on one thread.

    Raises ValueError if a weight is missing or does not fit.
    """
    missing = [name for name in graph.weights if name not in weights]
    if missing:
        raise ValueError(f"weight {missing[0]} is missing")
    given = {name: np.ascontiguousarray(weights[name], np.float32) for name in graph.weights}
    try:
        return _session(graph.proto, given)
    except Exception as error:  # onnxruntime's errors share no base class; they tell of broken graphs and shapes
        raise ValueError(str(error)) from error


def _session(graph: Path | bytes, weights: Mapping[str, NDArray[np.float32]]) -> Any:
    """Open a session on one thread.

    A hop is too little work to share, and on a busy machine two threads wait for each other.
    """
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if weights:
        values = [runtime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
    return runtime.InferenceSession(
        graph,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # slower when fused: 6 % of hubert-base's time in 8 bits
    )
