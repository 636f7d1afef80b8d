"""A teacher's features for hours of speech: computed once, chunk by chunk, and kept as a memory-mapped array.

All teachers' features are on one time grid: feature i is centred at 20 i + 12.5 ms, as HuBERT's are, whatever the
teacher's own frames and delays. Each hears long context: 30 s at a time, of which the middle 20 s are kept.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.interrupt import StoppedError, asked_to_stop
from training.sounds.augment import Pcm

CHUNK_SAMPLES: Final = 30 * SAMPLE_RATE_HZ
CONTEXT_SAMPLES: Final = 5 * SAMPLE_RATE_HZ
"""Heard on both sides of the part of a chunk that is kept."""
KEPT_SAMPLES: Final = CHUNK_SAMPLES - 2 * CONTEXT_SAMPLES
KEPT_FEATURES: Final = KEPT_SAMPLES // FEATURE_SAMPLES
_CONTEXT_FEATURES: Final = CONTEXT_SAMPLES // FEATURE_SAMPLES
_FEWEST_CHUNKS: Final = 8
"""Needed for the mean of each position."""

Features = NDArray[np.float32]


class Teacher(Protocol):
    """A frozen encoder."""

    @property
    def name(self) -> str:
        """Short name for files and heads: without dots and slashes."""

    @property
    def sha256(self) -> str:
        """Of its weights: features of another teacher of the same name are not mistaken for its own."""

    @property
    def delay_samples(self) -> int:
        """How much later its features come than HuBERT's."""

    @property
    def positional(self) -> bool:
        """Whether its features also depend on the position in the chunk: each position's mean is then subtracted."""

    def encode(self, chunk: Samples) -> Features:
        """30 s of sound (480000,) -> its features, (1250 or more, dim)."""


def chunks(samples: int) -> int:
    """The number of chunks of a track; the last one overhangs."""
    return -(-samples // KEPT_SAMPLES)


def chunk(pcm: Pcm, index: int, delay_samples: int = 0) -> Samples:
    """The sound (480000,) of a chunk with its context; zeros outside the track.

    Cut `delay_samples` later, where the features of a late teacher are in time.
    """
    first = index * KEPT_SAMPLES - CONTEXT_SAMPLES + delay_samples
    heard = pcm[max(0, first) : max(0, first + CHUNK_SAMPLES)].astype(np.float32) / np.float32(32768)
    before = max(0, -first)
    return np.pad(heard, (before, CHUNK_SAMPLES - before - len(heard)))


def targets(teacher: Teacher, pcm: Pcm, folder: Path, bar: Progress) -> NDArray[np.float16]:
    """A teacher's features of a track (n,): (n // 320, dim), each dimension standardised, mapped from `folder`.

    Standardised, the targets of all teachers have the same scale. Called again after a kill, it continues with the
    interrupted chunk. Raises FacewireError for features that are not finite or constant, StoppedError when asked to
    stop.
    """
    path = folder / f"{teacher.name}-{teacher.sha256[:8]}.npy"
    parts = path.with_suffix(".chunks")
    if not path.exists():
        _hear(teacher, pcm, parts, bar)
        _standardise(teacher, len(pcm) // FEATURE_SAMPLES, parts, path)
    shutil.rmtree(parts, ignore_errors=True)
    mapped: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return mapped


def _hear(teacher: Teacher, pcm: Pcm, parts: Path, bar: Progress) -> None:
    """Write the teacher's features of each chunk, (1000, dim), to a file of its own."""
    count = chunks(len(pcm))
    if teacher.positional and count < _FEWEST_CHUNKS:
        raise FacewireError(
            f"teacher {teacher.name}: needs at least {_FEWEST_CHUNKS * KEPT_SAMPLES // SAMPLE_RATE_HZ} s of speech to "
            f"know its positions' mean, and got {len(pcm) // SAMPLE_RATE_HZ} s; add recordings"
        )
    parts.mkdir(exist_ok=True)
    task = bar.add_task(f"teacher {teacher.name}: chunks of 20 s", total=count)
    with asked_to_stop() as asked:
        for index in range(count):
            path = _part(parts, index)
            if not path.exists():
                made = teacher.encode(chunk(pcm, index, teacher.delay_samples))
                made = made[_CONTEXT_FEATURES : _CONTEXT_FEATURES + KEPT_FEATURES]
                if len(made) < KEPT_FEATURES or not np.isfinite(made).all():
                    raise FacewireError(
                        f"teacher {teacher.name}: its features {made.shape} of chunk {index} of the track are too "
                        "few, or not finite; expected one every 20 ms; try another teacher"
                    )
                with complete_or_not_at_all(path) as partial:
                    np.save(partial, made.astype(np.float32))
            bar.update(task, completed=index + 1)
            if asked():
                raise StoppedError(
                    f"teacher {teacher.name}: heard {index + 1} of {count} chunks; run the same command to continue"
                )


def _standardise(teacher: Teacher, rows: int, parts: Path, path: Path) -> None:
    """Join the chunks, subtract their mean and divide by their deviation, per dimension: float16 (rows, dim)."""
    dim = np.load(_part(parts, 0)).shape[-1]
    total, heard = np.zeros((KEPT_FEATURES, dim)), np.zeros((KEPT_FEATURES, 1))
    for part in _parts(parts, rows):
        total[: len(part)] += part
        heard[: len(part)] += 1
    if not teacher.positional:
        total, heard = total.sum(0, keepdims=True), heard.sum(0, keepdims=True)
    centre, squares = total / np.maximum(heard, 1), np.zeros(dim)
    for part in _parts(parts, rows):
        squares += np.square(part - centre[: len(part)]).sum(0)
    spread = np.sqrt(squares / rows)
    if not spread.any():
        raise FacewireError(f"teacher {teacher.name}: gives the same features for all sound; try another file or layer")
    spread = np.maximum(spread, 1e-3 * spread.mean())  # a dimension that says nothing is not blown up to noise
    with complete_or_not_at_all(path) as partial:
        joined = np.lib.format.open_memmap(partial, "w+", np.float16, (rows, dim))
        for index, part in enumerate(_parts(parts, rows)):
            joined[index * KEPT_FEATURES :][: len(part)] = (part - centre[: len(part)]) / spread
        joined.flush()
        del joined  # its file is renamed next, which Windows refuses while it is mapped


def _parts(parts: Path, rows: int) -> Iterator[Features]:
    """The features of the chunks in turn, without what overhangs the track."""
    for index in range(-(-rows // KEPT_FEATURES)):
        yield np.load(_part(parts, index))[: rows - index * KEPT_FEATURES]


def _part(parts: Path, index: int) -> Path:
    return parts / f"{index:06}.npy"
