"""Reads takes of the Live Link Face app: a csv with timecodes beside a `.mov` or a sound file of the same name.

The app's neutral face is not the person's. So every take is calibrated: its own rest becomes 0, and 1 stays 1. Rest is
the median face while nobody speaks; a take needs a second or two of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes, takes
from protocols.errors import FacewireError
from training.datasets.clips import Curves, resting_face
from training.datasets.dataset import Done, Found, Skipped
from training.prepare.sources import beside, broken, files

_VIDEO: Final = (".mov", ".mp4")
_SOUND: Final = (".wav", ".flac", *_VIDEO)
_HEADER: Final = b"timecode,blendshapecount"


def listed(folder: Path) -> list[Path]:
    """The takes under a folder: csv files of the app, or beside a sound. Raises FacewireError if there are none."""
    found = [path for path in files(folder, ".csv") if _is_take(path)]
    if not found:
        raise FacewireError(
            f"{folder}: none of its csv files is a take of Live Link Face, whose first columns are Timecode and "
            "BlendShapeCount"
        )
    return found


def recordings(
    folder: Path, paths: Sequence[Path], speaker: str, licence: str, done: Done
) -> Iterator[Found | Skipped]:
    """The recordings in the files, one by one; those that are `done` are passed over."""
    for path in paths:
        try:
            sound = beside(path, _SOUND)
            if not done(path, sound):
                name = path.relative_to(folder).with_suffix("").as_posix()
                yield read(path, sound, name, speaker, licence)
        except FacewireError as error:
            yield broken(path, error)


def read(path: Path, sound: Path | None, name: str, speaker: str, licence: str) -> Found:
    """A take, calibrated; its sound is a file, by default the one beside it. Raises FacewireError."""
    return calibrated(_read(path, sound or beside(path, _SOUND), name, speaker, licence))


def calibrated(take: Found) -> Found:
    """The take with its rest moved to 0 and stretched so that 1 stays 1."""
    rest = np.clip(resting_face([take.clip()]), 0, 0.99)
    return replace(take, curves=np.asarray(np.clip((take.curves - rest) / (1 - rest), 0, 1), np.float32))


def _is_take(path: Path) -> bool:
    if _header(path).startswith(_HEADER):
        return True
    try:
        beside(path, _SOUND)
    except FacewireError:
        return False  # the app writes other tables, too
    return True


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(10_000).removeprefix(b"\xef\xbb\xbf").lower()


def _read(path: Path, sound: Path, name: str, speaker: str, licence: str) -> Found:
    take = takes.read(path)
    return Found(
        recording=name,
        speaker=speaker,
        licence=licence,
        source=path,
        samples=_sound_of_video(sound) if sound.suffix.lower() in _VIDEO else read_audio(sound),
        curves=take.weights,
        seen=np.ones(len(take.weights), bool),
        fps=float(take.fps),
        confidence=_captured(path),
        beside=(sound,),
    )


def _captured(path: Path) -> Curves:
    """(52,): 0 for tongueOut where the csv has no column for it, as old versions of the app write it."""
    there = b"tongueout" in _header(path)
    return np.array([there or name != "tongueOut" for name in blendshapes.NAMES], np.float32)


def _sound_of_video(path: Path) -> Samples:
    """Its sound from the first picture on, which is the csv's first row."""
    from training.prepare.decode import sound

    samples, begin_s = sound(path)
    late = round(begin_s * SAMPLE_RATE_HZ)
    return np.pad(samples, (late, 0)) if late > 0 else samples[-late:]
