"""Speech and the teachers' features of it, computed once and kept in a folder as memory-mapped arrays."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray
from rich.progress import Progress

from model.windows import FEATURE_SAMPLES, RECEPTIVE_SAMPLES, SAMPLE_RATE_HZ, Samples, WindowSpec
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.encoder.targets import Features, Teacher, targets
from training.phones import spoken
from training.phones.table import INDEX, SILENCE
from training.sounds.augment import GAP_FEATURES, Pcm, packed
from training.sounds.recordings import Recordings

_PCM: Final = "track.s16"
_PHONES: Final = "track.phones"
UNKNOWN: Final = -1
"""A feature of speech whose phones nobody knows."""
_LISTING: Final = "sources.json"


@dataclass(frozen=True)
class Source:
    """Recordings in the track, without their paths."""

    name: str
    licence: str
    minutes: float
    files: list[str]
    phones: str | None = None
    """SHA-256 of the phones beside them, which were packed as well; None: the folder does not tell."""


class Cut(NamedTuple):
    """A window's sound (spec.samples,), the teachers' features (spec.features, dim) and phones (spec.features,)."""

    sound: Samples
    targets: dict[str, Features]
    phones: NDArray[np.int64]


@dataclass(frozen=True)
class Track:
    """One long recording with the features of each teacher for it."""

    pcm: Pcm
    """(n,) at 16 kHz."""
    targets: dict[str, NDArray[np.float16]]
    """By teacher: (n // 320, dim), each channel standardised."""
    phones: NDArray[np.int8]
    """(n // 320,): index of the phone at each feature's centre, or `UNKNOWN`."""
    silence: dict[str, Features]
    """By teacher: (dim,), the mean target within the gaps between recordings."""
    sources: list[Source]

    @property
    def features(self) -> int:
        """The number of features in the whole track."""
        return len(self.pcm) // FEATURE_SAMPLES

    @property
    def spoken(self) -> bool:
        """Whether the phones of some recordings are known."""
        return bool(((self.phones != UNKNOWN) & (self.phones != INDEX[SILENCE])).any())

    def window(self, spec: WindowSpec, start: int, longer: float = 1.0) -> Cut:
        """The window that begins with feature `start`, from a vocal tract and at a pace that is `longer` times as long.

        The teachers' features are those of the speaker's own voice, interpolated: they do not depend on the voice.
        """
        first = start * FEATURE_SAMPLES
        heard = self.pcm[first : first + int(spec.samples / longer) + FEATURE_SAMPLES].astype(np.float32)
        if longer != 1:
            heard = soxr.resample(heard, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * longer)
        sound = np.zeros(spec.samples, np.float32)
        sound[: len(heard)] = heard[: spec.samples] / np.float32(32768)
        centre = RECEPTIVE_SAMPLES / 2
        at = ((np.arange(spec.features) * FEATURE_SAMPLES + centre) / longer - centre) / FEATURE_SAMPLES
        before = start + np.floor(at).astype(np.int64).clip(0)
        share = (start + at - before).astype(np.float32)[:, None]
        targets = {name: rows[before] * (1 - share) + rows[before + 1] * share for name, rows in self.targets.items()}
        return Cut(sound, targets, self.phones[np.rint(start + at).astype(np.int64).clip(start)].astype(np.int64))


def prepare(speech: Sequence[Recordings], teachers: Sequence[Teacher], folder: Path, bar: Progress) -> Track:
    """Pack the speech and let the teachers hear it, or reuse what an earlier run left in `folder`.

    Raises FacewireError if the folder was made from other recordings or phones, or if two teachers have the same name;
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
    phones: NDArray[np.int8] = np.fromfile(folder / _PHONES, np.int8)
    return Track(pcm, made, phones, silence, sources)


def _packed(speech: Sequence[Recordings], folder: Path, bar: Progress) -> list[Source]:
    """Write the sound of the track, recording by recording, then its contents."""
    listing = folder / _LISTING
    if listing.exists():
        sources = [Source(**item) for item in json.loads(listing.read_text(encoding="utf-8"))["sources"]]
        wanted = [(s.name, s.licence, [path.name for path in s.files]) for s in speech]
        if wanted != [(s.name, s.licence, s.files) for s in sources]:
            raise FacewireError(f"{folder} holds a track of other recordings; choose an empty folder, or delete it")
        if not _same_phones(speech, sources, folder):
            raise FacewireError(
                f"{folder} holds an incomplete track, or one with other phones; choose an empty folder, or delete it"
            )
        return sources
    sources = []
    task = bar.add_task("packing recordings", total=sum(len(s.files) for s in speech))
    said: list[NDArray[np.int8]] = []
    with complete_or_not_at_all(folder / _PCM) as partial, partial.open("wb") as file:
        for s in speech:
            heard = 0
            for path, piece in zip(s.files, packed(s.files), strict=True):
                file.write(piece.data)
                said.append(_phones(path, len(piece) // FEATURE_SAMPLES))
                heard += len(piece) - GAP_FEATURES * FEATURE_SAMPLES
                bar.advance(task)
            minutes = round(heard / SAMPLE_RATE_HZ / 60, 2)
            sources.append(Source(s.name, s.licence, minutes, [path.name for path in s.files], _phones_sha256(s)))
    with complete_or_not_at_all(folder / _PHONES) as partial:
        np.concatenate(said).tofile(partial)
    with complete_or_not_at_all(listing) as partial:
        partial.write_text(json.dumps({"sources": [asdict(source) for source in sources]}, indent=1), encoding="utf-8")
    return sources


def _same_phones(speech: Sequence[Recordings], sources: Sequence[Source], folder: Path) -> bool:
    """Whether the track has the phones that now lie beside its recordings; of an old folder, whether it has any."""
    pcm, phones = folder / _PCM, folder / _PHONES
    if not pcm.exists() or not phones.exists():
        return False
    if phones.stat().st_size != pcm.stat().st_size // 2 // FEATURE_SAMPLES:
        return False
    return all(source.phones in (None, _phones_sha256(s)) for s, source in zip(speech, sources, strict=True))


def _phones_sha256(speech: Recordings) -> str:
    """Hash of the phones beside some recordings, and of which have none."""
    found = hashlib.sha256()
    for path in speech.files:
        beside = path.with_suffix(spoken.SUFFIX)
        found.update(hashlib.sha256(beside.read_bytes()).digest() if spoken.beside(path) else bytes(32))
    return found.hexdigest()


def _phones(recording: Path, features: int) -> NDArray[np.int8]:
    """The phones of a recording (features,): known if they lie beside it. The gap after it is silence."""
    if spoken.beside(recording):
        centres = np.arange(features) * FEATURE_SAMPLES + RECEPTIVE_SAMPLES // 2
        return spoken.read(recording).at(centres).astype(np.int8)
    found = np.full(features, UNKNOWN, np.int8)
    found[-GAP_FEATURES + 1 :] = INDEX[SILENCE]
    return found


def _amid_gaps(pcm: Pcm) -> NDArray[np.bool_]:
    """Features, (n // 320,), with digital silence for about 100 ms on both sides."""
    sounding = pcm.reshape(-1, FEATURE_SAMPLES).any(1)
    margin = GAP_FEATURES // 3
    near = np.convolve(sounding, np.ones(2 * margin + 1), "same")
    return np.asarray(near == 0)
