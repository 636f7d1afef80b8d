"""Recordings whose phones are known, and faces that show them exactly."""

from pathlib import Path

import numpy as np
import soundfile

from protocols.blendshapes import COUNT, INDEX
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.phones.table import PHONES as ALL
from training.phones.table import SILENCE, VISEME_OF, VISEMES
from training.strangers.said import Said, sound_only

PHONES = [phone for phone in ALL if phone != SILENCE]
PHONE_SAMPLES = 3200
SHAPES = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthShrugLower", "mouthShrugUpper")


def spoken_at_random(seed: int, count: int = 40, language: str = "en") -> Spoken:
    """Phones of 200 ms after half a second of silence; after each p, b and m an open vowel."""
    rng = np.random.default_rng(seed)
    drawn: list[str] = []
    while len(drawn) < count:
        drawn.append(PHONES[rng.integers(len(PHONES))])
        if drawn[-1] in VISEMES["closed"]:
            drawn.append("a")
    begins = [8000 + place * PHONE_SAMPLES for place in range(len(drawn))]
    phones = tuple(Timed(phone, at, at + PHONE_SAMPLES) for phone, at in zip(drawn, begins, strict=True))
    return Spoken(f"voice {seed}", language, " ".join(drawn), phones)


def said_at_random(seed: int, language: str = "en") -> Said:
    """The same, with a sound as long as that and half a second more."""
    said = spoken_at_random(seed, language=language)
    return Said(sound_only(f"{seed}", noise(seed, said.phones[-1].end + 8000)), said)


def noise(seed: int, samples: int) -> np.ndarray:
    return (0.05 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def shown(said: Spoken, frames: int, fps: int) -> np.ndarray:
    """A face (frames, 52) that shows each viseme by a pattern of its own; lips meet where they must."""
    patterns = np.random.default_rng(7).uniform(0.1, 0.6, (len(VISEMES), COUNT))
    patterns[:, [place for place in range(COUNT) if place not in [INDEX[name] for name in SHAPES]]] = 0
    patterns[0, INDEX["jawOpen"]] = patterns[-1, INDEX["jawOpen"]] = 0
    patterns[1:-1, INDEX["jawOpen"]] += 0.1
    at = np.rint(np.arange(frames) * 16_000 / fps).astype(np.int64)
    return patterns[np.asarray(VISEME_OF)[said.at(at)]].astype(np.float32)


def write(folder: Path, said: Said) -> None:
    """As `--spoken` reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{said.clip.recording}.flac"
    soundfile.write(path, said.clip.samples, 16_000)
    spoken.write(path, said.spoken)
