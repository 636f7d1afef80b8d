"""Gaze: whether the eyes hold the camera or turn away, and the saccades between.

After "Eyes Alive" (Lee, Badler and Badler 2002), whose times, sizes and directions were measured on people who talk and
listen. While they hold a face, eyes go on moving between its eyes and mouth.
"""

from math import cos, exp, hypot, log, radians, sin
from typing import Final, NamedTuple

from model.performance import curves
from model.performance.curves import Row
from model.performance.moment import Moment

TALKING_MUTUAL_S: Final = 93.9 / 30
"""Mean; exponential, as its deviation (94.9 / 30) says. Eyes Alive counts frames of 1/30 s."""
TALKING_AWAY_S: Final = (27.8 / 30, 24.0 / 30)
LISTENING_MUTUAL_S: Final = (237.5 / 30, 47.1 / 30)
LISTENING_AWAY_S: Final = (13.0 / 30, 7.1 / 30)
"""Means and deviations."""
MEAN_DEG: Final = 6.9
"""Of the size of a saccade, exponential: -6.9 ln(P / 15.7) (Eyes Alive)."""
LEAST_DEG: Final = 2.5
"""A smaller one does not turn away from a face."""
MOST_TALKING_DEG: Final = 27.5
MOST_LISTENING_DEG: Final = 22.7
DIRECTIONS: Final = (15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79)
"""Per cent of saccades toward 0, 45, 90 ... degrees: right, up right, up ... (Eyes Alive)."""
SACCADE_S: Final = 0.025
SACCADE_S_PER_DEG: Final = 0.0024
"""Duration of a saccade: 20-30 ms and 2.4 ms per degree (Eyes Alive, after Becker 1989)."""
FACE: Final = ((0.42, (-1.0, 0.0)), (0.42, (1.0, 0.0)), (0.16, (0.0, 2.0)))
"""What is looked at in a face, how often, and where it is in degrees (yaw, pitch): eyes and mouth at some 1.8 m."""
FACE_SPREAD_DEG: Final = 0.25
FIXATION_S: Final = 0.9
"""Median on one spot of a face, log-normal (our choice: .3 to 3 s, the range of free viewing)."""
FIXATION_SIGMA: Final = 0.6
TURN_BEGINS_AWAY: Final = 0.45
"""Share of turns that begin with a look away, and of phrases that end with a look back (Kendon 1967)."""
PHRASE_ENDS_BACK: Final = 0.6
ELSEWHERE_DEG: Final = 4.0
"""Farther than any spot of a face: what is looked at has moved."""
TALKING: Final = 0.5
"""`Cue.talking` from which times of talking count."""
LEAST_AWAY_S: Final = 0.3
CALLED_S: Final = 2.0
"""Who is spoken to looks at the speaker for so long at least."""
FIRST_S: Final = 1.2
"""Nobody looks away at once."""
_STAY, _SIZE, _WHERE, _AWAY, _SPOT, _SPOT_YAW, _SPOT_PITCH, _NEXT, _TURN, _BACK, _ASIDE = range(200, 211)


class Gaze(NamedTuple):
    """What is remembered of a session's eyes."""

    yaw: float = 0.0
    pitch: float = 0.0
    """Where they look, in degrees from straight ahead."""
    away: float = 0.0
    until_s: float = -1.0
    """When looking away, or holding, ends."""
    next_s: float = 0.0
    """When they go to the next spot."""


class Shift(NamedTuple):
    """A shift of gaze that begins."""

    yaw: float
    pitch: float
    off: tuple[float, float] | None
    """How far from what is looked at they turn; None where they only go on to another spot of it."""

    @property
    def size_deg(self) -> float:
        """How far."""
        return hypot(self.yaw, self.pitch)


