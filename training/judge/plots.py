"""Plots: a face against the real one, errors by shape, how fast it moves, and who was taken for whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from protocols import blendshapes
from training.judge import metrics
from training.judge.matching import Confusion
from training.judge.metrics import Curves, Pair
from training.judge.panels import grid, save
from training.judge.tables import Column

PLOTTED: Final = 4
"""Recordings in the plot of curves."""
SECONDS: Final = 20
"""Longest part of each that is plotted."""
CLOSURE: Final = "jawOpen - mouthClose"
"""How far the lips are apart: it has to fall on p, b and m."""
SHAPES: Final = ("jawOpen", "mouthClose", CLOSURE, "mouthFunnel", "mouthLowerDownLeft", "browInnerUp", "eyeBlinkLeft")
AGAINST_LOOKAHEAD: Final = {
    "lip error 27": "lip error 27 (L2 norm over shapes)",
    "jaw r": "jaw r (correlation)",
    "closure recall": "closure recall (share of closures)",
}
"""Figures plotted against lookahead, and their axis labels."""
ENROLLED_SHAPES: Final = ("jawOpen", "mouthFunnel", "mouthLowerDownLeft", "browInnerUp")
REAL, MADE, BEFORE = "0.55", "tab:red", "tab:blue"


def curves(path: Path, pairs: Mapping[str, Pair], fps: int, title: str) -> None:
    """Plot jaw, lips, brows and lids of a few recordings, real and generated.

    Dotted lines mark words that begin with p, b or m, if the words are known.
    """
    chosen = list(pairs.items())[:PLOTTED]
    figure, axes = grid(len(SHAPES), len(chosen), (max(9.0, 4.2 * len(chosen)), 1.5 * len(SHAPES)), sharex="col")
    for row, shape in enumerate(SHAPES):
        for axis, (_, pair) in zip(axes[row], chosen, strict=True):
            _curve(axis, pair, shape, fps)
        label = shape.replace(" - ", "\n- ")
        captured = _captured(chosen[0][1], shape)
        axes[row, 0].set_ylabel(label if captured else f"{label}\n(not captured)", fontsize=8)
    for top, bottom, (recording, _) in zip(axes[0], axes[-1], chosen, strict=True):
        top.set_title(recording, fontsize=9)
        bottom.set_xlabel("seconds", fontsize=8)
    for row in {0, SHAPES.index(CLOSURE)}:
        axes[row, 0].legend(fontsize=7, loc="upper right")
    save(figure, path, title)


def before_and_after(path: Path, before: Sequence[Pair], after: Sequence[Pair], fps: int, title: str) -> None:
    """Plot jaw, lips and brows of some stretches: real, and generated before and after."""
    count = max(1, min(len(after), round(PLOTTED * SECONDS * fps / 2 / max(1, len(after[0].made)))))
    captured = after[0].captured
    figure, axes = grid(len(ENROLLED_SHAPES), 1, (12, 1.8 * len(ENROLLED_SHAPES)), sharex="col")
    for axis, shape in zip(axes[:, 0], ENROLLED_SHAPES, strict=True):
        place = blendshapes.INDEX[shape]
        for faces, color, label in (
            ([pair.real for pair in after], REAL, "recorded face"),
            ([pair.made for pair in before], BEFORE, "before"),
            ([pair.made for pair in after], MADE, "enrolled"),
        ):
            if color != REAL or captured[place]:
                values = np.concatenate(faces[:count])[:, place]
                axis.plot(np.arange(len(values)) / fps, values, color=color, label=label, linewidth=1.1)
        axis.set_ylabel(shape if captured[place] else f"{shape}\n(not captured)", fontsize=8)
    axes[0, 0].legend(fontsize=7, loc="upper right")
    axes[-1, 0].set_xlabel("seconds", fontsize=8)
    save(figure, path, title)


def lookahead(path: Path, by_ms: Mapping[int, Column]) -> None:
    """Plot how good a face is at each lookahead, with error bars: what latency buys."""
    dial = sorted(by_ms)
    there = [name for name in AGAINST_LOOKAHEAD if all(name in by_ms[ms] for ms in dial)]
    figure, axes = grid(1, len(there), (3.6 * len(there), 3.6))
    for axis, name in zip(axes[0], there, strict=True):
        values = [by_ms[ms][name] for ms in dial]
        means, deviations = [value.mean for value in values], [value.deviation or 0.0 for value in values]
        axis.errorbar(dial, means, yerr=deviations, fmt="o-", color=MADE, capsize=3)
        axis.set_xticks(dial)
        axis.set_xlabel("lookahead, ms")
        axis.set_ylabel(AGAINST_LOOKAHEAD[name])
    save(figure, path, "Quality against lookahead")


def shape_errors(path: Path, made: Sequence[Pair], still: Sequence[Pair]) -> None:
    """Plot the mean absolute error of each captured shape beside that of a still face."""
    error, scale = metrics.shape_errors(made), metrics.shape_errors(still)
    order = [index for index in np.argsort(-np.nan_to_num(error)) if not np.isnan(error[index])]
    figure, axes = grid(1, 1, (11, 4))
    place = np.arange(len(order))
    axes[0, 0].bar(place - 0.2, error[order], 0.4, color=MADE, label="facewire")
    axes[0, 0].bar(place + 0.2, scale[order], 0.4, color=REAL, label="mean face")
    axes[0, 0].set_xticks(place, [blendshapes.NAMES[index] for index in order], rotation=90, fontsize=7)
    axes[0, 0].set_ylabel("mean absolute error")
    axes[0, 0].legend()
    save(figure, path, "Error by shape")


def spectra(path: Path, pairs: Sequence[Pair], fps: int) -> None:
    """Plot how much lips and upper face move at each frequency; too much at high frequencies is trembling."""
    regions = {"jaw and lips": blendshapes.LIPS_27, "upper face": blendshapes.UPPER}
    figure, axes = grid(1, len(regions), (10, 3.5))
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
    save(figure, path, "How fast the face moves")


def confusion(path: Path, found: Confusion) -> None:
    """Plot who was taken for whom, as shares of each voice's pieces."""
    shares = found.counts / np.maximum(found.counts.sum(1, keepdims=True), 1)
    size = max(3.5, 0.45 * len(found.names))
    figure, axes = grid(1, 1, (size + 1, size))
    axis = axes[0, 0]
    axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.argwhere(found.counts):
        color = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(found.counts[row, column]), ha="center", va="center", color=color, fontsize=8)
    axis.set_xticks(range(len(found.names)), found.names, rotation=90, fontsize=8)
    axis.set_yticks(range(len(found.names)), found.names, fontsize=8)
    axis.set_xlabel("matched to")
    axis.set_ylabel("voice of")
    save(figure, path, "Identities by voice")


