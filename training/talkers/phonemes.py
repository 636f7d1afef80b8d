"""A text in the alphabet that Kokoro reads, by espeak-ng."""

import re
import shutil
import subprocess
from collections.abc import Collection
from typing import Final

from protocols.errors import FacewireError

MOST: Final = 480
"""Letters that Kokoro speaks at once; its context has 512."""
_MARKS: Final = '.,;:!?¡¿…—"'
_PART: Final = re.compile(rf"([{_MARKS}।]+)")
_ASIDE: Final = re.compile(r"\(.*?\)")
"""Where espeak-ng changes the language."""
_ENGLISH: Final = {
    "dʒ": "ʤ", "tʃ": "ʧ", "eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "əʊ": "Q", "ɚ": "əɹ", "ɐ": "ə",
    "ɝ": "ɜɹ", "r": "ɹ", "x": "k", "ç": "k", "ɬ": "l", "ʔ": "t",
}  # fmt: skip
"""English has letters for its diphthongs."""
_OTHERS: Final = {"dʒ": "ʤ", "tʃ": "ʧ", "ts": "ʦ", "dz": "ʣ", "ä": "a", "ʋ": "v"}


def letters(text: str, language: str, known: Collection[str]) -> str:
    """The text as at most `MOST` of the `known` letters; `language` is a voice of espeak-ng, such as `pt-br`.

    Raises FacewireError if espeak-ng is missing, or does not know the language.
    """
    said = ""
    for part in _PART.split(text):
        if _PART.fullmatch(part):
            mark = "." if part[0] == "।" else part[0]
            said += f"{mark if mark in known else ''} "
        elif part.strip():
            said = f"{said.rstrip(' ')} {_letters(part, language)}".lstrip()
    return "".join(letter for letter in said.strip() if letter in known)[:MOST]


def _letters(part: str, language: str) -> str:
    said = _ASIDE.sub("", " ".join(_spoken(part, language).split())).replace("_", "").replace("-", "")
    for given, letter in (_ENGLISH if language.startswith("en") else _OTHERS).items():
        said = said.replace(given, letter)
    return said.replace("ː", "") if language == "en-us" else said


def _spoken(part: str, language: str) -> str:
    """IPA, as espeak-ng writes it."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise FacewireError(
            "espeak-ng, which turns text into phonemes, is not installed: apt install espeak-ng, brew install "
            "espeak-ng, or https://github.com/espeak-ng/espeak-ng"
        )
    done = subprocess.run(
        [program, "-q", "--ipa", "-v", language, "--stdin"], input=part, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise FacewireError(f"espeak-ng cannot speak {language}: {done.stderr.strip() or done.returncode}")
    return done.stdout
