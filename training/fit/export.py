"""From a run's state to the one file that facewire plays, with a record of how it was made."""

import json
import subprocess
from pathlib import Path
from typing import Any

from torch import nn

from model import checkpoint
from protocols.errors import FacewireError
from training.fit import state
from training.fit.folder import START, STATE, require_run


def export_run(run: Path, out: Path, figures: Path | None = None) -> dict[str, Any]:
    """Write a checkpoint of a run's moving average as it stands; returns what it records of its making.

    `figures` is a folder written by `evaluate`. Raises FacewireError for a folder that holds no run.
    """
    require_run(run)
    model = checkpoint.load(run / START)
    trained = nn.ModuleDict({"denoiser": model.denoiser, "identities": model.identities})
    step = state.weights(run / STATE, trained, "average")
    told: dict[str, Any] = checkpoint.header(run / START)["provenance"] | {"trained_steps": step}
    if commit := _commit():
        told["commit"] = commit
    if figures:
        told["figures"] = _figures(figures)
    checkpoint.save(model, out, told)
    return told


def _commit() -> str | None:
    """The commit of this program, marked if files have changed since; None if it does not run from a checkout."""
    root = Path(__file__).resolve().parents[2]
    git = ["git", "-C", str(root)]
    try:
        top = subprocess.run([*git, "rev-parse", "--show-toplevel"], capture_output=True, encoding="utf-8", check=True)
        if Path(top.stdout.strip()).resolve() != root:
            return None
        described = [*git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(described, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _figures(folder: Path) -> dict[str, Any]:
    found = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("figures.json"))
    }
    if not found:
        raise FacewireError(f"{folder}: no figures.json in it; make them with `facewire-train evaluate`")
    return found
