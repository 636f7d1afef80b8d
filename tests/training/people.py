"""A made-up person: sound whose loudness is the jaw, as recordings and as the dataset that training reads."""

from pathlib import Path

import numpy as np
import soundfile
from rich.progress import Progress

from protocols import blendshapes
from training.clips import Clip
from training.dataset import read
from training.prepare import importing, npz_folder
from training.splits import Split

FPS = 25
SHUFFLED = tuple(reversed(blendshapes.NAMES))
"""The files have another order of channels: everything must map by name."""


def write_person(folder: Path, clips: int = 12, seconds: int = 3, seed: int = 0) -> Path:
    """Clips of noise bursts at about 2 Hz; jawOpen follows their envelope, lids blink; two channels not captured."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(clips):
        phase = rng.uniform(0, 2 * np.pi)
        times_s = np.arange(seconds * 16_000) / 16_000
        loud = _envelope(times_s, phase)
        sound = 0.3 * loud * rng.standard_normal(len(times_s))
        soundfile.write(folder / f"clip{index:02}.flac", np.clip(sound, -1, 1), 16_000)
        frames_s = np.arange(seconds * FPS) / FPS
        curves = rng.uniform(0, 0.01, (len(frames_s), 52)).astype(np.float32)
        curves[:, SHUFFLED.index("jawOpen")] = 0.6 * _envelope(frames_s, phase)
        curves[:, SHUFFLED.index("eyeBlinkLeft")] = frames_s % 1.5 < 0.15
        captured = np.array([name not in ("tongueOut", "cheekPuff") for name in SHUFFLED])
        np.savez(folder / f"clip{index:02}.npz", bs=curves, names=SHUFFLED, fps=FPS, captured=captured)
    return folder


def prepared(folder: Path, out: Path, speaker: str) -> Path:
    """A folder of npz as a dataset."""
    paths = sorted(folder.glob("*.npz"))
    with Progress(disable=True) as bar:
        importing.run(lambda done: npz_folder.recordings(paths, speaker, "CC0", done), len(paths), out, "a test", bar)
    return out


def person(folder: Path, name: str, split: Split, clips: int = 12) -> list[Clip]:
    """The clips of one split of a made-up person, who is written and prepared in an empty folder."""
    write_person(folder / "raw", clips)
    return read(prepared(folder / "raw", folder / "set", name)).clips(split)


def _envelope(times_s: np.ndarray, phase: float) -> np.ndarray:
    return np.clip(np.sin(2 * np.pi * times_s + phase), 0, 1) ** 2
