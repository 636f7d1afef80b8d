"""Letters and syllables said by people of many languages: open against closed vowels, rounded against spread lips.

The layout is that of KDE's KLettres: `LANGUAGE/syllab/bu.ogg`, `LANGUAGE/alpha/a.ogg`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from model.audio import read_audio
from protocols.errors import FacewireError
from training.datasets.clips import Clip, Curves
from training.strangers.closures import CLOSED_GAP
from training.strangers.said import sound_only
from training.strangers.shapes import GAP, values
from training.strangers.size import Mask, loud

_SYLLABLE: Final = re.compile("([bcdfghjklmnprstvwz]?)([aeiou])")
_ENGLISH: Final = "en"
"""Its letters do not tell the vowels."""
_LABIALS: Final = frozenset("pbm")
_LIP_FREE: Final = frozenset("dtgknlsz")
"""Consonants for which lips need not move."""
_ONSET_S: Final = (-0.05, 0.05)


class Syllable(NamedTuple):
    """One person's letter or syllable."""

    clip: Clip
    consonant: str
    """As it is written; empty if there is none."""
    vowel: str


def read(folder: Path) -> list[Syllable]:
    """The letters and syllables with one vowel, at most one consonant before it. Raises FacewireError for none."""
    found = []
    for path in sorted((*folder.glob("*/syllab/*.ogg"), *folder.glob("*/alpha/*.ogg"))):
        match = _SYLLABLE.fullmatch(path.stem.lower())
        language = path.parts[-3]
        if match and not language.startswith(_ENGLISH):
            found.append(Syllable(sound_only(f"{language}-{path.stem}", read_audio(path)), *match.groups()))
    if not found:
        raise FacewireError(f"{folder}: no syllables there, such as es/syllab/bu.ogg")
    return found


def figures(said: Sequence[Syllable], faces: Sequence[Curves], fps: float) -> dict[str, float]:
    """What the faces (frames, 52) of syllables tell of their vowels and consonants; .5 of an AUC is chance."""
    heard = [loud(each.clip, len(face), fps) for each, face in zip(said, faces, strict=True)]
    jaw = [_peak(values(face, "jawOpen"), there) for face, there in zip(faces, heard, strict=True)]
    rounding = [
        _peak(values(face, "mouthPucker") + values(face, "mouthFunnel") - values(face, "mouthSmile")
              - values(face, "mouthStretch"), there)
        for face, there in zip(faces, heard, strict=True)
    ]  # fmt: skip
    onset = [_at_onset(values(face, GAP), there, fps) for face, there in zip(faces, heard, strict=True)]
    labial = [gap for each, gap in zip(said, onset, strict=True) if each.consonant in _LABIALS]
    free = [gap for each, gap in zip(said, onset, strict=True) if each.consonant in _LIP_FREE]
    return {
        "jaw tells a from i and u, AUC": auc(*_by_vowel(said, jaw, "a", "iu")),
        "lips tell u and o from i and e, AUC": auc(*_by_vowel(said, rounding, "uo", "ie")),
        "p, b, m begin closed": float(np.mean(np.array(labial) < CLOSED_GAP)),
        "other consonants begin closed": float(np.mean(np.array(free) < CLOSED_GAP)),
        "syllables": float(len(said)),
    }


def auc(high: Sequence[float], low: Sequence[float]) -> float:
    """How often a value of the first is above one of the second; ties count half."""
    if not high or not low:
        return float("nan")
    difference = np.subtract.outer(np.asarray(high), np.asarray(low))
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def _by_vowel(
    said: Sequence[Syllable], measured: Sequence[float], high: str, low: str
) -> tuple[list[float], list[float]]:
    together = list(zip(said, measured, strict=True))
    return [value for each, value in together if each.vowel in high], [v for each, v in together if each.vowel in low]


def _peak(curve: Curves, there: Mask) -> float:
    """Where it is largest while one hears it; 90th percentile."""
    return float(np.percentile(curve[there], 90))


def _at_onset(gap: Curves, there: Mask, fps: float) -> float:
    """The smallest gap as the sound begins."""
    onset = int(np.argmax(there))
    first, last = (onset + round(shift * fps) for shift in _ONSET_S)
    return float(gap[max(0, first) : last + 1].min())
