"""Reads a folder of `<name>.npz` with curves beside `<name>.flac` or `.wav`; all recordings of one person.

The npz holds `bs` (frames, channels), `names` (channels) in any order, `fps` and, if known, `captured` (channels),
`conf` (channels), `ok` (frames) and `lip_gap` (frames). GRID's word times, `<name>.align`, give the onsets.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from model.audio import read_audio
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets import alignments
from training.datasets.dataset import Done, Found, Skipped
from training.prepare.sources import beside, broken

_SOUND: Final = (".flac", ".wav")
_ERRORS: Final = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error)
"""The exceptions that numpy raises for broken npz files."""


def recordings(paths: Sequence[Path], speaker: str, licence: str, done: Done) -> Iterator[Found | Skipped]:
    """The recordings in the files, one by one; those that are `done` are passed over."""
    for path in paths:
        try:
            if not done(path, *_beside(path, beside(path, _SOUND))):
                yield read(path, speaker, licence)
        except FacewireError as error:
            yield broken(path, error)


def read(path: Path, speaker: str, licence: str, sound: Path | None = None) -> Found:
    """The recording in an `.npz` file; its sound is by default the file beside it.

    Raises FacewireError if it is broken or has no sound.
    """
    sound = sound or beside(path, _SOUND)
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as data:
            names = [str(name) for name in data["names"]]
            curves = blendshapes.remap(data["bs"], names)
            captured = data["captured"] if "captured" in data else np.ones(len(names), bool)
            confidence = data["conf"] if "conf" in data else captured.astype(np.float32)
            seen = np.asarray(data["ok"] if "ok" in data else np.ones(len(curves)), bool)
            lip_gap = np.asarray(data["lip_gap"], np.float32) if "lip_gap" in data else None
            fps = float(data["fps"])
            weight = blendshapes.remap(np.where(captured, confidence, 0)[None], names)[0]
    except _ERRORS as error:
        raise FacewireError(f"{path}: not an npz with bs, names and fps: {error!r}") from None
    frames = len(curves)
    if (
        curves.ndim != 2
        or seen.shape != (frames,)
        or not (lip_gap is None or lip_gap.shape == (frames,))
        or not 0 < fps < 1000
    ):
        raise FacewireError(f"{path}: its arrays do not fit each other, or fps is {fps}")
    return Found(
        recording=path.stem,
        speaker=speaker,
        licence=licence,
        source=path,
        samples=read_audio(sound),
        curves=curves,
        seen=seen,
        fps=fps,
        confidence=weight,
        lip_gap=lip_gap,
        beside=_beside(path, sound),
        closures_s=onsets(path),
    )


def onsets(path: Path) -> tuple[float, ...]:
    """Onsets in seconds of the words that begin with b or p, from the GRID alignment beside a recording."""
    return tuple(word.begin_s for word in alignments.words(path) if word.text[0] in "bp")


def _beside(path: Path, sound: Path) -> tuple[Path, ...]:
    return (sound, *alignments.beside(path))
