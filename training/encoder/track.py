"""Speech and the teachers' features of it, computed once and kept in a folder as memory-mapped arrays."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples, WindowSpec
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.encoder.targets import Features, Teacher, targets
from training.sounds.augment import GAP_FEATURES, Pcm, packed
from training.sounds.recordings import Recordings

_PCM: Final = "track.s16"
_LISTING: Final = "sources.json"


@dataclass(frozen=True)
class Source:
    """Recordings in the track, without their paths."""

    name: str
    licence: str
    minutes: float
    files: list[str]


@dataclass(frozen=True)
class Track:
    """One long recording with the features of each teacher for it."""

    pcm: Pcm
    """(n,) at 16 kHz."""
    targets: dict[str, NDArray[np.float16]]
    """By teacher: (n // 320, dim), each channel standardised."""
    silence: dict[str, Features]
    """By teacher: (dim,), the mean target within the gaps between recordings."""
    sources: list[Source]

    @property
    def features(self) -> int:
        """The number of features in the whole track."""
        return len(self.pcm) // FEATURE_SAMPLES

    def window(self, spec: WindowSpec, start: int) -> tuple[Samples, dict[str, Features]]:
        """The sound (spec.samples,) and the targets (spec.features, dim) from feature `start` on."""
        first = start * FEATURE_SAMPLES
        sound = self.pcm[first : first + spec.samples].astype(np.float32) / np.float32(32768)
        stop = start + spec.features
        return sound, {name: rows[start:stop].astype(np.float32) for name, rows in self.targets.items()}


def prepare(speech: Sequence[Recordings], teachers: Sequence[Teacher], folder: Path, bar: Progress) -> Track:
    """Pack the speech and let the teachers hear it, or reuse what an earlier run left in `folder`.

    Raises FacewireError if the folder was made from other recordings, or if two teachers have the same name;
    StoppedError when asked to stop.
    """
    names = [teacher.name for teacher in teachers]
    if len(set(names)) < len(names):
        raise FacewireError(f"two teachers have the same name ({', '.join(names)}); rename a file, or leave one out")
    folder.mkdir(parents=True, exist_ok=True)
    sources = _packed(speech, folder, bar)
    pcm: Pcm = np.memmap(folder / _PCM, np.int16, "r")
    made = {teacher.name: targets(teacher, pcm, folder, bar) for teacher in teachers}
    gaps = np.flatnonzero(_amid_gaps(pcm))
    silence = {name: rows[gaps].mean(0, dtype=np.float64).astype(np.float32) for name, rows in made.items()}
    return Track(pcm, made, silence, sources)


def _packed(speech: Sequence[Recordings], folder: Path, bar: Progress) -> list[Source]:
    """Write the sound of the track, recording by recording, then its contents."""
    listing = folder / _LISTING
    if listing.exists():
        sources = [Source(**item) for item in json.loads(listing.read_text(encoding="utf-8"))["sources"]]
        wanted = [(s.name, s.licence, [path.name for path in s.files]) for s in speech]
        if wanted != [(s.name, s.licence, s.files) for s in sources]:
            raise FacewireError(f"{folder} holds a track of other recordings; choose an empty folder, or delete it")
        return sources
    sources = []
    task = bar.add_task("packing recordings", total=sum(len(s.files) for s in speech))
    with complete_or_not_at_all(folder / _PCM) as partial, partial.open("wb") as file:
        for s in speech:
            heard = 0
            for piece in packed(s.files):
                file.write(piece.data)
                heard += len(piece) - GAP_FEATURES * FEATURE_SAMPLES
                bar.advance(task)
            minutes = round(heard / SAMPLE_RATE_HZ / 60, 2)
            sources.append(Source(s.name, s.licence, minutes, [path.name for path in s.files]))
    with complete_or_not_at_all(listing) as partial:
        partial.write_text(json.dumps({"sources": [asdict(source) for source in sources]}, indent=1), encoding="utf-8")
    return sources


def _amid_gaps(pcm: Pcm) -> NDArray[np.bool_]:
    """Features, (n // 320,), with digital silence for about 100 ms on both sides."""
    sounding = pcm.reshape(-1, FEATURE_SAMPLES).any(1)
    margin = GAP_FEATURES // 3
    near = np.convolve(sounding, np.ones(2 * margin + 1), "same")
    return np.asarray(near == 0)
