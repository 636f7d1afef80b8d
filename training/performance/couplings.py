"""How shapes of a real face go together, fitted to takes: the strengths in `model.performance.couplings`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.performance import couplings
from model.windows import Floats
from protocols.blendshapes import INDEX

Numbers = NDArray[np.float64]
ROUNDS: Final = 500


@dataclass(frozen=True)
class Rule:
    """A shape that is a sum of others, none of them negative; both sides' mean of each."""

    shape: str
    of: tuple[str, ...]
    names: tuple[str, ...]
    """Of the strengths in `model.performance.couplings`."""
    unless: tuple[str, ...] = ()
    """Frames with more than `FREE` of these are left out: they have a cause of their own."""
    beyond: float = 0.0
    """The others count from here."""


FREE: Final = 0.05
RULES: Final = (
    Rule("browOuterUp", ("browInnerUp",), ("OUTER_WITH_INNER",), unless=("browDown",)),
    Rule("eyeWide", ("browOuterUp", "eyeLookUp"), ("WIDE_WITH_BROWS", "WIDE_LOOKING_UP"), unless=("browDown",)),
    Rule("noseSneer", ("mouthUpperUp", "browDown"), ("SNEER_WITH_UPPER_LIP", "SNEER_WITH_FROWN")),
    Rule("cheekSquint", ("noseSneer",), ("CHEEK_WITH_SNEER",)),
    Rule("cheekSquint", ("mouthSmile",), ("CHEEK_WITH_SMILE",), unless=("browDown",)),
    Rule("eyeSquint", ("cheekSquint", "browDown"), ("SQUINT_WITH_CHEEK", "SQUINT_WITH_FROWN")),
    Rule(
        "eyeBlink", ("eyeLookDown",), ("LID_LOOKING_DOWN",), unless=("cheekSquint", "browDown", "eyeSquint"),
        beyond=couplings.LOOKING_DOWN_FREE,
    ),
)  # fmt: skip
BLINKING: Final = 0.5
"""Frames with more eyeBlink are left out: lids say nothing then."""


@dataclass(frozen=True)
class Fitted:
    """What a rule comes to."""

    rule: Rule
    strengths: tuple[float, ...]
    r: float
    """Correlation of the sum with the shape."""
    frames: int

    @property
    def in_force(self) -> tuple[float, ...]:
        """The strengths that a performance uses."""
        return tuple(getattr(couplings, name) for name in self.rule.names)


def fit(weights: Floats) -> list[Fitted]:
    """All rules, fitted to curves (n, 52)."""
    return [_fitted(rule, np.asarray(weights, np.float64)) for rule in RULES]


def table(fits: Sequence[Fitted]) -> str:
    """As text, one strength a line."""
    lines = [f"{'shape':12} {'with':13} {'fitted':>7} {'in use':>7} {'r':>5} {'frames':>7}"]
    for fitted in fits:
        for of, strength, used in zip(fitted.rule.of, fitted.strengths, fitted.in_force, strict=True):
            row = f"{fitted.rule.shape:12} {of:13} {strength:7.2f} {used:7.2f} {fitted.r:5.2f} {fitted.frames:7d}"
            lines.append(row)
    return "\n".join(lines)


def _shape(weights: Numbers, name: str) -> Numbers:
    sides = [side for side in (name, f"{name}Left", f"{name}Right") if side in INDEX]
    mean: Numbers = weights[:, [INDEX[side] for side in sides]].mean(1)
    return mean


def _fitted(rule: Rule, weights: Numbers) -> Fitted:
    use = _shape(weights, "eyeBlink") < BLINKING
    for name in rule.unless:
        use &= _shape(weights, name) < FREE
    if use.sum() < 2:
        return Fitted(rule, (float("nan"),) * len(rule.of), float("nan"), int(use.sum()))
    shape = _shape(weights, rule.shape)[use]
    causes = np.stack([np.maximum(_shape(weights, of)[use] - rule.beyond, 0) for of in rule.of], axis=1)
    strengths = _none_negative(causes, shape)
    known = (causes @ strengths).std() > 0 and shape.std() > 0
    r = float(np.corrcoef(causes @ strengths, shape)[0, 1]) if known else float("nan")
    return Fitted(rule, tuple(strengths.tolist()), r, int(use.sum()))


def _none_negative(causes: Numbers, shape: Numbers) -> Numbers:
    """Least squares (k,) of causes (n, k) without negative strengths or offset, one coordinate after the other."""
    square, cross = causes.T @ causes, causes.T @ shape
    strengths = np.zeros(causes.shape[1])
    for _ in range(ROUNDS):
        for k in np.flatnonzero(np.diag(square)):
            strengths[k] = max(0.0, strengths[k] + (cross[k] - square[k] @ strengths) / square[k, k])
    return strengths
