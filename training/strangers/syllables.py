"""Letters and syllables said by people of many languages: open against closed vowels, rounded against spread lips.

The layout is that of KDE's KLettres: `LANGUAGE/syllab/bu.ogg`, `LANGUAGE/alpha/a.ogg`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from training.datasets.clips import Clip, Curves
from training.strangers.closures import CLOSED_GAP
from training.strangers.said import sound_only
from training.strangers.shapes import GAP, values
from training.strangers.size import Mask, loud

_SYLLABLE: Final = re.compile("([bcdfghjklmnprstvwz]?)([aeiou])")
LANGUAGES: Final = frozenset({"de", "es", "it", "nds", "pt_BR", "ru", "tn", "uk"})
"""Those in which a letter tells the vowel, as the files are named."""
_LABIALS: Final = frozenset("pbm")
_LIP_FREE: Final = frozenset("dtgknlsz")
"""Consonants for which lips need not move."""
_ONSET_DB: Final = 15
"""The sound begins with the first 10 ms that are less than this below the loudest."""


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
        if match and language in LANGUAGES:
            found.append(Syllable(sound_only(f"{language}-{path.stem}", read_audio(path)), *match.groups()))
    if not found:
        raise FacewireError(f"{folder}: no syllables there, such as es/syllab/bu.ogg")
    return found


def figures(said: Sequence[Syllable], faces: Sequence[Curves], fps: float) -> dict[str, float]:
    """What the faces (frames, 52) of syllables tell of their vowels and consonants; .5 of an AUC is chance.

    Figures for which there are no syllables are left out.
    """
    heard = [loud(each.clip, len(face), fps) for each, face in zip(said, faces, strict=True)]
    jaw = [_peak(values(face, "jawOpen"), there) for face, there in zip(faces, heard, strict=True)]
    rounding = [
        _peak(values(face, "mouthPucker") + values(face, "mouthFunnel") - values(face, "mouthSmile")
              - values(face, "mouthStretch"), there)
        for face, there in zip(faces, heard, strict=True)
    ]  # fmt: skip
    onset = [_at_onset(values(face, GAP), each.clip, fps) for each, face in zip(said, faces, strict=True)]
    labial = [gap for each, gap in zip(said, onset, strict=True) if each.consonant in _LABIALS]
    free = [gap for each, gap in zip(said, onset, strict=True) if each.consonant in _LIP_FREE]
    found = {
        "jaw tells a from i and u, AUC": auc(*_by_vowel(said, jaw, "a", "iu")),
        "lips tell u and o from i and e, AUC": auc(*_by_vowel(said, rounding, "uo", "ie")),
        "p, b, m begin closer than others, AUC": auc(free, labial),
        "p, b, m begin closed": _share_closed(labial),
        "other consonants begin closed": _share_closed(free),
        "syllables": float(len(said)),
    }
    return {name: value for name, value in found.items() if not np.isnan(value)}


def auc(high: Sequence[float], low: Sequence[float]) -> float:
    """How often a value of the first is above one of the second; ties count half. NaN if there are none."""
    if not high or not low:
        return float("nan")
    difference = np.subtract.outer(np.asarray(high), np.asarray(low))
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def _share_closed(gaps: Sequence[float]) -> float:
    """Share of gaps at which the lips count as closed; NaN if there are none."""
    return float(np.mean(np.array(gaps) < CLOSED_GAP)) if gaps else float("nan")


def _by_vowel(
    said: Sequence[Syllable], measured: Sequence[float], high: str, low: str
) -> tuple[list[float], list[float]]:
    together = list(zip(said, measured, strict=True))
    return [value for each, value in together if each.vowel in high], [v for each, v in together if each.vowel in low]


def _peak(curve: Curves, there: Mask) -> float:
    """Where it is largest while one hears it; 90th percentile."""
    return float(np.percentile(curve[there], 90))


def _at_onset(gap: Curves, clip: Clip, fps: float) -> float:
    """The gap as the sound begins."""
    block = SAMPLE_RATE_HZ // 100
    power = np.square(clip.samples[: len(clip) // block * block].reshape(-1, block)).mean(1)
    onset_s = int(np.argmax(power > power.max() / 10 ** (_ONSET_DB / 10))) / 100
    return float(np.interp(onset_s * fps, np.arange(len(gap)), gap))
