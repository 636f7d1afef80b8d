"""A features folder that is made in a second, and the program that trains on it, in a process of its own."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from rich.progress import Progress

from model.encoder import embed
from tests.model.tiny import tiny_hubert
from tests.training import people
from training import recipe
from training.passages import features

ROOT = Path(__file__).parents[2]


def made(root: Path) -> Path:
    """Features of two made-up people, with a small encoder that knows nothing."""
    data = []
    for seed, name in enumerate(("alma", "bruno")):
        people.write_person(root / name, clips=8, seed=seed)
        data.append(people.prepared(root / name, root / f"{name}-set", name))
    settings = recipe.load("smoke").features
    with Progress(disable=True) as bar:
        features.make(data, embed(tiny_hubert()), {}, settings, range(settings.shards), root / "features", bar)
    return root / "features"


def start(*arguments: object, processes: int = 1) -> "subprocess.Popen[str]":
    """`facewire-train …`, or several of it by torchrun."""
    command = ["-m", "training.cli"]
    if processes > 1:
        command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), *command]
    return subprocess.Popen(
        [sys.executable, *command, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train(*arguments: object, processes: int = 1) -> None:
    """`start`, to its end."""
    started = start(*arguments, processes=processes)
    told, _ = started.communicate(timeout=200)
    assert started.returncode == 0, told
    assert "Warning" not in told


def curve(folder: Path) -> list[list[str]]:
    """The rows of a run's losses.csv, the head first."""
    with (folder / "losses.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