def bars(path: Path, values: Mapping[str, Mapping[str, tuple[float, float]]], title: str) -> None:
    """Plot figures of several variants side by side with error bars: by figure, then by variant."""
    figure, axes = grid(1, len(values), (3.2 * len(values), 3.6))
    for axis, (name, by_variant) in zip(axes[0], values.items(), strict=True):
        means, deviations = zip(*by_variant.values(), strict=True)
        axis.bar(range(len(means)), means, yerr=deviations, color=MADE, capsize=3)
        axis.set_xticks(range(len(means)), list(by_variant), rotation=90, fontsize=7)
        axis.set_title(name, fontsize=9)
    save(figure, path, title)


def recovered(path: Path, points: Mapping[str, Sequence[tuple[str, float, float]]], title: str) -> None:
    """Plot recovered against planted habits, one panel per habit: (whose, planted, recovered)."""
    columns = -(-len(points) // 2)
    figure, axes = grid(2, columns, (3 * columns, 6.2))
    for axis, (name, people) in zip(axes.flat, points.items(), strict=False):
        ends = [planted for _, planted, _ in people]
        axis.plot([min(ends), max(ends)], [min(ends), max(ends)], color=REAL, linewidth=0.9)
        for number, (who, planted, found) in enumerate(people):
            once_more = who == "enrolled"  # in the colour of the last performer
            axis.plot(planted, found, "x" if once_more else "o", color=f"C{number - once_more}", label=who)
        axis.set_title(name, fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("planted", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("recovered", fontsize=8)
    axes[0, 0].legend(fontsize=7)
    save(figure, path, title)


def by_seconds(path: Path, curves: Mapping[str, Mapping[float, float]], title: str) -> None:
    """Plot shares in percent by seconds of sound, one curve per name."""
    figure, axes = grid(1, 1, (6, 3.8))
    for name, shares in curves.items():
        axes[0, 0].plot(list(shares), [100 * share for share in shares.values()], "o-", label=name)
    axes[0, 0].set_xlabel("seconds of voice")
    axes[0, 0].set_ylabel("%")
    axes[0, 0].set_ylim(None, 101)
    axes[0, 0].grid(alpha=0.3)
    axes[0, 0].legend(fontsize=8)
    save(figure, path, title)


def learning(path: Path, losses: Mapping[str, Sequence[float]], probe: Mapping[int, float]) -> None:
    """Plot losses by step, one curve per name, averaged over some steps; below, the correlations of a probe."""
    figure, axes = grid(2 if probe else 1, 1, (8, 6 if probe else 3.5), sharex="col")
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
    save(figure, path, "Learning")


def _curve(axis: Any, pair: Pair, shape: str, fps: int) -> None:
    made = _values(pair.made[: SECONDS * fps], shape)
    real = _values(pair.real[: len(made)], shape)
    times_s = np.arange(len(made)) / fps
    if _captured(pair, shape):
        axis.plot(times_s, real, color=REAL, label="recorded face")
    axis.plot(times_s, made, color=MADE, label="facewire", linewidth=1.1)
    both = np.concatenate([made, real])
    axis.set_ylim(min(0.0, float(both.min())) - 0.02, max(0.3, float(both.max())) * 1.05)
    if shape == CLOSURE:
        onsets_s = [onset_s for onset_s in pair.onsets_s if onset_s < len(made) / fps]
        for index, onset_s in enumerate(onsets_s):
            axis.axvline(onset_s, color="black", ls=":", lw=0.9, label="p, b or m begins" if index == 0 else None)


def _values(face: Curves, shape: str) -> Curves:
    """A shape's curve (frames,), or the difference of two."""
    first, *less = shape.split(" - ")
    values = face[:, blendshapes.INDEX[first]]
    return values - face[:, blendshapes.INDEX[less[0]]] if less else values


def _captured(pair: Pair, shape: str) -> bool:
    return all(pair.captured[blendshapes.INDEX[name]] for name in shape.split(" - "))
