"""Pictures of figures: a face against the real one, errors by shape, how fast it moves, and who was taken for whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np

from protocols import blendshapes
from protocols.files import complete_or_not_at_all
from training.judge import metrics
from training.judge.matching import Confusion
from training.judge.metrics import Pair

PLOTTED: Final = 4
"""Recordings in the plot of curves."""
SECONDS: Final = 20
"""Of each of them, at most."""
SHAPES: Final = ("jawOpen", "mouthClose", "mouthFunnel", "mouthLowerDownLeft", "browInnerUp", "eyeBlinkLeft")
REAL, MADE = "0.55", "tab:red"


def curves(path: Path, pairs: Mapping[str, Pair], fps: int, title: str) -> None:
    """Draw jaw, lips, brows and lids of a few recordings as they were and as they were made; by recording."""
    chosen = list(pairs.items())[:PLOTTED]
    figure, axes = _grid(len(SHAPES), len(chosen), (max(9.0, 4.2 * len(chosen)), 1.5 * len(SHAPES)), sharex="col")
    for row, shape in enumerate(SHAPES):
        index = blendshapes.INDEX[shape]
        for column, (recording, pair) in enumerate(chosen):
            axis, made = axes[row, column], pair.made[: SECONDS * fps, index]
            times_s = np.arange(len(made)) / fps
            if pair.captured[index]:
                axis.plot(times_s, pair.real[: len(made), index], color=REAL, label="recorded face")
            axis.plot(times_s, made, color=MADE, label="facewire", linewidth=1.1)
            axis.set_ylim(-0.02, max(0.3, float(made.max()), float(pair.real[:, index].max())) * 1.05)
            if row == 0:
                axis.set_title(recording, fontsize=9)
        axes[row, 0].set_ylabel(shape if chosen[0][1].captured[index] else f"{shape}\n(not captured)", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("seconds", fontsize=8)
    axes[0, 0].legend(fontsize=7, loc="upper right")
    _save(figure, path, title)


def shape_errors(path: Path, made: Sequence[Pair], still: Sequence[Pair]) -> None:
    """Draw the mean absolute error of each captured shape, beside that of a face that does not move."""
    error, scale = metrics.shape_errors(made), metrics.shape_errors(still)
    order = [index for index in np.argsort(-np.nan_to_num(error)) if not np.isnan(error[index])]
    figure, axes = _grid(1, 1, (11, 4))
    place = np.arange(len(order))
    axes[0, 0].bar(place - 0.2, error[order], 0.4, color=MADE, label="facewire")
    axes[0, 0].bar(place + 0.2, scale[order], 0.4, color=REAL, label="mean face")
    axes[0, 0].set_xticks(place, [blendshapes.NAMES[index] for index in order], rotation=90, fontsize=7)
    axes[0, 0].set_ylabel("mean absolute error")
    axes[0, 0].legend()
    _save(figure, path, "Error by shape")


def spectra(path: Path, pairs: Sequence[Pair], fps: int) -> None:
    """Draw how much lips and upper face move at which frequency, made and real: too much on the right is trembling."""
    regions = {"jaw and lips": blendshapes.LIPS_27, "upper face": blendshapes.UPPER}
    figure, axes = _grid(1, len(regions), (10, 3.5))
    for axis, (region, wanted) in zip(axes[0], regions.items(), strict=True):
        use = pairs[0].channels(wanted)
        for faces, color, label in (
            ([pair.real for pair in pairs], REAL, "recorded face"),
            ([pair.made for pair in pairs], MADE, "facewire"),
        ):
            hertz, power = metrics.spectrum(faces, use, fps) if use else (np.empty(0), np.empty(0))
            axis.semilogy(hertz[1:], np.maximum(power[1:], 1e-9), color=color, label=label)
        ratio = f", jitter {metrics.jitter_ratio(pairs, wanted):.2f} x real" if use else ": not captured"
        axis.set_title(region + ratio, fontsize=9)
        axis.set_xlabel("Hz")
    axes[0, 0].set_ylabel("mean power")
    axes[0, 0].legend(fontsize=8)
    _save(figure, path, "How fast the face moves")


def confusion(path: Path, found: Confusion) -> None:
    """Draw who was taken for whom, as shares of each voice's pieces."""
    shares = found.counts / np.maximum(found.counts.sum(1, keepdims=True), 1)
    size = max(3.5, 0.45 * len(found.names))
    figure, axes = _grid(1, 1, (size + 1, size))
    axis = axes[0, 0]
    axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.argwhere(found.counts):
        color = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(found.counts[row, column]), ha="center", va="center", color=color, fontsize=8)
    axis.set_xticks(range(len(found.names)), found.names, rotation=90, fontsize=8)
    axis.set_yticks(range(len(found.names)), found.names, fontsize=8)
    axis.set_xlabel("matched to")
    axis.set_ylabel("voice of")
    _save(figure, path, "Identities by voice")


def bars(path: Path, values: Mapping[str, Mapping[str, tuple[float, float]]], title: str) -> None:
    """Draw figures of several variants side by side with their error bars: by figure, then by variant."""
    figure, axes = _grid(1, len(values), (3.2 * len(values), 3.6))
    for axis, (name, by_variant) in zip(axes[0], values.items(), strict=True):
        means, deviations = zip(*by_variant.values(), strict=True)
        axis.bar(range(len(means)), means, yerr=deviations, color=MADE, capsize=3)
        axis.set_xticks(range(len(means)), list(by_variant), rotation=90, fontsize=7)
        axis.set_title(name, fontsize=9)
    _save(figure, path, title)


def learning(path: Path, losses: Mapping[str, Sequence[float]], probe: Mapping[int, float]) -> None:
    """Draw losses by step, one curve for each name, as means of some steps; below, the correlations of a probe."""
    figure, axes = _grid(2 if probe else 1, 1, (8, 6 if probe else 3.5), sharex="col")
    for name, values in losses.items():
        width = max(1, min(50, len(values) // 10))
        means = np.array(values[: len(values) // width * width]).reshape(-1, width).mean(1)
        axes[0, 0].plot((np.arange(len(means)) + 0.5) * width, means, label=name)
    axes[0, 0].set_ylabel("loss")
    axes[0, 0].legend(fontsize=8)
    if probe:
        axes[1, 0].plot(list(probe), list(probe.values()), "o-", color=MADE)
        axes[1, 0].set_ylabel("probe: mean r")
    axes[-1, 0].set_xlabel("step")
    _save(figure, path, "Learning")


def _grid(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(rows, columns, figsize=size, squeeze=False, **options)


def _save(figure: Any, path: Path, title: str) -> None:
    from matplotlib import pyplot

    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    with complete_or_not_at_all(path) as partial:
        figure.savefig(partial, dpi=100)
    pyplot.close(figure)
