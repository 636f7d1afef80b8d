"""Blinks: when they come, and how lids go down and up.

A blink is due when its share of waiting is over; how fast waiting goes depends on what the person does. So the gaps are
log-normal in a steady state, and rates change at once.
"""

from typing import Final, NamedTuple

from model.performance import curves
from model.performance.chance import Dice
from model.performance.curves import Row
from model.performance.moment import Moment

MEDIAN_TALKING_S: Final = 2.2
MEDIAN_REST_S: Final = 2.8
SIGMA: Final = 0.8
"""Of the gaps from one blink's onset to the next, log-normal. Bentivoglio et al. (1997, 150 people) counted 17 blinks a
minute at rest and 26 in conversation; these make some 18 and 22."""
LEAST_S: Final = 0.5
"""Between two that are no double."""
AMID_SPEECH: Final = 0.75
AT_PAUSES: Final = 1.8
"""How much faster waiting goes amid a phrase, and when one has ended: speakers blink at the ends (Nakano and Kitazawa
2010; the sizes are our choice)."""
PAUSE_S: Final = (0.1, 0.6)
"""Silence between these counts as the end of a phrase."""
DOUBLE: Final = 0.07
"""Share of blinks that are followed by another at once."""
DOUBLE_AFTER_S: Final = (0.3, 0.4)
CLOSING_S: Final = (0.07, 0.1)
"""Onset to closed: 92 ms (VanderWerf et al. 2003); .1 s in real curves of ARKit at 30 frames per second."""
CLOSED_S: Final = (0.015, 0.04)
OPENING_S: Final = (0.17, 0.25)
"""Closed to open: 242 ms (VanderWerf et al. 2003), most of the way in the first half, as in ARKit's curves."""
DEPTH: Final = (0.93, 1.0)
INCOMPLETE: Final = 0.12
"""Share of blinks that do not close the eye (10-20 % in conversation, Doane 1980)."""
INCOMPLETE_DEPTH: Final = (0.5, 0.8)
TALKING: Final = 0.2
"""`Cue.talking` from which phrases count."""
WITH_GAZE_DEG: Final = (5.0, 33.0)
"""Shifts of gaze that never and always bring a blink: 97 % of those above 33 degrees (Evinger et al. 1994)."""
_NEED, _DOUBLE, _AFTER, _WHOLE, _DEPTH, _CLOSE, _HOLD, _OPEN, _GAZE = range(100, 109)


class Lids(NamedTuple):
    """What is remembered of a session's lids."""

    waited: float = 0.0
    """In medians of the gap."""
    due: float = 0.0
    """How long to wait; 0 before the first."""
    last_s: float = -60.0


def decide(lids: Lids, now: Moment, shift_deg: float) -> tuple[Lids, list[Row]]:
    """The blinks that begin at this frame, as memory and pulses; `shift_deg`: how far gaze is shifted here."""
    rate, dice, cue = now.manner.blinks, now.dice, now.cue
    if not rate:
        return lids, []
    waited, due, last_s = lids
    if not due:
        due, waited = dice.around(_NEED, 1.0, SIGMA), dice.uniform(_GAZE)
    speed = rate / (MEDIAN_REST_S + (MEDIAN_TALKING_S - MEDIAN_REST_S) * cue.talking)
    if cue.talking > TALKING:
        speed *= AMID_SPEECH if cue.sounding else AT_PAUSES if PAUSE_S[0] < cue.quiet_s < PAUSE_S[1] else 1.0
    waited += now.dt_s * speed
    least, always = WITH_GAZE_DEG
    with_gaze = shift_deg > least and dice.uniform(_GAZE) * (always - least) < (shift_deg - least) * min(rate, 1.0)
    if not (waited >= due or with_gaze) or now.at_s - last_s < LEAST_S:
        return Lids(waited, due, last_s), []
    blinks, last_s = [_blink(now.at_s, dice, 0)], now.at_s
    if dice.uniform(_DOUBLE) < DOUBLE:
        last_s += dice.between(_AFTER, *DOUBLE_AFTER_S)
        blinks.append(_blink(last_s, dice, 50))
    return Lids(0.0, dice.around(_NEED, 1.0, SIGMA), last_s), blinks


def _blink(onset_s: float, dice: Dice, other: int) -> Row:
    incomplete = dice.uniform(_WHOLE + other) < INCOMPLETE
    return curves.pulse(
        onset_s,
        dice.between(_CLOSE + other, *CLOSING_S),
        dice.between(_HOLD + other, *CLOSED_S),
        dice.between(_OPEN + other, *OPENING_S),
        shut=dice.between(_DEPTH + other, *(INCOMPLETE_DEPTH if incomplete else DEPTH)),
    )
