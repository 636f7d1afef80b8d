"""Faces by onnxruntime: checkpoints that carry their graphs, and exports of the others in the user's cache.

torch makes an export at a checkpoint's first use, or by `facewire export-onnx`. One that was not used for a while goes.
"""

import hashlib
import logging
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from daemon.sound.files import DEMO
from model import checkpoint
from model.audio import read_audio
from model.extras import need
from model.onnx_checkpoint import open_checkpoint
from model.onnx_folder import FORMAT, open_folder
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import NoOnnxError, onnxruntime
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError

UNUSED_DAYS: Final = 60
"""An export that was not opened for so long is deleted when another one is opened."""
_PREFIX: Final = "onnx-"
SPEECH_S: Final = 3
"""Of the demo voice, to judge 8 bits by."""

log = logging.getLogger(__name__)


def open_onnx(path: Path | None, encoder: str | None, *, int8: bool = False) -> OnnxRuntime:
    """The face of a checkpoint (None: the one that ships) by onnxruntime.

    A checkpoint that carries its graphs opens at once. Any other, another encoder, and 8 bits are opened from the
    cache, where torch puts them first if need be. Raises NoOnnxError where that cannot be, FacewireError for what is
    wrong with the checkpoint, and where torch is needed but not installed.
    """
    onnxruntime()
    path = path or checkpoint.DEFAULT
    if encoder is None and not int8 and checkpoint.carries_graphs(path):
        return open_checkpoint(path)
    folder = cache_folder(path, encoder, int8=int8)
    try:
        face = open_folder(folder)
    except FacewireError:  # not there yet, or broken
        _need_torch(path)
        log.info("preparing the face for onnxruntime, in %s; the next start finds it there", folder)
        face = export(path, encoder, folder, int8=int8)[0]
    with suppress(OSError):
        os.utime(folder)  # it is in use
    prune(keep=folder)
    return face


def export(path: Path | None, encoder: str | None, folder: Path, *, int8: bool) -> tuple[OnnxRuntime, float]:
    """Prepare a checkpoint in any folder, by torch; returns how far its face is from torch's, too.

    Raises as `open_onnx` does.
    """
    _need_torch(path or checkpoint.DEFAULT)
    from model import onnx_export

    model = checkpoint.load(path, encoder=encoder)
    speech = read_audio(DEMO)[: SPEECH_S * SAMPLE_RATE_HZ] if int8 else None
    try:
        return onnx_export.export(model, folder, int8=speech)
    except OSError as error:
        raise NoOnnxError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _need_torch(path: Path) -> None:
    need("torch", "torch", "transformers", "onnx", what=f"preparing {path.name} for onnxruntime")


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
    return cache() / f"{_PREFIX}{digest.hexdigest()[:16]}"


def cache() -> Path:
    """The folder of all that facewire keeps for its own use; every file in it is made again when it is missing."""
    return user_cache_path("facewire", appauthor=False)


def prune(keep: Path) -> None:
    """Delete exports that were not opened for `UNUSED_DAYS`, but for one."""
    oldest_s = time.time() - UNUSED_DAYS * 24 * 60 * 60
    for folder in cache().glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder != keep and folder.stat().st_mtime < oldest_s:
                shutil.rmtree(folder)
                log.info("%s: deleted, it was not used for %d days", folder, UNUSED_DAYS)
