"""Flite's voices, made from four real speakers: another synthesiser beside Kokoro, with another kind of sound.

Flite (Carnegie Mellon University, a BSD-like licence) tells where each phone ends; its times are right to 10 ms.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.progress import Progress

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.phones.spoken import Spoken, Timed, shared
from training.phones.table import of_arpabet
from training.talkers import begun

VOICES: Final = ("slt", "slt", "rms", "rms", "awb", "awb", "kal16")
"""Drawn from: one woman and three men. The last one is joined from diphones, the others are modelled."""
STRETCH: Final = (0.78, 1.2)
"""Range of durations relative to the voice's own."""
EARLY_S: Final = 0.01
"""How much earlier than flite says a phone ends, by a forced aligner."""
_SILENT: Final = frozenset({"pau", "brth", "ssil"})
_OWN: Final = {"AX": ("@",), "AH": ("V",)}
"""Flite tells the reduced vowel from the full one, which ARPAbet does not."""
_PATIENCE_S: Final = 120


@dataclass(frozen=True)
class Saying:
    """One utterance."""

    voice: str
    stretch: float
    text: str


def saying(texts: Sequence[str], seed: int, number: int) -> Saying:
    """An utterance, by the seed and its number alone."""
    draw = random.Random(f"flite/{seed}/{number}")
    text = re.sub(r"[^A-Za-z,.;:!?' -]", " ", draw.choice(texts))
    return Saying(draw.choice(VOICES), draw.uniform(*STRETCH), text)


def say(texts: Sequence[str], seed: int, utterances: int, out: Path, bar: Progress) -> None:
    """Write utterances, `out` / 00000.flac beside .phones and so on; existing ones are kept.

    Raises FacewireError if flite is not installed or the folder has other speech; StoppedError, after the current one,
    when asked to stop.
    """
    begun.begin(out, {"synthesiser": "flite", "texts": begun.of_texts(texts), "seed": seed})
    begun.utter(out, utterances, lambda number: _said(saying(texts, seed, number)), bar)


def _said(said: Saying) -> tuple[Samples, Spoken]:
    sound, ends = _spoken_by_flite(said)
    return sound, Spoken(f"flite_{said.voice}", "en", said.text, timed(ends, len(sound)))


def timed(ends: str, samples: int) -> tuple[Timed, ...]:
    """The phones of a recording of so many samples, from flite's `NAME:END` in seconds, one after the other.

    Raises FacewireError for anything else, and where there are no phones.
    """
    made: list[Timed] = []
    begin = 0
    for each in ends.split():
        name, _, end_s = each.rpartition(":")
        try:
            end = min(max(begin, round((float(end_s) - EARLY_S) * SAMPLE_RATE_HZ)), samples)
        except (ValueError, OverflowError):
            raise FacewireError(f"flite told {each!r} where the end of a phone was expected") from None
        if name not in _SILENT:
            made += shared(_OWN.get(name.upper()) or of_arpabet((name.upper(),))[0], begin, end)
        begin = end
    if not made:
        raise FacewireError(f"flite told no phones: {ends.strip()[:80]!r}")
    return tuple(made)


def _spoken_by_flite(said: Saying) -> tuple[Samples, str]:
    """The sound (n,) at 16 kHz, and where each phone ends."""
    program = shutil.which("flite")
    if program is None:
        raise FacewireError("this needs flite: apt install flite, or brew install flite")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        options = ["-voice", said.voice, "--setf", f"duration_stretch={said.stretch:.3f}", "-psdur"]
        command = [program, *options, "-t", said.text, "-o", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=_PATIENCE_S, check=True)
            return read_audio(path), done.stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise FacewireError(f"flite cannot say {said.text!r}: {error}") from error
