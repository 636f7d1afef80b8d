"""Opens faces with onnxruntime: checkpoints that carry their graphs, and exports of all others in the user's cache.

torch makes an export when a checkpoint is first used, or `facewire export-onnx` makes it beforehand. Exports that have
not been used for a while are deleted.
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
"""An export that was not opened for this long is deleted when another one is opened."""
_PREFIX: Final = "onnx-"
SPEECH_S: Final = 3
"""Seconds of the demo voice by which an encoder in 8 bits is judged."""

log = logging.getLogger(__name__)


def open_onnx(path: Path | None, encoder: str | None, *, int8: bool = False) -> OnnxRuntime:
    """Open the face of a checkpoint (None: the one that ships) with onnxruntime.

    A checkpoint that carries its graphs opens at once. Any other, one with another encoder, and one in 8 bits are
    opened from the cache, where torch exports them first if necessary. Raises NoOnnxError if onnxruntime cannot compute
    the face, and FacewireError if the checkpoint cannot be read, or if torch is needed but not installed.
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
        log.info("exporting the face for onnxruntime to %s; the next start will use that export", folder)
        face = export(path, encoder, folder, int8=int8)[0]
    with suppress(OSError):
        os.utime(folder)  # marks it as used
    prune(keep=folder)
    return face


def export(path: Path | None, encoder: str | None, folder: Path, *, int8: bool) -> tuple[OnnxRuntime, float]:
    """Export a checkpoint to any folder, with torch; also returns how far its face differs from torch's.

    Raises the errors of `open_onnx`.
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
    need("torch", "torch", "transformers", "onnx", what=f"exporting {path.name} for onnxruntime")


def cache_folder(path: Path | None, encoder: str | None, *, int8: bool = False) -> Path:
    """Where the export of a checkpoint is kept. Raises FacewireError if the checkpoint is not complete.

    The checkpoint contains the hash of its encoder's weights, so its own hash covers them. The encoder's location is
    part of the key, because another encoder may lie there, and only loading it can tell.
    """
    file = path or checkpoint.DEFAULT
    checkpoint.header(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(repr((FORMAT, encoder, int8)).encode())
    return cache() / f"{_PREFIX}{digest.hexdigest()[:16]}"


def cache() -> Path:
    """The folder of everything that facewire keeps for its own use. Any file missing from it is made again."""
    return user_cache_path("facewire", appauthor=False)


def prune(keep: Path) -> None:
    """Delete all exports except `keep` that were not opened for `UNUSED_DAYS`."""
    oldest_s = time.time() - UNUSED_DAYS * 24 * 60 * 60
    for folder in cache().glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder != keep and folder.stat().st_mtime < oldest_s:
                shutil.rmtree(folder)
                log.info("%s: deleted, because it was not used for %d days", folder, UNUSED_DAYS)
