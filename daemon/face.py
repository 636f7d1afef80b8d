"""Opens the face model as every command of this program uses it, by the runtime that is set."""

import logging
from pathlib import Path
from typing import Any

from daemon.config import DaemonConfig, RuntimeChoice
from daemon.exports import open_export
from model import checkpoint, stream
from model.onnx_runtime import NoOnnxError
from model.runtime import Runtime
from model.stream import StreamState

log = logging.getLogger(__name__)


def open_face(path: Path | None, encoder: str | None, runtime: RuntimeChoice = RuntimeChoice.AUTO) -> Runtime:
    """The model of a checkpoint (None: the one that ships), computing in one thread.

    A hop is too small to be shared: where other programs run, two threads spend their time waiting for each other.
    Raises FacewireError with what is wrong and what to try.
    """
    if runtime != RuntimeChoice.TORCH:
        try:
            return open_export(path, encoder, int8=runtime == RuntimeChoice.ONNX_INT8)
        except NoOnnxError as error:
            if runtime != RuntimeChoice.AUTO:
                raise
            log.warning("the face is computed by torch, slower, because %s", error)
    import torch

    from model.torch_runtime import TorchRuntime

    torch.set_num_threads(1)
    return TorchRuntime(checkpoint.load(path, encoder=encoder))


def begin(runtime: Runtime, config: DaemonConfig) -> StreamState:
    """A new session under these settings. Raises FacewireError for what the checkpoint lacks."""
    return stream.start(runtime, seeds=[config.seed], **_settings(config))


def turn(runtime: Runtime, state: StreamState, config: DaemonConfig) -> StreamState:
    """The session under changed settings. Raises FacewireError for what the checkpoint lacks."""
    return stream.turn(runtime, state, **_settings(config))


def _settings(config: DaemonConfig) -> dict[str, Any]:
    """The settings that a stream has."""
    return {
        "identities": [config.identity],
        "lookahead_ms": config.lookahead_ms,
        "liveliness": config.liveliness,
    }
