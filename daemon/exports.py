"""Checkpoints prepared for onnxruntime, kept in the user's cache: at their first use, or by `facewire export-onnx`."""

import hashlib
import logging
from pathlib import Path

from platformdirs import user_cache_path

from model import checkpoint
from model.onnx_runtime import FORMAT, NoOnnxError, OnnxRuntime, require_onnxruntime
from protocols.errors import FacewireError

log = logging.getLogger(__name__)


def open_export(path: Path | None, encoder: str | None) -> OnnxRuntime:
    """The face of a checkpoint (None: the one that ships) by onnxruntime, from the cache where it has been there.

    Raises NoOnnxError where it is impossible, FacewireError for what is wrong with the checkpoint.
    """
    require_onnxruntime()
    folder = cache_folder(path, encoder)
    try:
        return OnnxRuntime(folder)
    except FacewireError:  # not there yet, or broken
        log.info("preparing the face for onnxruntime, in %s; the next start finds it there", folder)
        return export(path, encoder, folder)[0]


def export(path: Path | None, encoder: str | None, folder: Path) -> tuple[OnnxRuntime, float]:
    """Prepare a checkpoint in any folder, by torch; returns how far its face is from torch's, too.

    Raises as `open_export` does.
    """
    from model import onnx_export

    model = checkpoint.load(path, encoder=encoder)
    try:
        return onnx_export.export(model, folder)
    except OSError as error:
        raise NoOnnxError(f"{folder}: cannot be written: {error.strerror or error}") from error


def cache_folder(path: Path | None, encoder: str | None) -> Path:
    """Where the export of a checkpoint is kept. Raises FacewireError where there is no whole checkpoint.

    The checkpoint names its encoder's weights by their hash, so its own hash stands for them as well. The encoder's
    place belongs to the key because what lies there may be another, which only loading it can tell.
    """
    file = path or checkpoint.DEFAULT
    checkpoint.header(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(repr((FORMAT, encoder)).encode())
    return user_cache_path("facewire", appauthor=False) / f"onnx-{digest.hexdigest()[:16]}"
