"""Figures as a page: JSON for programs, a table and a plot for people."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from model.face import FaceModel
from training.clips import Clip
from training.evaluate import animate, pair
from training.metrics import JAW

Figures = dict[str, dict[str, float]]
PLOTTED = 4
"""Recordings in the plot."""


def write_report(folder: Path, found: Figures, model: FaceModel, clips: Sequence[Clip]) -> None:
    """Write figures.json, figures.md and curves.png: found is by column (a lookahead or a baseline), then by name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(found, indent=2) + "\n")
    (folder / "figures.md").write_text(table(found))
    plot(folder / "curves.png", model, clips[:PLOTTED])


def table(found: Figures) -> str:
    """A Markdown table with a row for each figure."""
    names = list(dict.fromkeys(name for column in found.values() for name in column))
    head = f"| figure | {' | '.join(found)} |\n|---|{'---|' * len(found)}\n"
    rows = [[_cell(column.get(name)) for column in found.values()] for name in names]
    return head + "".join(f"| {name} | {' | '.join(row)} |\n" for name, row in zip(names, rows, strict=True))


def plot(path: Path, model: FaceModel, clips: Sequence[Clip]) -> None:
    """Draw jawOpen as it was and as it was made."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    fps, lookahead_ms = model.config.fps, model.config.lookahead_ms
    faces = animate(model, clips, seed=0, lookahead_ms=lookahead_ms)
    figure, axes = pyplot.subplots(len(clips), 1, figsize=(9, 1.7 * len(clips)), sharex=True, squeeze=False)
    for axis, clip, face in zip(axes[:, 0], clips, faces, strict=True):
        times_s = np.arange(len(face)) / fps
        axis.plot(times_s, pair(clip, face, fps).real[:, JAW], color="0.55", label="recorded face")
        axis.plot(times_s, face[:, JAW], color="tab:red", label=f"facewire, {lookahead_ms} ms lookahead")
        axis.set_ylabel(clip.recording, fontsize=8)
    axes[0, 0].legend(fontsize=8, loc="upper right")
    axes[0, 0].set_title("jawOpen in recordings that the model never saw", fontsize=10)
    axes[-1, 0].set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