def decide(gaze: Gaze, now: Moment) -> tuple[Gaze, Shift | None]:
    """Where the eyes turn at this frame, if they do."""
    cue, dice, look_at = now.cue, now.dice, now.manner.look_at
    called = now.other is not None and now.other.turn_begins and not cue.sounding
    if gaze.until_s < 0:
        return gaze._replace(until_s=now.at_s + FIRST_S + _holding_s(now), next_s=now.at_s + 0.3), None
    if gaze.away:
        back = cue.phrase_ended_s > 0 and now.at_s >= gaze.next_s and dice.uniform(_BACK) < PHRASE_ENDS_BACK
        if now.at_s >= gaze.until_s or called or back:
            return _to_spot(gaze, now, now.at_s + _holding_s(now), came_back=True)
        return gaze, None
    if called:
        return gaze._replace(until_s=max(gaze.until_s, now.at_s + CALLED_S)), None
    thinks = cue.turn_begins and dice.uniform(_TURN) < TURN_BEGINS_AWAY
    if now.at_s >= gaze.until_s or thinks:
        return _away(gaze, now)
    elsewhere = hypot(gaze.yaw - look_at[0], gaze.pitch - look_at[1]) > ELSEWHERE_DEG
    if now.at_s >= gaze.next_s or elsewhere:
        return _to_spot(gaze, now, gaze.until_s, came_back=elsewhere)
    return gaze, None


def saccade(shift: Shift, now_s: float) -> Row:
    """The step that eyes make of a shift."""
    duration_s = SACCADE_S + SACCADE_S_PER_DEG * shift.size_deg
    return curves.step(now_s, duration_s, gaze_yaw=shift.yaw, gaze_pitch=shift.pitch)


def _holding_s(now: Moment) -> float:
    if now.cue.talking > TALKING:
        return max(0.4, -TALKING_MUTUAL_S * log(now.dice.uniform(_STAY)))
    return max(1.0, LISTENING_MUTUAL_S[0] + LISTENING_MUTUAL_S[1] * now.dice.normal(_STAY))


def _away(gaze: Gaze, now: Moment) -> tuple[Gaze, Shift]:
    dice, (at_yaw, at_pitch) = now.dice, now.manner.look_at
    talking = now.cue.talking > TALKING
    most = MOST_TALKING_DEG if talking else MOST_LISTENING_DEG
    within = 1 - exp(-most / MEAN_DEG)  # so that the largest are as rare as they should be
    size = max(LEAST_DEG, -MEAN_DEG * log(1 - within * dice.uniform(_SIZE))) * now.manner.far
    rest, place = dice.uniform(_WHERE) * sum(DIRECTIONS), 0
    while rest > DIRECTIONS[place]:
        rest -= DIRECTIONS[place]
        place += 1
    angle = radians(45.0 * (place + dice.between(_ASIDE, -0.4, 0.4)))
    mean_s, deviation_s = TALKING_AWAY_S if talking else LISTENING_AWAY_S
    stays_s = max(LEAST_AWAY_S, mean_s + deviation_s * dice.normal(_AWAY))
    yaw, pitch = size * cos(angle), -size * sin(angle)
    moved = Gaze(at_yaw + yaw, at_pitch + pitch, 1.0, now.at_s + stays_s, now.at_s + LEAST_AWAY_S)
    return moved, Shift(moved.yaw - gaze.yaw, moved.pitch - gaze.pitch, (yaw, pitch))


def _to_spot(gaze: Gaze, now: Moment, until_s: float, *, came_back: bool) -> tuple[Gaze, Shift]:
    """To an eye or the mouth of whoever is looked at."""
    dice, look_at = now.dice, now.manner.look_at
    rest, spot = dice.uniform(_SPOT), FACE[-1][1]
    for share, place in FACE:
        rest -= share
        if rest < 0:
            spot = place
            break
    yaw = look_at[0] + spot[0] + FACE_SPREAD_DEG * dice.normal(_SPOT_YAW)
    pitch = look_at[1] + spot[1] + FACE_SPREAD_DEG * dice.normal(_SPOT_PITCH)
    stays_s = max(0.25, dice.around(_NEXT, FIXATION_S, FIXATION_SIGMA))
    shift = Shift(yaw - gaze.yaw, pitch - gaze.pitch, (0.0, 0.0) if came_back else None)
    return Gaze(yaw, pitch, 0.0, until_s, now.at_s + stays_s), shift
