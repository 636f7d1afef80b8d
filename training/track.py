"""Speech and what the teachers make of it, computed once and kept in a folder as memory-mapped arrays."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.windows import FEATURE_SAMPLES, Samples, WindowSpec
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.sounds import GAP_FEATURES, Pcm, Speech, pack
from training.teachers import Features, Teacher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Track:
    """One long recording with the features of each teacher for it."""

    pcm: Pcm
    """(n,) at 16 kHz."""
    targets: dict[str, NDArray[np.float16]]
    """By teacher: (n // 320, dim), each channel standardised."""
    silence: dict[str, Features]
    """By teacher: (dim,), the mean target amid the gaps between recordings."""

    @property
    def features(self) -> int:
        """Features that the whole track has."""
        return len(self.pcm) // FEATURE_SAMPLES

    def window(self, spec: WindowSpec, start: int) -> tuple[Samples, dict[str, Features]]:
        """The sound (spec.samples,) and the targets (spec.features, dim) from feature `start` on."""
        first = start * FEATURE_SAMPLES
        sound = self.pcm[first : first + spec.samples].astype(np.float32) / np.float32(32768)
        stop = start + spec.features
        return sound, {name: rows[start:stop].astype(np.float32) for name, rows in self.targets.items()}


def prepare(speech: Sequence[Speech], teachers: Sequence[Teacher], folder: Path) -> Track:
    """Pack the speech and let the teachers hear it, or take from `folder` what an earlier run left there.

    Raises FacewireError if the folder was made from other recordings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({s.name: [path.name for path in s.files] for s in speech}, indent=1)
    listing = folder / "track.json"
    if listing.exists() and listing.read_text() != content:
        raise FacewireError(f"{folder} holds a track of other recordings; choose an empty folder, or delete it")
    if not listing.exists():
        _save(folder / "pcm.npy", pack([path for s in speech for path in s.files]))
        listing.write_text(content)
    pcm = np.load(folder / "pcm.npy", mmap_mode="r")
    targets = {teacher.name: _targets(teacher, pcm, folder / f"{teacher.name}.npy") for teacher in teachers}
    gaps = _amid_gaps(pcm)
    silence = {name: rows[gaps].astype(np.float32).mean(0) for name, rows in targets.items()}
    return Track(pcm, targets, silence)


def _targets(teacher: Teacher, pcm: Pcm, path: Path) -> NDArray[np.float16]:
    if not path.exists():

        def told(done: int, of: int) -> None:
            if done % 20 == 0 or done == of:
                log.info("teacher %s: chunk %d of %d", teacher.name, done, of)

        rows = teacher.features(pcm.astype(np.float32) / np.float32(32768), told)
        _save(path, ((rows - rows.mean(0)) / (rows.std(0) + 1e-5)).astype(np.float16))
    loaded: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return loaded


def _amid_gaps(pcm: Pcm) -> NDArray[np.bool_]:
    """Features, (n // 320,), with digital silence for about 100 ms on both sides."""
    sounding = pcm.reshape(-1, FEATURE_SAMPLES).any(1)
    margin = GAP_FEATURES // 3
    near = np.convolve(sounding, np.ones(2 * margin + 1), "same")
    return np.asarray(near == 0)


def _save(path: Path, array: NDArray[Any]) -> None:
    """Whole or not at all: a run that is cut short leaves no half file behind."""
    with complete_or_not_at_all(path) as partial, partial.open("wb") as file:
        np.save(file, array)
