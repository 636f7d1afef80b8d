"""How well voices are told apart in unseen recordings (the paper's table 4), strangers among them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.voices import Projection
from model.windows import Floats
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.judge import plots
from training.judge.matching import Confusion
from training.judge.tables import Value, cell, markdown
from training.speakers.enrolled import DRAWN, REJECTED, SECONDS, Curves, told_apart
from training.speakers.hear import Speakers, long_enough, pieces
from training.speakers.teach import PIECE_S, discriminant, drawn, library

FOLDS: Final = 4
"""Each leaves out a quarter of the speakers, as strangers."""
METHODS: Final = 5
"""Simpler methods, for comparison."""

ROUNDS: Final = len(SECONDS) + FOLDS + METHODS
"""Steps of progress reported by `tell_apart`."""


@dataclass(frozen=True)
class Told:
    """The results, by method or by seconds of voice."""

    confusion: Confusion
    """Of pieces of `PIECE_S`, by the projection."""
    by_method: dict[str, float]
    """Share of pieces of `PIECE_S` matched to their speaker."""
    known: dict[float, float]
    """The same by seconds, by the projection."""
    strangers: dict[float, float]
    """Share of strangers' pieces rejected by the floor that rejects `REJECTED` of the others'."""
    known_beside_strangers: dict[float, float]
    """Share of the others' pieces matched to their speaker, by the same projections."""
    enrolled: Curves
    """By the checkpoint's own projection; empty if it does not tell voices apart."""


def tell_apart(
    speakers: Speakers,
    hidden: tuple[int, int],
    seed: int = 0,
    told: Callable[[], None] = lambda: None,
    taught: tuple[Projection, float] | None = None,
) -> Told:
    """Judge the held-out recordings by what was learnt from the others.

    The first of the features (n, W) are an encoder's layers, of a number and width given by `hidden`; the rest are the
    timbre. `taught` is a checkpoint's own projection and floor. Raises FacewireError if fewer than eight speakers have
    enough of both.
    """
    spoken, held = (long_enough(speakers, 2 * PIECE_S, held_out=out) for out in (False, True))
    names = [name for name in spoken if name in held]
    if len(names) < 2 * FOLDS:
        raise FacewireError(
            f"{len(names)} speakers with {2 * PIECE_S:.0f} s of voice both to learn from and held out: at least "
            f"{2 * FOLDS} are needed"
        )
    rng = np.random.default_rng(seed)
    learnt = {name: drawn(spoken[name], rng) for name in names}
    projection = discriminant(learnt)
    known = {}
    for seconds in SECONDS:
        found = matched(learnt, held, projection, seconds, rng)
        known[seconds] = found.scores()["accuracy"]
        if seconds == PIECE_S:
            confusion = found
        told()
    strangers, beside = _strangers(learnt, held, rng, told)
    by_method = {}
    for method, simpler in _methods(learnt, *hidden):
        by_method[method] = matched(learnt, held, simpler, PIECE_S, rng).scores()["accuracy"]
        told()
    by_method["layers and timbre, projected"] = known[PIECE_S]
    enrolled = told_apart(learnt, held, *taught, rng) if taught else {}
    return Told(confusion, by_method, known, strangers, beside, enrolled)


def matched(
    learnt: Mapping[str, Floats], held: Speakers, projection: Projection, seconds: float, rng: np.random.Generator
) -> Confusion:
    """Who was taken for whom: held-out pieces by their likeness to the learnt voices."""
    names = tuple(learnt)
    voices = library(learnt, projection)
    counts = np.zeros((len(names), len(names)), np.int64)
    for place, name in enumerate(names):
        best = (projection(pieces(held[name], seconds, DRAWN, rng)) @ voices.T).argmax(1)
        counts[place] = np.bincount(best, minlength=len(names))
    return Confusion(names, counts)


