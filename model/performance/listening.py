"""Listening: what a face does while somebody else speaks, or nobody.

Nods fall into the other's pauses; with nobody to hear they are small and rare.
"""

from typing import Final, NamedTuple

from model.performance import curves
from model.performance.chance import Dice
from model.performance.curves import Row
from model.performance.moment import Moment

AFTER_PHRASE: Final = 0.55
"""Share of the other's phrases of `PHRASE_S` or more that are answered by a nod (our choice; Ward and Tsukahara 2000: a
pause after low pitch calls for a response within .7 s)."""
PHRASE_S: Final = 1.0
AFTER_S: Final = (0.05, 0.4)
NOD_DEG: Final = 3.2
ALONE_DEG: Final = 1.6
ALONE_S: Final = 11.0
"""Mean time between nods of one who hears nobody."""
NOD_S: Final = 0.17
"""There, of a nod of usual size; back takes a little longer. Some 2-3 Hz (Hadar et al. 1985)."""
AGAIN: Final = 0.6
"""Each further nod of a series is so much smaller."""
RAISE: Final = 0.12
_WHETHER, _COUNT, _SIZE, _AFTER, _BROWS, _ALONE = range(500, 506)


class Listener(NamedTuple):
    """What is remembered of a session's listening."""

    alone_s: float = -1.0
    """When the next nod to nobody is due."""
    last_s: float = -60.0


def decide(listener: Listener, now: Moment) -> tuple[Listener, list[Row]]:
    """The nods that begin at this frame: memory and pulses."""
    strength, dice, other, at_s = now.manner.listening, now.dice, now.other, now.at_s
    if now.cue.talking > 0.3 or not strength:
        return listener, []
    if other is not None and other.phrase_ended_s >= PHRASE_S and at_s - listener.last_s > 1.0:
        if dice.uniform(_WHETHER) > AFTER_PHRASE:
            return listener, []
        raised = RAISE * strength if dice.uniform(_BROWS) < 0.3 else 0.0
        return listener._replace(last_s=at_s), _nods(dice, at_s, NOD_DEG * strength, raised)
    if listener.alone_s < 0:
        return listener._replace(alone_s=at_s + dice.around(_ALONE, ALONE_S, 0.4)), []
    if at_s < listener.alone_s or (other is not None and other.talking > 0.3):
        return listener, []
    after = listener._replace(alone_s=at_s + dice.around(_ALONE, ALONE_S, 0.4), last_s=at_s)
    return after, _nods(dice, at_s, ALONE_DEG * strength, 0.0)


def _nods(dice: Dice, now_s: float, size_deg: float, raised: float) -> list[Row]:
    """One to three, ever smaller."""
    size, begin_s, rows = dice.around(_SIZE, size_deg, 0.3), now_s + dice.between(_AFTER, *AFTER_S), []
    for _ in range(1 + int(dice.uniform(_COUNT) ** 2 * 3)):
        rise_s = NOD_S + 0.01 * size
        rows.append(curves.pulse(begin_s, rise_s, 0.0, 1.6 * rise_s, pitch=size, **{"raise": raised}))
        begin_s, size, raised = begin_s + 2.1 * rise_s, AGAIN * size, 0.0
    return rows
