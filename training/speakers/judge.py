"""How well voices are told apart, in recordings that nothing was learnt from (the paper's table 4), and strangers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from model.voices import Projection
from model.windows import Floats
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.judge import plots
from training.judge.matching import Confusion
from training.judge.tables import Value, cell, markdown
from training.speakers.hear import Speakers, long_enough, pieces
from training.speakers.teach import PIECE_S, REJECTED, centre, discriminant, drawn

SECONDS: Final = (1.0, 2.0, 3.0, 5.0, 8.0)
"""Lengths of voice that are judged."""
DRAWN: Final = 50
"""Pieces of each speaker and length."""
FOLDS: Final = 4
"""Each leaves a quarter of the speakers out, as strangers."""

ROUNDS: Final = len(SECONDS) + FOLDS + 3
"""Of progress that `tell_apart` tells."""


@dataclass(frozen=True)
class Told:
    """What was found, by method or by seconds of voice."""

    confusion: Confusion
    """Of pieces of `PIECE_S`, by the projection."""
    by_method: dict[str, float]
    """Share of pieces of `PIECE_S` that were matched to their speaker."""
    known: dict[float, float]
    """The same by seconds, by the projection."""
    strangers: dict[float, float]
    """Share of the pieces of people left out that are rejected by the floor that rejects `REJECTED` of the others."""
    known_beside_strangers: dict[float, float]
    """Share of the others' pieces that are matched to their speaker, by the same projections."""


def tell_apart(speakers: Speakers, layers: int, seed: int = 0, told: Callable[[], None] = lambda: None) -> Told:
    """Judge the recordings that are held out by what was learnt from the others. Features are of so many layers.

    Raises FacewireError where less than eight speakers have enough of both.
    """
    learnt, held = (long_enough(speakers, 2 * PIECE_S, held_out=out) for out in (False, True))
    names = [name for name in learnt if name in held]
    if len(names) < 2 * FOLDS:
        raise FacewireError(
            f"{len(names)} speakers with {2 * PIECE_S:.0f} s of voice both to learn from and held out: at least "
            f"{2 * FOLDS} are needed"
        )
    learnt, held = ({name: some[name] for name in names} for some in (learnt, held))
    rng = np.random.default_rng(seed)
    projection = discriminant(learnt, rng)
    known = {}
    for seconds in SECONDS:
        found = matched(learnt, held, projection, seconds, rng)
        known[seconds] = found.scores()["accuracy"]
        if seconds == PIECE_S:
            confusion = found
        told()
    strangers, beside = _strangers(learnt, held, rng, told)
    by_method = {}
    for method, (part, plain) in _methods(layers).items():
        some, others = (
            {n: [replace(r, features=part(r.features)) for r in rs] for n, rs in s.items()} for s in (learnt, held)
        )
        by_method[method] = matched(some, others, _standardising(some, rng, plain=plain), PIECE_S, rng).scores()[
            "accuracy"
        ]
        told()
    by_method["the same, projected"] = known[PIECE_S]
    return Told(confusion, by_method, known, strangers, beside)


def matched(
    learnt: Speakers, held: Speakers, projection: Projection, seconds: float, rng: np.random.Generator
) -> Confusion:
    """Who was taken for whom: pieces of what is held out, by their likeness to the voices of what was learnt."""
    names = tuple(learnt)
    library = _library(learnt, projection, rng)
    counts = np.zeros((len(names), len(names)), np.int64)
    for place, name in enumerate(names):
        best = (projection(pieces(held[name], seconds, DRAWN, rng)) @ library.T).argmax(1)
        counts[place] = np.bincount(best, minlength=len(names))
    return Confusion(names, counts)


def _library(learnt: Speakers, projection: Projection, rng: np.random.Generator) -> Floats:
    """The voice (N, V) of each speaker."""
    return np.stack([centre(projection(drawn(some, rng))) for some in learnt.values()])


def _strangers(
    learnt: Speakers, held: Speakers, rng: np.random.Generator, told: Callable[[], None]
) -> tuple[dict[float, float], dict[float, float]]:
    """By seconds: share of strangers rejected, and of the others matched."""
    names = sorted(learnt)
    rejected: dict[float, list[float]] = {seconds: [] for seconds in SECONDS}
    right: dict[float, list[float]] = {seconds: [] for seconds in SECONDS}
    for fold in range(FOLDS):
        out = names[fold::FOLDS]
        inside = [name for name in names if name not in out]
        known = {name: learnt[name] for name in inside}
        projection = discriminant(known, rng)
        library = _library(known, projection, rng)
        for seconds in SECONDS:
            scores = {n: projection(pieces(held[n], seconds, DRAWN, rng)) @ library.T for n in names}
            floor = np.quantile(np.concatenate([scores[n].max(1) for n in inside]), REJECTED)
            rejected[seconds].append(float(np.mean([scores[n].max(1) < floor for n in out])))
            hits = [scores[n].argmax(1) == place for place, n in enumerate(inside)]
            right[seconds].append(float(np.mean(hits)))
        told()
    return tuple({s: float(np.mean(found)) for s, found in each.items()} for each in (rejected, right))  # type: ignore[return-value]


def _methods(layers: int) -> dict[str, tuple[Callable[[Floats], Floats], bool]]:
    """What may be pooled of features (n, W): the part of W, and whether it is the mean alone."""

    def last(features: Floats) -> Floats:
        return features[:, -(features.shape[1] // layers) :]

    return {
        "mean of the last layer (the paper's)": (last, True),
        "mean and deviation of the last layer": (last, False),
        "mean and deviation of all layers": (lambda features: features, False),
    }


def _standardising(speakers: Speakers, rng: np.random.Generator, *, plain: bool) -> Projection:
    """No projection: pooled numbers, each standardised over all pieces; `plain`: means only."""
    every = np.concatenate([pieces(some, PIECE_S, DRAWN, rng) for some in speakers.values()])
    width = every.shape[1]
    return Projection(
        every.mean(0), every.std(0) + np.float32(1e-6), np.eye(width // 2 if plain else width, width, dtype=np.float32)
    )


def write(folder: Path, told: Told) -> str:
    """Write speakers.md with its pictures and speakers.json into a folder, and return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = told.confusion.scores()
    curves = {
        "known voices matched": told.known,
        "the same, some voices being strangers": told.known_beside_strangers,
        f"strangers rejected, where {REJECTED:.0%} of the known are": told.strangers,
    }
    plots.by_seconds(folder / "speakers.png", curves, "Voices told apart, by how long they were heard")
    plots.confusion(folder / "identities.png", told.confusion)
    seconds = [f"{value:g} s" for value in SECONDS]
    rows = [[name, *(f"{100 * share:.1f} %" for share in by.values())] for name, by in curves.items()]
    methods = [[name, f"{100 * share:.1f} %"] for name, share in told.by_method.items()]
    page = (
        markdown(list(scores), [[cell(Value(value)) for value in scores.values()]])
        + "\n"
        + markdown(["", *seconds], rows)
        + "\n"
        + markdown([f"pooled of {PIECE_S:g} s", "matched"], methods)
    )
    with complete_or_not_at_all(folder / "speakers.md") as partial:
        partial.write_text(page, "utf-8")
    with complete_or_not_at_all(folder / "speakers.json") as partial:
        partial.write_text(json.dumps({"scores": scores, "methods": told.by_method} | curves, indent=1), "utf-8")
    return page
