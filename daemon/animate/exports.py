"""Checkpoints prepared for onnxruntime, kept in the user's cache: at their first use, or by `facewire export-onnx`."""

import hashlib
import logging
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from daemon.sound.files import DEMO
from model import checkpoint
from model.audio import read_audio
from model.onnx_runtime import FORMAT, NoOnnxError, OnnxRuntime, require_onnxruntime
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError

SPEECH_S: Final = 3
"""Of the demo voice, to judge 8 bits by."""

log = logging.getLogger(__name__)


def open_export(path: Path | None, encoder: str | None, *, int8: bool = False) -> OnnxRuntime:
    """The face of a checkpoint (None: the one that ships) by onnxruntime, from the cache where it has been there.

    Raises NoOnnxError where it is impossible, FacewireError for what is wrong with the checkpoint.
    """
    require_onnxruntime()
    folder = cache_folder(path, encoder, int8=int8)
    try:
        return OnnxRuntime(folder)
    except FacewireError:  # not there yet, or broken
        log.info("preparing the face for onnxruntime, in %s; the next start finds it there", folder)
        return export(path, encoder, folder, int8=int8)[0]


def export(path: Path | None, encoder: str | None, folder: Path, *, int8: bool) -> tuple[OnnxRuntime, float]:
    """Prepare a checkpoint in any folder, by torch; returns how far its face is from torch's, too.

    Raises as `open_export` does.
    """
    from model import onnx_export

    model = checkpoint.load(path, encoder=encoder)
    speech = read_audio(DEMO)[: SPEECH_S * SAMPLE_RATE_HZ] if int8 else None
    try:
        return onnx_export.export(model, folder, int8=speech)
    except OSError as error:
        raise NoOnnxError(f"{folder}: cannot be written: {error.strerror or error}") from error


def cache_folder(path: Path | None, encoder: str | None, *, int8: bool = False) -> Path:
    """Where the export of a checkpoint is kept. Raises FacewireError where there is no whole checkpoint.

    The checkpoint names its encoder's weights by their hash, so its own hash stands for them as well. The encoder's
    place belongs to the key because what lies there may be another, which only loading it can tell.
    """
    file = path or checkpoint.DEFAULT
    checkpoint.header(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(repr((FORMAT, encoder, int8)).encode())
    return user_cache_path("facewire", appauthor=False) / f"onnx-{digest.hexdigest()[:16]}"
