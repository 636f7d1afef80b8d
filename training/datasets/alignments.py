"""When words are spoken, by the GRID alignment (`.align`) beside a recording: its times are in 1/25000 s."""

from pathlib import Path
from typing import Final, NamedTuple

from protocols.errors import FacewireError

_UNITS_PER_S: Final = 25_000


class Word(NamedTuple):
    """One word, or `sil`."""

    begin_s: float
    end_s: float
    text: str


def beside(recording: Path) -> tuple[Path, ...]:
    """The alignment of a recording: () without one."""
    align = recording.with_suffix(".align")
    return (align,) if align.exists() else ()


def words(recording: Path) -> list[Word]:
    """The words of a recording: [] without an alignment. Raises FacewireError for any other file."""
    found = []
    for align in beside(recording):
        try:
            for begin, end, text in (line.split() for line in align.read_text(encoding="utf-8").splitlines()):
                found.append(Word(int(begin) / _UNITS_PER_S, int(end) / _UNITS_PER_S, text))
        except ValueError as error:
            raise FacewireError(f"{align}: not a GRID alignment: {error}") from None
    return found
