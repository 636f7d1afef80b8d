"""Opens the face model for every command of the live program, with the runtime from the settings."""

import logging
from pathlib import Path
from typing import Any, Final, NamedTuple

from daemon.animate.exports import open_onnx
from daemon.animate.identities import Identities, known
from daemon.settings.config import DaemonConfig, RuntimeChoice
from model import checkpoint, stream
from model.extras import need
from model.library import Library
from model.onnx_session import NoOnnxError
from model.performance.settings import Settings
from model.runtime import Runtime
from model.stream_state import StreamState

USUAL_LIVELINESS: Final = 0.75
"""The setting at which what is random about a performance is as in people."""

log = logging.getLogger(__name__)


def open_face(path: Path | None, encoder: str | None, runtime: RuntimeChoice = RuntimeChoice.AUTO) -> Runtime:
    """Open the model of a checkpoint (None: the one that ships), computing on one thread.

    A hop is too little work to share, and on a busy machine two threads spend their time waiting for each other. Raises
    FacewireError, which says what is wrong and what to try.
    """
    if runtime != RuntimeChoice.TORCH:
        try:
            return open_onnx(path, encoder, int8=runtime == RuntimeChoice.ONNX_INT8)
        except NoOnnxError as error:
            if runtime != RuntimeChoice.AUTO:
                raise
            log.warning("the face is computed by torch, which is slower: %s", error)
    need("torch", "torch", "transformers", what="--runtime torch")
    import torch

    from model.torch_runtime import TorchRuntime

    torch.set_num_threads(1)
    return TorchRuntime(checkpoint.load(path, encoder=encoder))


def begin(runtime: Runtime, config: DaemonConfig, library: Library | None = None) -> StreamState:
    """A new session with these settings and these identities (None: the checkpoint's).

    Raises FacewireError if the settings ask for something that the checkpoint or the library lacks.
    """
    return stream.start(runtime, seeds=[config.seed], library=library, **_settings(config))


def turn(runtime: Runtime, state: StreamState, config: DaemonConfig, library: Library | None = None) -> StreamState:
    """The session with changed settings; an identity that has just been removed becomes `unknown`.

    Raises FacewireError if the settings ask for something that the checkpoint lacks.
    """
    library = library or runtime.library
    identity = config.identity if known(config.identity, library) else None
    return stream.turn(runtime, state, library=library, **_settings(config) | {"identities": [identity]})


class Session(NamedTuple):
    """An open face, with everything that animating sound needs."""

    runtime: Runtime
    identities: Identities
    """The checkpoint's own, and those in the folder."""
    state: StreamState
    """The state of a new stream."""


def open_session(config: DaemonConfig) -> Session:
    """Open the face and the identities, and start a session with these settings.

    Raises FacewireError if the checkpoint cannot be used, or lacks something that the settings ask for.
    """
    runtime = open_face(config.checkpoint, config.encoder, config.runtime)
    identities = Identities(runtime, config.identities)
    return Session(runtime, identities, begin(runtime, config, identities.library))


def _settings(config: DaemonConfig) -> dict[str, Any]:
    """The settings that apply to a stream."""
    return {
        "identities": [config.identity],
        "lookahead_ms": config.lookahead_ms,
        "hop_ms": config.hop_ms,
        "liveliness": config.liveliness,
        "strength": config.style,
        "articulation": config.articulation,
        "performances": [performed(config)],
    }


def performed(config: DaemonConfig) -> Settings:
    """What a session performs under these settings."""
    asked = config.performance.model_dump()
    look_at = asked.pop("look_yaw"), asked.pop("look_pitch")
    return Settings(**asked, look_at=look_at, liveliness=config.liveliness / USUAL_LIVELINESS)
