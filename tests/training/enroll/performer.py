"""A made-up performer: syllables of noise with pauses, a jaw that follows them, and habits of the face."""

from pathlib import Path

import numpy as np
import soundfile

from model import checkpoint
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from tests.model.tiny import tiny_model

FPS = 30
JAW = blendshapes.INDEX["jawOpen"]


def loudness(times_s: np.ndarray, seed: int = 0) -> np.ndarray:
    """Syllables of different strength, about four a second in no rhythm, with two seconds of silence in every ten."""
    rng = np.random.default_rng(seed)
    knots_s = np.cumsum(rng.uniform(0.06, 0.2, int(times_s[-1] / 0.06) + 20))
    heights = np.where(
        np.arange(len(knots_s)) % 2, rng.uniform(0.3, 1, len(knots_s)), rng.uniform(0, 0.1, len(knots_s))
    )
    return np.interp(times_s, knots_s, heights) * (times_s % 10 > 2)


def sound(seconds: float, seed: int = 0, smooth: int = 1) -> Samples:
    """White noise that is as loud as the syllables, or a duller one."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE_HZ))
    voice = np.convolve(white, np.ones(smooth) / smooth**0.5, "same")
    return (0.1 * voice * loudness(np.arange(len(voice)) / SAMPLE_RATE_HZ, seed)).astype(np.float32)


def curves(seconds: float, seed: int = 0, late_s: float = 0.0) -> np.ndarray:
    """A jaw that opens with the syllables, `late_s` after them; all other channels move by themselves."""
    times_s = np.arange(round(seconds * FPS)) / FPS
    face = np.random.default_rng(seed).uniform(0, 0.02, (len(times_s), blendshapes.COUNT)).astype(np.float32)
    face[:, JAW] = 0.6 * np.interp(times_s - late_s, times_s, loudness(times_s, seed))
    return face


def write(folder: Path, name: str, samples: Samples, face: np.ndarray, **others: np.ndarray) -> Path:
    """A recording as npz beside flac."""
    soundfile.write(folder / f"{name}.flac", np.clip(samples, -1, 1), SAMPLE_RATE_HZ)
    np.savez(folder / f"{name}.npz", bs=face, names=blendshapes.NAMES, fps=FPS, **others)
    return folder / f"{name}.npz"


def write_checkpoint(path: Path, seed: int = 0) -> Path:
    """The tiny model's."""
    checkpoint.save(tiny_model(seed), path, {})
    return path
