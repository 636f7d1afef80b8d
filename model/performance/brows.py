"""Brows: raises and frowns on accents and questions, flashes when a turn begins, and how they rest.

They move with the head: on the same accents, a little later and less often. What goes with them (outer brows, lids,
squint) is in `couplings`.
"""

from typing import Final, NamedTuple

import numpy as np

from model.performance import curves
from model.performance.chance import Dice
from model.performance.curves import Row
from model.performance.moment import Moment
from model.performance.phrases import Cue

SPACINGS_S: Final = (2.3, 0.8)
"""Of what wanders, slowly and faster."""
ON_ACCENT: Final = 0.4
"""Share of accents that brows mark: about every second one (Flecha-García 2010), less those too small to see."""
RAISE: Final = 0.14
"""Median on an accent of strength 1. Real faces in lively speech reach .1 to .8 (browInnerUp, 95th percentile)."""
FROWN: Final = 0.18
FROWNS: Final = 0.25
"""Share of those marks that are frowns; the others are raises (our choice)."""
FLASH: Final = 0.16
FLASH_AT_TURN: Final = 0.5
"""Share of turns that begin with raised brows."""
QUESTION: Final = 0.25
SIGMA: Final = 0.5
AGAIN_S: Final = 0.35
RISE_S: Final = 0.3
HOLD_S: Final = (0.05, 0.2)
FALL_S: Final = (0.8, 1.5)
WANDER: Final = np.array([0.035, 0.012])
"""Deviation of brows that nothing moves, slow and faster: up they are raised, down they frown."""
FROWN_SHARE: Final = 1.1
_SIZE, _WHICH, _FALL, _HOLD, _TURN = range(400, 405)


class Brows(NamedTuple):
    """What is remembered of a session's brows."""

    last_s: float = -60.0


def decide(brows: Brows, now: Moment) -> tuple[Brows, list[Row]]:
    """The gestures of the brows that begin at this frame: memory and pulses."""
    cue, dice = now.cue, now.dice
    if now.at_s - brows.last_s < AGAIN_S:
        return brows, []
    up, down = _wanted(cue, dice)
    if not up and not down:
        return brows, []
    size = dice.around(_SIZE, now.vigour, SIGMA)
    hold_s, fall_s = dice.between(_HOLD, *HOLD_S), dice.between(_FALL, *FALL_S)
    if cue.question:
        hold_s += 0.4
    raised, frown = min(up * size, 0.75), min(down * size, 0.6)
    return Brows(now.at_s), [curves.pulse(now.at_s, RISE_S, hold_s, fall_s, **{"raise": raised, "frown": frown})]


def _wanted(cue: Cue, dice: Dice) -> tuple[float, float]:
    """How far up, and how far down."""
    if cue.question:
        return QUESTION, 0.0
    if cue.turn_begins and dice.uniform(_TURN) < FLASH_AT_TURN:
        return FLASH, 0.0
    if not cue.accent:
        return 0.0, 0.0
    which = dice.uniform(_WHICH) / ON_ACCENT
    if which < FROWNS:
        return 0.0, FROWN * cue.accent
    return (RAISE * cue.accent, 0.0) if which < 1 else (0.0, 0.0)
