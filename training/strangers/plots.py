"""Pictures of faces of strangers: beside true curves, what was read as what, and how large each shape is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.judge.metrics import Pair
from training.judge.panels import grid, save
from training.phones.table import VISEMES
from training.strangers.measure import CEILING, LOUDNESS, MEAN_FACE, Table
from training.strangers.said import FPS
from training.strangers.shapes import GAP, values
from training.strangers.size import REAL

_SHAPES: Final = ("jawOpen", GAP, "mouthFunnel", "mouthPucker", "mouthLowerDown", "mouthUpperUp")
_CLIPS: Final = 4


def curves(path: Path, pairs: Mapping[str, Sequence[Pair]], names: Sequence[str]) -> None:
    """Draw jaw and lips of a few recordings, evenly chosen: the true face, the made ones, and loudness alone."""
    first = next(iter(pairs.values()))
    style = _styles(list(pairs))
    chosen = np.unique(np.linspace(0, len(first) - 1, _CLIPS).round().astype(int)).tolist()
    figure, axes = grid(len(_SHAPES), len(chosen), (3.6 * len(chosen), 1.4 * len(_SHAPES)), sharex="col", sharey="row")
    for row, shape in zip(axes, _SHAPES, strict=True):
        for axis, place in zip(row, chosen, strict=True):
            axis.plot(_times(first[place].real), values(first[place].real, shape), color="0.5", label="true face")
            for name, each in pairs.items():
                if name != MEAN_FACE:
                    axis.plot(_times(each[place].made), values(each[place].made, shape), label=name, **style[name])
        row[0].set_ylabel(shape, fontsize=8)
    for top, bottom, place in zip(axes[0], axes[-1], chosen, strict=True):
        top.set_title(names[place], fontsize=8)
        bottom.set_xlabel("seconds", fontsize=8)
    axes[0, 0].legend(fontsize=7)
    save(figure, path, "People whom the face did not learn from")


def visemes(path: Path, confusions: Mapping[str, NDArray[np.int64]]) -> None:
    """Draw what was read as what, as shares of each viseme's frames, one panel for each face."""
    figure, axes = grid(1, len(confusions), (3.4 * len(confusions) + 1.0, 4.6), sharey=True)
    for axis, (name, counts) in zip(axes[0], confusions.items(), strict=True):
        axis.imshow(counts / np.maximum(counts.sum(1, keepdims=True), 1), vmin=0, vmax=1, cmap="Blues")
        axis.set_xticks(range(len(VISEMES)), list(VISEMES), rotation=90, fontsize=8)
        axis.set_yticks(range(len(VISEMES)), list(VISEMES), fontsize=8)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("read", fontsize=8)
    axes[0, 0].set_ylabel("said", fontsize=8)
    save(figure, path, "Visemes read from faces")


def sizes(path: Path, table: Table, title: str) -> None:
    """Draw the 95th percentile of each shape in speech, and the range of real faces."""
    figure, axes = grid(1, 1, (10, 3.8))
    axis, at = axes[0, 0], np.arange(len(REAL))
    low, high = np.array(list(REAL.values())).T
    axis.bar(at, np.maximum(high - low, 0.006), 0.9, low, color="0.85", label="real faces, lively speech")
    style = _styles(list(table))
    for name, column in table.items():
        made = [column[f"p95 {shape} to real"] * np.mean(REAL[shape]) for shape in REAL]
        axis.plot(at, made, "o", color=style[name]["color"], label=name, ms=5)
    axis.set_xticks(at, list(REAL), rotation=60, ha="right", fontsize=8)
    axis.set_ylabel("95th percentile")
    axis.legend(fontsize=8)
    save(figure, path, title)


def _styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How each face is drawn; those that are there for comparison look alike in all pictures."""
    fixed = {LOUDNESS: {"color": "tab:green", "ls": ":"}, CEILING: {"color": "tab:blue", "ls": "--"}}
    colors = iter(("tab:red", "tab:purple", "tab:orange", "tab:brown", "tab:pink", "tab:olive") * len(names))
    return {name: {"lw": 1.1} | (fixed[name] if name in fixed else {"color": next(colors)}) for name in names}


def _times(face: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.arange(len(face)) / FPS
