"""Speech whose phones are known: recordings beside a text file with the time of every phone.

`NAME.flac` (or .wav) beside `NAME.phones`: JSON with `voice`, `language`, `text` and `phones`, a list of
[phone, first sample, end sample] at 16 kHz in order and without gaps or overlaps. Between the phones that are listed,
and before and after them, there is silence.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.phones.table import INDEX, SILENCE

SUFFIX: Final = ".phones"
LONGEST_SAMPLES: Final = 24 * 3600 * SAMPLE_RATE_HZ
"""No recording is longer than a day."""


class Timed(NamedTuple):
    """A phone, and the samples at 16 kHz that it lasts."""

    phone: str
    begin: int
    end: int


def shared(phones: Sequence[str], begin: int, end: int) -> list[Timed]:
    """Phones that last equally long from `begin` to `end`; none of them if there is no time."""
    edges = [begin + (end - begin) * part // max(1, len(phones)) for part in range(len(phones) + 1)]
    each = zip(phones, edges, edges[1:], strict=False)
    return [Timed(phone, first, last) for phone, first, last in each if first < last]


@dataclass(frozen=True)
class Spoken:
    """What is said in a recording, and when."""

    voice: str
    """Who speaks, such as `bf_emma`."""
    language: str
    text: str
    phones: tuple[Timed, ...]

    def at(self, centres: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index (n,) of the phone at each of these samples (n,)."""
        begins = np.array([each.begin for each in self.phones], np.int64)
        ends = np.array([each.end for each in self.phones], np.int64)
        which = np.array([INDEX[each.phone] for each in self.phones], np.int64)
        if not len(which):
            return np.full(len(centres), INDEX[SILENCE])
        last = np.clip(np.searchsorted(begins, centres, "right") - 1, 0, None)
        inside = (centres >= begins[last]) & (centres < ends[last])
        return np.where(inside, which[last], INDEX[SILENCE])

    def at_frames(self, frames: int, fps: float) -> NDArray[np.int64]:
        """Index (frames,) of the phone at each frame's time."""
        return self.at(np.rint(np.arange(frames) * SAMPLE_RATE_HZ / fps).astype(np.int64))


def read(recording: Path) -> Spoken:
    """What is said in a recording. Raises FacewireError if there is no such file beside it, or a broken one."""
    path = recording.with_suffix(SUFFIX)
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        phones = tuple(Timed(str(phone), int(begin), int(end)) for phone, begin, end in given["phones"])
        spoken = Spoken(str(given["voice"]), str(given["language"]), str(given["text"]), phones)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise FacewireError(f"{path}: not the phones of a recording: {error!r}") from None
    unknown = {each.phone for each in phones} - set(INDEX)
    if unknown or any(not 0 <= each.begin < each.end <= LONGEST_SAMPLES for each in phones):
        raise FacewireError(f"{path}: unknown phones {sorted(unknown)}, or one that ends too early or after a day")
    if any(one.end > two.begin for one, two in pairwise(phones)):
        raise FacewireError(f"{path}: its phones overlap, or are not in order")
    return spoken


def beside(recording: Path) -> bool:
    """Whether the phones of a recording are known."""
    return recording.with_suffix(SUFFIX).is_file()


def write(recording: Path, spoken: Spoken) -> None:
    """Write what is said beside a recording."""
    with complete_or_not_at_all(recording.with_suffix(SUFFIX)) as partial:
        partial.write_text(json.dumps(asdict(spoken), ensure_ascii=False) + "\n", encoding="utf-8")


def record(recording: Path, samples: Samples, spoken: Spoken) -> None:
    """Write a recording (n,) at 16 kHz as FLAC, then what is said beside it."""
    with complete_or_not_at_all(recording) as partial:
        soundfile.write(partial, samples, SAMPLE_RATE_HZ, format="FLAC")
    write(recording, spoken)


def recordings(folder: Path) -> list[Path]:
    """The recordings under a folder that have phones, in order. Raises FacewireError if there are none."""
    found = [path for path in sorted(folder.rglob(f"*{SUFFIX}")) if path.is_file()]
    sounds = [each for each in map(_sound_of, found) if each]
    if not sounds:
        raise FacewireError(f"{folder}: no recordings with a {SUFFIX} file beside them; see docs/training.md")
    return sounds


def sound_and_phones(recordings: Sequence[Path]) -> list[tuple[Samples, Spoken]]:
    """The sound (n,) at 16 kHz and what is said, of each recording. Raises FacewireError for one that is broken."""
    return [(read_audio(path), read(path)) for path in recordings]


def _sound_of(phones: Path) -> Path | None:
    return next((path for suffix in (".flac", ".wav", ".ogg") if (path := phones.with_suffix(suffix)).exists()), None)
