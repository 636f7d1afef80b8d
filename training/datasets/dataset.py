"""The one format in which training reads recordings: a folder made by `facewire-train prepare`.

- `manifest.json`: the command that made it, and a row for every recording (`Recording`);
- `clips/<n>.safetensors`: `sound` int16 (n,) at 16 kHz, `curves` float32 (frames, 52) in the order of
  `blendshapes.NAMES` at the recording's own rate, `seen` bool (frames,), and `lip_gap` float32 (frames,) if it was
  measured. The file's metadata repeat the recording's row, so that an interrupted run can be continued;
- `report.txt`: what was used and what was left out, for people.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from model.windows import Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets.clip_files import digest, pcm_of, read_arrays
from training.datasets.clips import Clip, Curves
from training.datasets.manifest import FORMAT, MANIFEST, Manifest, Recording
from training.datasets.splits import Split, split_of

Done = Callable[..., bool]
"""`done(source, *beside)`: whether the recording made from these files is already in the dataset.

An importer is a generator of `Found | Skipped`, one for each recording; it passes over those that are done.
"""


@dataclass(frozen=True, eq=False)
class Found:
    """A recording as an importer read it."""

    recording: str
    """Its name, unique in the dataset: splits depend on it."""
    speaker: str
    licence: str
    source: Path
    """The file of its curves, or the video."""
    samples: Samples
    """(n,) float32 at 16 kHz."""
    curves: Curves
    """(frames, 52) in the order of `blendshapes.NAMES`; frame i is at i / fps seconds of the sound."""
    seen: NDArray[np.bool_]
    """(frames,): whether a face was found."""
    fps: float
    confidence: Curves
    """(52,): 1 well observed, 0 not captured."""
    emotion: str | None = None
    lip_gap: Curves | None = None
    """(frames,): the distance between the lips measured in the picture, if it was."""
    beside: tuple[Path, ...] = ()
    """Other files it was read from, such as its sound."""
    closures_s: tuple[float, ...] = ()
    """Onsets of words that begin with p, b or m, if the words' times are known."""

    def clip(self, offset_ms: float = 0.0) -> Clip:
        """The recording as training would read it."""
        return Clip(
            self.recording, self.speaker, pcm_of(self.samples), self.curves, self.seen, self.fps, self.confidence,
            offset_ms / 1000, self.closures_s,
        )  # fmt: skip


@dataclass(frozen=True)
class Skipped:
    """A recording that an importer left out."""

    source: Path
    reason: str
    broken: bool
    """Whether something is wrong with it; otherwise it was merely not wanted."""


@dataclass(frozen=True)
class Dataset:
    """A dataset's folder and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everyone who speaks in it."""
        return tuple(dict.fromkeys(row.speaker for row in self.manifest.recordings))

    def rows(self, split: Split | Literal["all"]) -> list[Recording]:
        """The recordings of one split, or of all."""
        return [row for row in self.manifest.recordings if split in ("all", split_of(row.recording))]

    def clips(self, split: Split | Literal["all"]) -> list[Clip]:
        """The recordings of one split, or all, memory-mapped. Raises FacewireError if there are none."""
        rows = self.rows(split)
        if not rows:
            raise FacewireError(
                f"{self.folder}: none of its {len(self.manifest.recordings)} recordings is in the {split} split, which "
                "goes by their names; try another --split, all for a set that was not trained on, or add recordings"
            )
        return [read_clip(self.folder, row) for row in rows]


def read(folder: Path) -> Dataset:
    """The dataset in a folder. Raises FacewireError if there is none."""
    path = folder / MANIFEST
    try:
        return Dataset(folder, Manifest.model_validate_json(path.read_bytes()))
    except OSError:
        raise FacewireError(
            f"{folder}: no {MANIFEST} there; make a dataset of your recordings with `facewire-train prepare`, and if "
            "it was interrupted call it again"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FacewireError(f"{path}: not a manifest of format {FORMAT}: {where}: {first['msg']}") from None


def people(folders: Iterable[Path], split: Split | Literal["all"]) -> list[list[Clip]]:
    """The clips of datasets, grouped by dataset and speaker. Raises FacewireError for a dataset without any."""
    groups: list[list[Clip]] = []
    for folder in folders:
        by_speaker: dict[str, list[Clip]] = {}
        for clip in read(folder).clips(split):
            by_speaker.setdefault(clip.identity, []).append(clip)
        groups.extend(by_speaker.values())
    return groups


def told(folders: Iterable[Path], split: Split | Literal["all"]) -> dict[str, dict[str, Any]]:
    """What a checkpoint's header records of its data, by speaker and dataset: names, never paths."""
    speakers: dict[str, dict[str, Any]] = {}
    for folder in folders:
        found = read(folder)
        for row in found.rows(split):
            amount = speakers.setdefault(row.speaker, {}).setdefault(
                found.manifest.name,
                {
                    "made_by": found.manifest.made_by,
                    "manifest_sha256": digest(folder / MANIFEST),
                    "licence": row.licence,
                    "lag_ms": row.offset_ms,
                    "clips": 0,
                    "minutes": 0.0,
                },
            )
            amount["clips"] += 1
            amount["minutes"] = round(amount["minutes"] + row.seconds / 60, 3)
    return speakers


def read_clip(folder: Path, row: Recording) -> Clip:
    """A recording, memory-mapped. Raises FacewireError if its file is missing or does not match the manifest."""
    arrays = read_arrays(folder / row.file)
    curves, seen = arrays["curves"], arrays["seen"]
    if curves.shape != (row.frames, blendshapes.COUNT) or seen.shape != (row.frames,):
        raise FacewireError(f"{folder / row.file}: not what {MANIFEST} says it is; delete it and prepare again")
    return Clip(
        row.recording, row.speaker, arrays["sound"], curves, seen, row.fps, row.weights(),
        row.offset_ms / 1000, tuple(row.closures_s),
    )  # fmt: skip
