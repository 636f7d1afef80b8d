"""The whole chain of commands on a made-up person, as small as can be."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import typer

from protocols import blendshapes
from protocols.errors import FacewireError
from training.fit.cli import distill, export, fit
from training.judge.cli import evaluate
from training.passages.cli import features
from training.prepare.cli import npz
from training.smoke.person import write_person

RECIPE = "smoke"
SECONDS = 2
"""Of each of the person's recordings."""


def smoke(folder: Path) -> None:
    """Run all commands, one after the other, in `folder`. Raises the error of the first one that fails."""
    torch.set_num_threads(1)  # for work this small, more threads only wait for each other
    recordings, data, made, run = (folder / name for name in ("recordings", "dataset", "features", "run"))
    student, face, take = run / "student.safetensors", (run / "face.safetensors").resolve(), folder / "take.npz"
    write_person(recordings, clips=24, seconds=SECONDS)
    typer.echo("prepare")
    npz(recordings, data, speaker="nobody", licence="CC0")
    typer.echo("features")
    features([data], made, RECIPE)
    typer.echo("fit")
    fit(made, run, RECIPE)
    typer.echo("distill")
    distill(run / "teacher.safetensors", made, student, RECIPE)
    typer.echo("evaluate")
    evaluate(student, [data], run / "figures", lookahead_ms=[80], seeds=1)
    typer.echo("export")
    export(run / "student-2", face, run / "figures")
    typer.echo("render")
    sound = next(recordings.glob("*.flac")).resolve()
    _play("render", sound, "--out", take.resolve(), "--checkpoint", face, "--identity", "nobody")
    with np.load(take) as played:
        if played["bs"].shape != (30 * SECONDS, blendshapes.COUNT) or not np.isfinite(played["bs"]).all():
            raise FacewireError(f"facewire rendered {played['bs'].shape}, or values that are not numbers")
    typer.echo("ok")


def _play(*arguments: object) -> None:
    """Run a command of the live program, in a process of its own: training does not import it."""
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", *map(str, arguments)]
    root, env = Path(__file__).resolve().parents[2], os.environ | {"OMP_NUM_THREADS": "1"}
    if code := subprocess.run(command, cwd=root, env=env).returncode:
        raise FacewireError(f"`facewire {arguments[0]}` ended with exit code {code}")
