"""Pictures of a performance: its curves over time, and its gaps between blinks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np

from model.performance import blinks
from protocols.blendshapes import INDEX
from protocols.files import complete_or_not_at_all
from training.performance.measure import accents, gaps_s
from training.performance.perform import Performed

SECONDS: Final = 120
"""Of each run, at most."""
PANELS: Final = (
    "voice, dB",
    "head, degrees",
    "head, mm",
    "eyes in the head, degrees",
    "gaze, degrees",
    "lids",
    "brows",
)
SOME_S: Final = (10, 30)
"""What `summary` shows."""
BROWS: Final = ("browInnerUp", "browOuterUpLeft", "browDownLeft")
LIDS: Final = ("eyeBlinkLeft", "eyeWideLeft", "eyeSquintLeft")


def curves(path: Path, run: Performed) -> None:
    """Draws the curves of a run; lines stand where the voice has an accent."""
    figure, axes = _pyplot().subplots(len(PANELS), 1, figsize=(20, 2 * len(PANELS)), sharex=True)
    frames = min(len(run.weights), SECONDS * run.fps)
    at = np.arange(frames) / run.fps
    weights, pose = run.weights[:frames], run.pose[:frames]
    gaze = pose[:, 6:8] + pose[:, :2]
    lines = (
        {"loudness": run.heard.loudness_db[0, :frames]},
        dict(zip(("yaw", "pitch", "roll"), pose[:, :3].T, strict=True)),
        dict(zip(("x", "y", "z"), 1000 * pose[:, 3:6].T, strict=True)),
        dict(zip(("yaw", "pitch"), pose[:, 6:8].T, strict=True)),
        dict(zip(("yaw", "pitch"), gaze.T, strict=True)),
        {name: weights[:, INDEX[name]] for name in LIDS},
        {name: weights[:, INDEX[name]] for name in BROWS},
    )
    for axis, panel, drawn in zip(axes, PANELS, lines, strict=True):
        for name, values in drawn.items():
            axis.plot(at, values, label=name, linewidth=0.8)
        axis.set_ylabel(panel, fontsize=8)
        axis.legend(fontsize=7, loc="upper right")
    for accent in accents(run)[accents(run) < frames] / run.fps:
        for axis in (axes[1], axes[-1]):
            axis.axvline(accent, color="0.8", linewidth=0.5, zorder=0)
    axes[-1].set_xlabel("seconds")
    _save(figure, path, run.name)


def gaps(path: Path, runs: Sequence[Performed], median_s: float, title: str) -> None:
    """Draws the gaps between blinks against the distribution that they should have."""
    figure, axis = _pyplot().subplots(figsize=(7, 4))
    _gaps(axis, runs, median_s)
    _save(figure, path, title)


def summary(path: Path, runs: Sequence[Performed], median_s: float) -> None:
    """Draws the gaps between blinks of all runs, and head and brows of a few seconds of the first."""
    figure, (left, head, brows) = _pyplot().subplots(1, 3, figsize=(13, 3.2))
    _gaps(left, runs, median_s)
    run, some = runs[0], slice(SOME_S[0] * runs[0].fps, SOME_S[1] * runs[0].fps)
    at = np.arange(len(run.weights))[some] / run.fps
    for name, angles in zip(("yaw", "pitch", "roll"), run.pose[some, :3].T, strict=True):
        head.plot(at, angles, label=name, linewidth=0.9)
    for name in BROWS:
        brows.plot(at, run.weights[some, INDEX[name]], label=name, linewidth=0.9)
    for axis, label in ((head, "head, degrees"), (brows, "brows")):
        for accent in accents(run) / run.fps:
            if at[0] <= accent <= at[-1]:
                axis.axvline(accent, color="0.85", linewidth=0.7, zorder=0)
        axis.set_title(label, fontsize=9)
        axis.set_xlabel("seconds; grey: accents of the voice", fontsize=8)
        axis.legend(fontsize=7, loc="upper right")
    left.set_title("blinks while talking, per second of gap", fontsize=9)
    _save(figure, path, "")


def _gaps(axis: Any, runs: Sequence[Performed], median_s: float) -> None:
    at = np.linspace(0.05, 15, 600)
    spread = np.log(at / median_s) / blinks.SIGMA
    density = np.exp(-(spread**2) / 2) / (at * blinks.SIGMA * np.sqrt(2 * np.pi))
    axis.hist(gaps_s(runs), bins=np.arange(0, 15.1, 0.5), density=True, color="0.75", label="performed")
    axis.plot(at, density, color="tab:red", label=f"log-normal, median {median_s:g} s, sigma {blinks.SIGMA:g}")
    axis.set_xlabel("seconds from one blink to the next", fontsize=8)
    axis.legend(fontsize=7)


def _pyplot() -> Any:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path, title: str) -> None:
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    with complete_or_not_at_all(path) as partial:
        figure.savefig(partial, dpi=90, format="png")
    _pyplot().close(figure)
