"""Recordings of Festival's unit-selection voices: real speech, labelled by hand and machine.

Such a voice is a folder with `wav/NAME.wav` and `lab/NAME.lab`, whose lines are the end of a phone in seconds, a number
and the phone. msu_ru_nsh (Nickolay V. Shmyrev 2005, a BSD-like licence; Debian's package `festvox-ru`) has 100 minutes
of read Russian.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from training.phones import spoken
from training.phones.spoken import Spoken, Timed, shared

_PAUSES: Final = frozenset({"pau", "#"})
_RUSSIAN: Final[dict[str, str]] = {
    **{hard * times: hard for hard in "ptkbdgfvszmnl" for times in (1, 2)},
    "a": "V", "aa": "a", "ay": "@", "ae": "I", "oo": "O", "e": "E", "ee": "E", "i": "i", "ii": "i", "u": "u",
    "uu": "u", "ur": "U", "y": "I", "yy": "I", "j": "j", "c": "t s", "ch": "t sh", "sch": "sh", "sh": "sh",
    "zh": "zh", "h": "h", "hh": "h", "r": "d", "rr": "d",
}  # fmt: skip
"""msu_ru_nsh's phones: a doubled consonant is a soft one, a doubled vowel a stressed one."""
LANGUAGES: Final = {"ru": _RUSSIAN}


def convert(voice: Path, language: str, out: Path) -> Iterator[Path]:
    """Write each recording of a voice, as `NAME.flac` beside `NAME.phones`. Raises FacewireError for a broken one."""
    known, labels = LANGUAGES.get(language), sorted((voice / "lab").glob("*.lab"))
    if known is None or not labels:
        what = f"no labels in {voice / 'lab'}" if known else f"language {language}: expected {', '.join(LANGUAGES)}"
        raise FacewireError(f"{what}; name a folder of Festival's such as msu_ru_nsh_clunits")
    out.mkdir(parents=True, exist_ok=True)
    for label in labels:
        sound = read_audio(voice / "wav" / f"{label.stem}.wav")
        phones = timed(label, known, len(sound))
        recording = out / f"{label.stem}.flac"
        spoken.record(recording, sound, Spoken(voice.name, language, "", phones))
        yield recording


def timed(label: Path, known: dict[str, str], samples: int) -> tuple[Timed, ...]:
    """The phones of a recording of so many samples. Raises FacewireError for another file."""
    made: list[Timed] = []
    begin = 0
    for line in label.read_text(encoding="latin-1").splitlines():
        parts = line.split()
        if len(parts) != 3:
            continue  # the head of the file
        try:
            end = max(begin, min(round(float(parts[0]) * SAMPLE_RATE_HZ), samples))
            phones = [] if parts[2] in _PAUSES else known[parts[2]].split()
        except (ValueError, KeyError, OverflowError) as error:
            raise FacewireError(f"{label}: {line!r} is not a phone of this language: {error!r}") from None
        made += shared(phones, begin, end)
        begin = end
    return tuple(made)