def _strangers(
    learnt: Mapping[str, Floats], held: Speakers, rng: np.random.Generator, told: Callable[[], None]
) -> tuple[dict[float, float], dict[float, float]]:
    """Shares by seconds: strangers' pieces rejected, and the others' matched. Strangers are not learnt from."""
    names = list(learnt)
    rejected: dict[float, list[float]] = {seconds: [] for seconds in SECONDS}
    right: dict[float, list[float]] = {seconds: [] for seconds in SECONDS}
    for fold in range(FOLDS):
        out = names[fold::FOLDS]
        inside = [name for name in names if name not in out]
        known = {name: learnt[name] for name in inside}
        projection = discriminant(known)
        voices = library(known, projection)
        for seconds in SECONDS:
            scores = {n: projection.likeness(projection(pieces(held[n], seconds, DRAWN, rng)), voices) for n in names}
            floor = np.quantile(np.concatenate([scores[n].max(1) for n in inside]), REJECTED)
            rejected[seconds].append(float(np.mean([scores[n].max(1) < floor for n in out])))
            hits = [scores[n].argmax(1) == place for place, n in enumerate(inside)]
            right[seconds].append(float(np.mean(hits)))
        told()
    return tuple({s: float(np.mean(found)) for s, found in each.items()} for each in (rejected, right))  # type: ignore[return-value]


def _methods(learnt: Mapping[str, Floats], layers: int, width: int) -> Iterator[tuple[str, Projection]]:
    """`METHODS` simpler ones: parts of the pooled features (2 W), as they are or projected."""
    every = next(iter(learnt.values())).shape[1] // 2
    means = np.arange(every)
    last, hidden, timbre = (
        means[width * (layers - 1) : width * layers],
        means[: width * layers],
        means[width * layers :],
    )
    yield "mean of the last layer (the paper's)", _standardising(learnt, last)
    yield "mean and deviation of the last layer", _standardising(learnt, np.r_[last, every + last])
    yield "mean and deviation of all layers", _standardising(learnt, np.r_[hidden, every + hidden])
    yield "the same, projected", _projecting(learnt, np.r_[hidden, every + hidden])
    yield "mean and deviation of the timbre, projected", _projecting(learnt, np.r_[timbre, every + timbre])


def _standardising(learnt: Mapping[str, Floats], part: NDArray[np.int64]) -> Projection:
    """Without projection: pooled numbers, standardised over all pieces."""
    pooled = np.concatenate(list(learnt.values()))
    return Projection(
        pooled.mean(0),
        pooled.std(0) + np.float32(1e-6),
        np.eye(pooled.shape[1], dtype=np.float32)[part],
        np.zeros((0, len(part)), np.float32),
    )


def _projecting(learnt: Mapping[str, Floats], part: NDArray[np.int64]) -> Projection:
    """A projection learnt from some of the pooled numbers only."""
    narrow = discriminant({name: pooled[:, part] for name, pooled in learnt.items()})
    size = next(iter(learnt.values())).shape[1]
    wide = Projection(
        np.zeros(size, np.float32),
        np.ones(size, np.float32),
        np.zeros((len(narrow.matrix), size), np.float32),
        narrow.others,
    )
    wide.mean[part], wide.std[part], wide.matrix[:, part] = narrow.mean, narrow.std, narrow.matrix
    return wide


def write(folder: Path, told: Told) -> str:
    """Write speakers.md with its plots and speakers.json into a folder; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = told.confusion.scores()
    curves = {
        "known voices matched": told.known,
        "the same, some voices being strangers": told.known_beside_strangers,
        f"strangers rejected, where {REJECTED:.0%} of the known are": told.strangers,
    }
    plots.by_seconds(folder / "speakers.png", curves, "Voices told apart, by how long they were heard")
    plots.confusion(folder / "identities.png", told.confusion)
    methods = [[name, f"{100 * share:.1f} %"] for name, share in told.by_method.items()]
    tables = [
        markdown(list(scores), [[cell(Value(value)) for value in scores.values()]]),
        _by_seconds("", curves),
        markdown([f"pooled of {PIECE_S:g} s", "matched"], methods),
        *([_by_seconds("as the checkpoint was taught", told.enrolled)] if told.enrolled else []),
    ]
    page = "\n".join(tables)
    with complete_or_not_at_all(folder / "speakers.md") as partial:
        partial.write_text(page, "utf-8")
    figures = {"scores": scores, "methods": told.by_method, "enrolled": told.enrolled} | curves
    with complete_or_not_at_all(folder / "speakers.json") as partial:
        partial.write_text(json.dumps(figures, indent=1), "utf-8")
    return page


def _by_seconds(title: str, curves: Curves) -> str:
    rows = [[name, *(f"{100 * share:.1f} %" for share in by.values())] for name, by in curves.items()]
    return markdown([title, *(f"{value:g} s" for value in SECONDS)], rows)
