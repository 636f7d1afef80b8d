"""When the phones of a known English text are spoken: forced alignment by PocketSphinx and its own acoustic model."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from rich.progress import Progress

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.datasets.alignments import beside, words
from training.phones import spoken
from training.phones.spoken import Spoken, Timed, shared
from training.phones.table import of_arpabet

_FRAME_SAMPLES: Final = SAMPLE_RATE_HZ // 100
SOUNDS: Final = frozenset({".flac", ".wav", ".ogg"})
_WORD: Final = re.compile(r"[a-z']+(?:\(\d\))?")
"""A word, or another way to say it, such as a(2)."""
_APOSTROPHE: Final = re.compile(r"(?<=[a-z])\N{RIGHT SINGLE QUOTATION MARK}(?=[a-z])")
_UNKNOWN: Final = re.compile(r"\S*[^\W_]\S*")
_SILENCE: Final = re.compile(r"[<\[(]|SIL")


class Word(NamedTuple):
    """A word and its phones."""

    text: str
    """Without the number of its pronunciation."""
    phones: tuple[Timed, ...]


def align_folder(folder: Path, voice: str, bar: Progress) -> tuple[int, list[str]]:
    """Write the phones of all recordings under a folder that have a text and no phones yet.

    Returns how many were written, and why others were not. Raises FacewireError if there are no texts.
    """
    waiting = [path for path in sorted(folder.rglob("*")) if path.suffix in SOUNDS and _has_text(path)]
    if not waiting:
        raise FacewireError(f"{folder}: no recordings with a text beside them: NAME.txt, or GRID's NAME.align")
    left_out, waiting = [], [path for path in waiting if not spoken.beside(path)]
    task = bar.add_task("aligning", total=len(waiting))
    for path in waiting:
        try:
            text = _text(path)
            phones = aligned(read_audio(path), text)
            spoken.write(path, Spoken(voice, "en", text, phones))
        except FacewireError as error:
            left_out.append(f"{path.name}: {error}")
        bar.advance(task)
    return len(waiting) - len(left_out), left_out


def _has_text(recording: Path) -> bool:
    return bool(beside(recording)) or recording.with_suffix(".txt").is_file()


def _text(recording: Path) -> str:
    """The text of a recording in the aligner's spelling. Raises FacewireError for one that cannot be read."""
    if beside(recording):
        return letters_spelt([word.text for word in words(recording)])
    path = recording.with_suffix(".txt")
    try:
        return plain_words(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FacewireError(f"{path.name}: cannot be read: {error}") from None


def plain_words(text: str) -> str:
    """The words of an English text in the aligner's spelling: small letters and apostrophes.

    Raises FacewireError for a text with digits or other letters: what they are said as is not known.
    """
    text = _APOSTROPHE.sub("'", unicodedata.normalize("NFC", text).lower())
    if unknown := [word for word in _UNKNOWN.findall(text) if re.search(r"[^\W_]", _WORD.sub("", word))]:
        raise FacewireError(f"spell as English words are: {', '.join(dict.fromkeys(unknown))}")
    if not (words := _WORD.findall(text)):
        raise FacewireError("no words in its text")
    return " ".join(words)


def letters_spelt(words: Sequence[str]) -> str:
    """GRID's words as a text for `aligned`: the letter a is not the article, and z is the British zed."""
    return " ".join({"a": "a(2)", "z": "zed"}.get(word, word) for word in words if word not in ("sil", "sp"))


def aligned(samples: Samples, text: str) -> tuple[Timed, ...]:
    """The phones of a recording (n,) at 16 kHz of a text; raises what `aligned_words` does."""
    return tuple(phone for word in aligned_words(samples, text) for phone in word.phones)


def aligned_words(samples: Samples, text: str) -> tuple[Word, ...]:
    """The words of a recording (n,) at 16 kHz of a text, without the silence between them.

    Raises FacewireError if a word is not in the dictionary or the sound does not fit the text.
    """
    decoder = _decoder()
    if unknown := [word for word in text.split() if decoder.lookup_word(word) is None]:
        raise FacewireError(f"not in the aligner's dictionary: {', '.join(unknown)}")
    pcm = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
    try:
        decoder.reinit_feat()  # forget the level of the recording before
        decoder.set_align_text(text)
        _decode(decoder, pcm)
        if decoder.hyp() is None:
            raise FacewireError(f"the sound does not fit the text {text!r}")
        decoder.set_alignment()
        _decode(decoder, pcm)
        # A word is gone once the next one is read.
        words = [(word.name, [(each.name, each.start, each.duration) for each in word]) for word in _alignment(decoder)]
    except (RuntimeError, ValueError, TypeError) as error:
        raise FacewireError(f"{text!r} cannot be aligned: {error}") from None
    return tuple(
        Word(name.partition("(")[0], tuple(_of_word(spans))) for name, spans in words if not _SILENCE.match(name)
    )


@cache
def _decoder() -> Any:
    """Opened once: it takes longer than aligning three seconds."""
    import pocketsphinx

    return pocketsphinx.Decoder(lm=None, bestpath=False, loglevel="FATAL")


def _decode(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _alignment(decoder: Any) -> Any:
    found = decoder.get_alignment()
    if found is None:
        raise ValueError("no alignment")
    return found


def _of_word(spans: Sequence[tuple[str, int, int]]) -> list[Timed]:
    made = []
    for phones, (_, begin, frames) in zip(of_arpabet(tuple(name for name, *_ in spans)), spans, strict=True):
        made += shared(phones, begin * _FRAME_SAMPLES, (begin + frames) * _FRAME_SAMPLES)
    return made
