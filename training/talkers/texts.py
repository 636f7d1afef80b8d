"""Sentences to speak, from plain texts and from files of fortune(6)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protocols.errors import FacewireError

SHORTEST, LONGEST = 51, 329
"""Characters of one utterance: 3 to 25 s."""
_BETWEEN: Final = re.compile(r"^%\s*$", re.MULTILINE)
_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_AUTHOR: Final = re.compile(r"\n\s*(--|—|\[)")
_NOT_SPOKEN: Final = re.compile(r"[|_=*/\\{}<>@#~0-9^]")
_SENTENCE: Final = re.compile(r"(?<=[.!?…।])\s+")


def named(given: str) -> tuple[str, Path]:
    """Language and file from LANG=FILE. Raises FacewireError for anything else."""
    language, _, file = given.partition("=")
    if not language or not file:
        raise FacewireError(f"--texts {given}: expected LANG=FILE, such as en-gb=fortunes")
    return language, Path(file)


def texts_of(path: Path) -> list[str]:
    """What can be spoken of a file: fortunes (between lines with %), or paragraphs; long ones in pieces.

    A text with digits or signs is left out, as nobody knows how its author would say it, and so is its author's name.
    Raises FacewireError for a file that cannot be read or has nothing to speak.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FacewireError(f"{path}: cannot be read: {error.strerror}") from None
    text = _decoded(raw).replace("\r\n", "\n")
    entries = (_BETWEEN if _BETWEEN.search(text) else _PARAGRAPH).split(text)
    found = {piece for entry in entries for piece in _pieces(" ".join(_AUTHOR.split(entry)[0].split()))}
    if not found:
        raise FacewireError(
            f"{path}: nothing to speak: no paragraph, or text between lines with %, of {SHORTEST} characters or more "
            "without digits and signs"
        )
    return sorted(found)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # as old collections of fortunes are


def _pieces(entry: str) -> Iterator[str]:
    """As many whole sentences of an entry at once as are not too long."""
    held = ""
    for sentence in _SENTENCE.split(entry) if len(entry) > LONGEST else [entry]:
        if held and len(held) + 1 + len(sentence) > LONGEST:
            yield from _speakable(held)
            held = ""
        held = f"{held} {sentence}".lstrip()
    yield from _speakable(held)


def _speakable(text: str) -> Iterator[str]:
    fits = SHORTEST <= len(text) <= LONGEST and not _NOT_SPOKEN.search(text)
    if fits and text[0].isalpha() and not text[0].islower() and (not text.isupper()):
        yield text
