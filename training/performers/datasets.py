"""One real person's dataset, divided among virtual performers: an ordinary dataset of each."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
from rich.progress import Progress

from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from training.datasets import dataset
from training.datasets.clips import Clip, Curves, beginning, resting_face
from training.datasets.dataset import Dataset, Done, Found, Skipped
from training.datasets.manifest import Recording
from training.datasets.splits import Split
from training.performers.cast import Performer, performed
from training.prepare import importing
from training.sounds.vocoder import voiced_as

TAKE_S: Final = 120
"""Seconds of a performer's training recordings from which they are enrolled."""


def one_person(folder: Path) -> Dataset:
    """The dataset in a folder. Raises FacewireError if it has several people."""
    source = dataset.read(folder)
    if len(source.speakers) != 1:
        raise FacewireError(
            f"{folder}: {len(source.speakers)} people speak in it ({', '.join(source.speakers)}); performers are made "
            "of one: else their habits would mix with the differences between those people"
        )
    return source


def dealt(source: Dataset, count: int, seed: int) -> list[list[Recording]]:
    """The recordings of each performer, of each split the same number: no two say the same.

    Raises FacewireError if there are too few to learn from everyone and judge them.
    """
    hands: list[list[Recording]] = [[] for _ in range(count)]
    for number, split in enumerate(get_args(Split)):
        rows = source.rows(split)
        if split != "validation" and len(rows) < count:
            raise FacewireError(
                f"{source.folder}: {len(rows)} recordings in the {split} split are too few for {count} performers; "
                "make fewer of them with --performers, or use more recordings"
            )
        order = np.random.default_rng([seed, number]).permutation(len(rows))
        for place, index in enumerate(order.tolist()):
            hands[place % count].append(rows[index])
    return hands


def write(source: Dataset, cast: Sequence[Performer], seed: int, out: Path, bar: Progress) -> list[Path]:
    """Make a dataset of each performer, `out` / its name; existing recordings are kept.

    Raises FacewireError for a folder that holds other performers.
    """
    rest = resting_face(source.clips("train"))
    folders = []
    for performer, rows in zip(cast, dealt(source, len(cast), seed), strict=True):
        made_by = f"facewire-train performers {source.manifest.name}: {json.dumps(performer.told())}"
        folders.append(out / performer.name)

        def found(
            done: Done, rows: list[Recording] = rows, performer: Performer = performer
        ) -> Iterator[Found | Skipped]:
            return _recordings(source, rows, performer, rest, done)

        importing.run(found, len(rows), folders[-1], made_by, bar, in_time=True)
    return folders


def _recordings(
    source: Dataset, rows: Sequence[Recording], performer: Performer, rest: Curves, done: Done
) -> Iterator[Found | Skipped]:
    for row in rows:
        path = source.folder / row.file
        if done(path):
            continue
        clip = dataset.read_clip(source.folder, row)
        curves, seen = performed(clip, rest, performer.habits)
        yield Found(
            recording=row.recording,
            speaker=performer.name,
            licence=row.licence,
            source=path,
            samples=voiced_as(clip.samples, performer.pitch, performer.formants),
            curves=curves,
            seen=seen,
            fps=clip.fps,
            confidence=clip.confidence,
            emotion=row.emotion,
            closures_s=clip.closures_s,
        )


def take(clips: Sequence[Clip]) -> Clip:
    """Recordings joined into the take from which somebody is enrolled: whole frames, at most `TAKE_S`."""
    fps = clips[0].fps
    sounds, faces, seen = [], [], []
    for clip in beginning(clips, TAKE_S):
        frames = int(len(clip) * fps / SAMPLE_RATE_HZ)
        curves, there = clip.at(np.arange(frames) / fps)
        sounds.append(clip.pcm[: round(frames * SAMPLE_RATE_HZ / fps)])
        faces.append(curves)
        seen.append(there)
    return Clip(
        "take", clips[0].identity, np.concatenate(sounds), np.concatenate(faces), np.concatenate(seen), fps,
        clips[0].confidence, 0.0,
    )  # fmt: skip
