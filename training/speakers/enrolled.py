"""How well people who were only enrolled are told apart, with a checkpoint's own projection and floor."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from model.voices import Projection
from model.windows import Floats
from training.speakers.hear import Speakers, pieces
from training.speakers.teach import equal_error, library

SECONDS: Final = (1.0, 2.0, 3.0, 5.0, 8.0)
"""Lengths of voice that are judged."""
DRAWN: Final = 50
"""Pieces of each speaker and length."""

REJECTED: Final = 0.05
"""Share of known voices that may fall below a floor."""

Curves = dict[str, dict[float, float]]
"""Shares by seconds of voice, by figure."""


def told_apart(
    learnt: Mapping[str, Floats], held: Speakers, projection: Projection, floor: float, rng: np.random.Generator
) -> Curves:
    """Held-out pieces by their likeness to the learnt voices; nobody else is known.

    As strangers, everyone is judged once more by the voices of all others.
    """
    voices, curves = library(learnt, projection), Curves()
    own = np.eye(len(voices), dtype=bool)[:, None].repeat(DRAWN, 1)  # (N, pieces, N)
    for seconds in SECONDS:
        likeness = np.stack(
            [projection.likeness(projection(pieces(held[name], seconds, DRAWN, rng)), voices) for name in learnt]
        )
        known, strangers = likeness.max(-1), np.where(own, -np.inf, likeness).max(-1)
        figures = {
            "enrolled voices matched": (likeness.argmax(-1) == np.arange(len(voices))[:, None]).mean(),
            "equal error rate, one voice against another": equal_error(likeness[own], likeness[~own]).share,
            f"strangers rejected, where {REJECTED:.0%} of the enrolled are": (
                strangers < np.quantile(known, REJECTED)
            ).mean(),
            "enrolled rejected by its floor": (known < floor).mean(),
            "strangers rejected by its floor": (strangers < floor).mean(),
        }
        for name, figure in figures.items():
            curves.setdefault(name, {})[seconds] = float(figure)
    return curves
