"""A made-up person to train on when there is nobody else."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from protocols import blendshapes

FPS: Final = 25
SHUFFLED: Final = tuple(reversed(blendshapes.NAMES))
"""The order of the channels in the files: everything must map by name."""


def write_person(folder: Path, clips: int = 12, seconds: int = 3, seed: int = 0) -> Path:
    """Clips of noise bursts at about 1 Hz; jawOpen follows their envelope, lids blink; two channels not captured."""
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


def _envelope(times_s: NDArray[np.float64], phase: float) -> NDArray[np.float64]:
    return np.clip(np.sin(2 * np.pi * times_s + phase), 0, 1) ** 2
