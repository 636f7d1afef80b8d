"""The whole chain on a made-up person, as small as can be: whether everything is installed and fits together."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import typer
from numpy.typing import NDArray

from protocols import blendshapes
from protocols.errors import FacewireError

FPS: Final = 25
SHUFFLED: Final = tuple(reversed(blendshapes.NAMES))
"""The files have another order of channels: everything must map by name."""


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


def smoke(folder: Path) -> None:
    """Go through all commands, each as a user would give it. Raises what the first one raises that does not work."""
    voice, data, made, run = (folder / name for name in ("recordings", "dataset", "features", "run"))
    write_person(voice, clips=24, seconds=2)
    recipe = ("--recipe", "smoke")
    _train("prepare", "npz", voice, "--speaker", "nobody", "--licence", "CC0", "--out", data)
    _train("features", *recipe, "--data", data, "--out", made)
    _train("fit", *recipe, made, "--out", run)
    _train("distill", *recipe, run / "teacher.safetensors", made, "--out", run / "student.safetensors")
    figures = ("--out", run / "figures", "--lookahead-ms", 160, "--seeds", 1)
    _train("evaluate", run / "student.safetensors", "--data", data, *figures)
    face = (run / "face.safetensors").resolve()
    _train("export", run / "student-8", "--out", face, "--figures", run / "figures")
    sound, take = next(voice.glob("*.flac")).resolve(), (folder / "take.npz").resolve()
    _play("render", sound, "--out", take, "--checkpoint", face, "--identity", "nobody")
    with np.load(take) as played:
        if played["bs"].shape != (60, blendshapes.COUNT) or not np.isfinite(played["bs"]).all():
            raise FacewireError(f"facewire rendered {played['bs'].shape} of 60 frames, or values that are no numbers")
    typer.echo("ok")


def _train(*arguments: object) -> None:
    from training.cli import app

    typer.echo(f"\n$ facewire-train {' '.join(str(part) for part in arguments)}")
    if code := app([str(part) for part in arguments], standalone_mode=False):
        raise FacewireError(f"`facewire-train {arguments[0]}` ended with exit code {code}")


def _play(*arguments: object) -> None:
    """The live program's command, in a process of its own: training does not import it."""
    typer.echo(f"\n$ facewire {' '.join(str(part) for part in arguments)}")
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", *map(str, arguments)]
    if code := subprocess.run(command, cwd=Path(__file__).resolve().parents[1]).returncode:
        raise FacewireError(f"`facewire {arguments[0]}` ended with exit code {code}")
