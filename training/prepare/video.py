"""Reads videos of one person who speaks: curves are solved from the landmarks of their face.

First the landmarks of all videos are found, which takes minutes; they are kept beside the dataset, so that an
interrupted run continues. From these follows the person's resting face; then every video is solved.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import Progress

from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets import alignments
from training.datasets.clip_files import digest
from training.datasets.dataset import Done, Found, Skipped
from training.prepare.decode import VideoError, frame_count, library, sound
from training.prepare.face_model import FaceModel
from training.prepare.landmarks import landmarks, steady
from training.prepare.npz_folder import onsets
from training.prepare.solve import CONFIDENCE, Take, person, solve
from training.prepare.sources import broken

SUFFIXES: Final = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")
_FEWEST_FACES: Final = 10
"""With fewer frames that show a face, it is not a video of a person."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """A video in which a face was found."""

    source: Path
    take: Take


def listed(paths: Sequence[Path]) -> list[Path]:
    """The videos among files and in folders, in order. Raises FacewireError if there are none."""
    found = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise FacewireError(f"{path}: no videos in this folder or below ({', '.join(SUFFIXES)})")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise FacewireError(f"{path}: no such file or folder")
    return list(dict.fromkeys(found))


def track(
    videos: Sequence[Path], task: Path, folder: Path, aspect: float | None, bar: Progress
) -> list[Tracked | Skipped]:
    """Find the face in every frame of videos; `folder` keeps the landmarks.

    task: MediaPipe's Face Landmarker bundle. Raises FacewireError if MediaPipe or PyAV is missing.
    """
    library()
    found: list[Tracked | Skipped] = []
    for number, video in enumerate(videos, 1):
        line = bar.add_task(f"{video.name} ({number} of {len(videos)})", total=None)
        try:
            bar.update(line, total=frame_count(video) or None)
            found.append(_tracked(video, task, folder, aspect, partial(bar.advance, line)))
        except VideoError as error:
            found.append(broken(video, error))
        bar.remove_task(line)
    return found


def recordings(
    tracked: Sequence[Tracked | Skipped], model: FaceModel, speaker: str, licence: str, done: Done
) -> Iterator[Found | Skipped]:
    """Solve the tracked videos one by one; those that are `done` are passed over."""
    yield from (item for item in tracked if isinstance(item, Skipped))
    faces = [item for item in tracked if isinstance(item, Tracked)]
    if not faces:
        return
    known = person([item.take for item in faces], model)
    for item in faces:
        if done(item.source, *alignments.beside(item.source)):
            continue
        solved = solve(item.take, known, model)
        yield Found(
            recording=item.source.stem,
            speaker=speaker,
            licence=licence,
            source=item.source,
            samples=item.take.samples,
            curves=solved.curves,
            seen=item.take.seen,
            fps=item.take.fps,
            confidence=np.array([CONFIDENCE[name] for name in blendshapes.NAMES], np.float32),
            lip_gap=solved.lip_gap,
            beside=alignments.beside(item.source),
            closures_s=onsets(item.source),
        )


def _tracked(
    video: Path, task: Path, folder: Path, aspect: float | None, step: Callable[[], object]
) -> Tracked | Skipped:
    samples, begin_s = sound(video)
    key = digest(video, task)[:16] + (f"-{aspect:.4f}" if aspect else "")
    found = landmarks(video, task, folder / f"{video.stem}-{key}.safetensors", aspect, step)
    if found.seen.sum() < _FEWEST_FACES:
        return Skipped(video, f"no face in it: found in {found.seen.sum()} of {len(found.seen)} frames", broken=False)
    known, seen, fps = steady(found)
    shifted = _from(samples, float(found.times_s[0]) - begin_s)
    return Tracked(video, Take(known, seen, fps, shifted))


def _from(samples: Samples, seconds: float) -> Samples:
    """Sound that begins later or, padded with silence, earlier."""
    count = round(seconds * SAMPLE_RATE_HZ)
    return samples[count:] if count > 0 else np.pad(samples, (-count, 0))
