"""Recordings in folders and datasets: which there are, under which licence, and their sound."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model.audio import duration_s, read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.datasets.clip_files import read_arrays
from training.datasets.dataset import Dataset

SUFFIXES: Final = frozenset({".flac", ".wav", ".ogg", ".mp3"})


@dataclass(frozen=True)
class Recordings:
    """Recordings under one licence."""

    name: str
    licence: str
    files: tuple[Path, ...]


def licensed(option: str, given: str) -> tuple[Path, str]:
    """Folder and licence from FOLDER=LICENCE. Raises FacewireError for anything else."""
    folder, _, licence = given.rpartition("=")
    if not folder or not licence:
        raise FacewireError(f"{option} {given}: expected FOLDER=LICENCE, such as recordings=CC0")
    return Path(folder), licence


def recordings_of(folder: Path, licence: str) -> Recordings:
    """All recordings under a folder. Raises FacewireError if there are none."""
    files = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))
    if not files:
        raise FacewireError(f"nothing to train on under {folder}: expected {', '.join(sorted(SUFFIXES))} files")
    return Recordings(folder.name, licence, files)


def speech_of_dataset(dataset: Dataset) -> list[Recordings]:
    """The sound of a dataset's training split, grouped by licence. Raises FacewireError if there is none."""
    rows = dataset.rows("train")
    if not rows:
        raise FacewireError(f"{dataset.folder}: none of its recordings is in the train split")
    return [
        Recordings(
            dataset.manifest.name, licence, tuple(dataset.folder / row.file for row in rows if row.licence == licence)
        )
        for licence in sorted({row.licence for row in rows})
    ]


def sound_of(path: Path) -> Samples:
    """The sound (n,) at 16 kHz of a sound file or of a dataset's recording. Raises FacewireError."""
    if path.suffix == ".safetensors":
        return read_arrays(path)["sound"].astype(np.float32) / np.float32(32768)
    return read_audio(path)


def piece_of(path: Path, samples: int, rng: np.random.Generator) -> Samples:
    """So many samples (n,) at 16 kHz from a random place of a recording; all of it if it is shorter.

    Of a sound file, no more than that is decoded. Raises FacewireError.
    """
    if path.suffix == ".safetensors":
        sound = sound_of(path)
        begin = int(rng.integers(max(1, len(sound) - samples)))
        return sound[begin : begin + samples]
    seconds = samples / SAMPLE_RATE_HZ
    begin_s = float(rng.uniform()) * max(0.0, duration_s(path) - seconds)
    return read_audio(path, begin_s, seconds)


def files_by_speaker(folder: Path) -> dict[str, list[Path]]:
    """Sound files by speaker: each subfolder is one. Raises FacewireError for fewer than two."""
    people = {
        each.name: sorted(path for path in each.rglob("*") if path.suffix.lower() in SUFFIXES)
        for each in sorted(folder.iterdir() if folder.is_dir() else ())
        if each.is_dir()
    }
    people = {name: files for name, files in people.items() if files}
    if len(people) < 2:
        raise FacewireError(f"{folder}: expected a folder for each speaker, with {', '.join(sorted(SUFFIXES))} in it")
    return people
