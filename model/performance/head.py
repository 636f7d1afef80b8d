"""The head: postures it turns to, gestures it makes, and what it follows.

For scale, our own measurement of eight people who present to a camera: deviation of yaw 4.1, pitch 6.0, roll 2.9
degrees, mean speed 5-12, 11-22, 4-9 degrees per second; of somebody who sits and reads: 1.4, 1.2, .9 degrees. What
wanders all the time is in `SWAY`; postures change at phrases; nods, lifts, turns and tilts come with accents.
"""

from math import exp, hypot
from typing import Final, NamedTuple

import numpy as np

from model.performance import curves
from model.performance.chance import Dice
from model.performance.curves import Row
from model.performance.gaze import Shift
from model.performance.moment import Moment

SPACINGS_S: Final = (3.1, 2.7, 3.4, 3.7, 4.3, 3.3, 0.85, 0.75, 0.9, 0.31, 0.27, 0.36)
"""Of the sway: yaw, pitch, roll (degrees), x, y, z (metres), slowly; the three angles faster, and faster still."""
SWAY_REST: Final = np.array([0.9, 0.7, 0.6, 0.0018, 0.0006, 0.0025, 0.35, 0.3, 0.25, 0.06, 0.06, 0.05])
SWAY_TALKING: Final = np.array([1.3, 1.5, 1.1, 0.003, 0.001, 0.0045, 1.4, 2.4, 1.0, 0.18, 0.22, 0.15])
SWAY_MORE: Final = SWAY_TALKING - SWAY_REST
"""Deviations; at rest they come to those of somebody seated, together with postures and breath."""
TALKING_DEG: Final = np.array([0.0, -1.2, 0.0])
"""Chin up while talking, so that nods lead about as far down as up."""
POSTURE_DEG: Final = (2.6, 2.2, 1.5)
"""Deviation of postures while talking: yaw, pitch, roll."""
POSTURE_AT_REST: Final = 0.35
POSTURE_KEPT: Final = 0.35
"""Share of the last posture that goes into the next one: it returns to the middle."""
POSTURE_S: Final = (1.3, 5.0)
"""Median time between postures, talking and at rest; log-normal."""
POSTURE_SIGMA: Final = 0.5
POSTURE_QUIET_S: Final = 0.5
"""A posture changes on an accent, or when it has been quiet for so long."""
MOVE_S: Final = 0.6
MOVE_S_PER_DEG: Final = 0.04
"""Duration of a turn of the head: longer the farther it goes, as all aimed movements."""
FOLLOW_DEG: Final = 6.0
FOLLOW_YAW: Final = 0.35
FOLLOW_PITCH: Final = 0.2
"""Share that the head takes of a look away beyond `FOLLOW_DEG` (Stahl 1999: heads leave small ones to the eyes; the
shares are our choice, as people who talk soon look back)."""
FACING: Final = 0.6
"""Share of the direction of what is looked at that the head faces for good (our choice)."""
FOLLOW_S: Final = 0.35
FOLLOW_AFTER_S: Final = 0.05
"""Eyes first: the head starts some 50 ms later and is slower (Lee, Badler and Badler 2002; Guitton and Volle 1987)."""
NOD_DEG: Final = 9.4
"""Median size of a beat on an accent of strength 1."""
BEAT_SIGMA: Final = 0.4
BEATS: Final = (
    (0.60, (0.25, 1.0, 0.23)),
    (0.16, (0.3, -0.7, 0.3)),
    (0.14, (0.8, 0.45, 0.3)),
    (0.10, (0.2, 0.5, 0.6)),
)
"""How often a beat is a nod, a lift, a turn or a tilt, and its yaw, pitch and roll (sides change)."""
LEAN_DEG: Final = 4.0
LEAN_S: Final = 1.0
LEAN_BACK: Final = 0.55
"""Where beats of late, forgotten in `LEAN_S`, lead so far down or up, the next one is turned round and smaller."""
FARTHEST_DEG: Final = 10.0
"""Beats lead no farther down, or up, together."""
BEAT_AGAIN_S: Final = 0.3
MOST_DEG: Final = 14.0
SAME_SIDE: Final = 0.7
"""Share of beats that tilt to the side that they turn to."""
HOLD_S: Final = (0.0, 0.06)
RISE_S: Final = 0.16
RISE_S_PER_DEG: Final = 0.013
"""How long a beat takes to get there."""
FALL_S: Final = (0.8, 1.5)
QUICK_S: Final = (0.4, 0.6)
QUICK: Final = 0.15
"""How long it takes to come back, and the share of those that come back at once (Hadar et al. 1983 tell ordinary from
rapid movements; the share is our choice)."""
BREATH_S: Final = 3.6
"""From one breath to the next at rest, 16.6 a minute (Tobin et al. 1983); one who talks breathes in at pauses."""
BREATH_M: Final = 0.0015
BREATH_DEG: Final = 0.35
"""How far a breath lifts the head, and the chin."""
LONGEST_BREATH_S: Final = 3.0
"""Amid speech a breath can wait for so long."""
_KIND, _SIZE, _SIDE, _YAW, _PITCH, _ROLL, _ROLL_TO, _NEXT, _HOLD, _FALL, _QUICK = range(300, 311)
_BREATH, _BREATH_SIZE = range(320, 322)


class Head(NamedTuple):
    """What is remembered of a session's head; postures in degrees."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    follow_yaw: float = 0.0
    follow_pitch: float = 0.0
    next_s: float = -1.0
    beat_s: float = -60.0
    """When the last beat was."""
    lean: float = 0.0
    """How far beats of late had led down at the last one, in degrees."""
    breath_s: float = 0.0
    """When the next breath is due."""


def decide(head: Head, now: Moment, shift: Shift | None) -> tuple[Head, list[Row]]:
    """How the head moves from this frame on: memory and events."""
    cue, at_s, dice, rows = now.cue, now.at_s, now.dice, []
    if shift is not None and shift.off is not None:
        head, followed = _follow(head, now, shift.off)
        rows += followed
    if cue.accent and at_s - head.beat_s >= BEAT_AGAIN_S:
        lean = head.lean * exp((head.beat_s - at_s) / LEAN_S)
        pitch, beat = _beat(now, lean)
        rows.append(beat)
        head = head._replace(beat_s=at_s, lean=lean + pitch)
    if cue.question:
        side = _side(dice)
        rows.append(curves.pulse(at_s, 0.3, 0.4, 1.0, pitch=-1.6, roll=2.6 * side))
    elif cue.phrase_ended_s:
        rows.append(curves.pulse(at_s, 0.4, 0.1, 1.2, pitch=2.0 * now.vigour))
    if cue.turn_begins:
        rows.append(curves.pulse(at_s, 0.4, 0.3, 1.4, pitch=-1.8 * now.vigour, z=0.006))
    if at_s >= head.next_s and (cue.accent > 0 or cue.quiet_s > POSTURE_QUIET_S):
        head, posture = _posture(head, now)
        rows.append(posture)
    if at_s >= head.breath_s and (not cue.sounding or at_s > head.breath_s + LONGEST_BREATH_S):
        head, breath = _breathe(head, now)
        rows.append(breath)
    return head, rows


def _follow(head: Head, now: Moment, off: tuple[float, float]) -> tuple[Head, list[Row]]:
    """After a shift of gaze: the head's part of where the eyes are now."""
    look_at, far = now.manner.look_at, hypot(*off) > FOLLOW_DEG
    yaw = FACING * look_at[0] + FOLLOW_YAW * off[0] * far
    pitch = FACING * look_at[1] + FOLLOW_PITCH * off[1] * far
    turned = (yaw - head.follow_yaw, pitch - head.follow_pitch)
    if turned == (0.0, 0.0):
        return head, []
    duration_s = FOLLOW_S + MOVE_S_PER_DEG * hypot(*turned)
    followed = curves.step(now.at_s + FOLLOW_AFTER_S, duration_s, turn_yaw=turned[0], turn_pitch=turned[1])
    return head._replace(follow_yaw=yaw, follow_pitch=pitch), [followed]


def _beat(now: Moment, lean: float) -> tuple[float, Row]:
    """A nod, a lift, a turn or a tilt, and before it how far it leads down."""
    dice = now.dice
    rest, way = dice.uniform(_KIND), BEATS[-1][1]
    for share, (yaw, pitch, roll) in BEATS:
        rest -= share
        if rest < 0:
            way = (yaw, pitch, roll)
            break
    if (lean > LEAN_DEG and way[1] > 0) or (lean < -LEAN_DEG and way[1] < 0):
        way = (way[0], -LEAN_BACK * way[1], way[2])
    size = min(dice.around(_SIZE, NOD_DEG * now.cue.accent * now.vigour, BEAT_SIGMA), MOST_DEG)
    pitch = min(max(lean + way[1] * size, -FARTHEST_DEG), FARTHEST_DEG) - lean
    side = _side(dice)
    leaning = side if dice.uniform(_ROLL) < SAME_SIDE else -side
    fall_s = dice.between(_FALL, *(QUICK_S if dice.uniform(_QUICK) < QUICK else FALL_S))
    beat = curves.pulse(
        now.at_s,
        RISE_S + RISE_S_PER_DEG * size,
        dice.between(_HOLD, *HOLD_S),
        fall_s,
        yaw=way[0] * size * side,
        pitch=pitch,
        roll=way[2] * size * leaning,
    )
    return pitch, beat


def _posture(head: Head, now: Moment) -> tuple[Head, Row]:
    dice, talking = now.dice, now.cue.talking
    size = now.manner.liveliness * (POSTURE_AT_REST + (1 - POSTURE_AT_REST) * talking)
    yaw, pitch, roll = (
        POSTURE_KEPT * at + size * deviation * dice.normal(question)
        for at, deviation, question in zip(
            (head.yaw, head.pitch, head.roll), POSTURE_DEG, (_YAW, _PITCH, _ROLL_TO), strict=True
        )
    )
    turned = (yaw - head.yaw, pitch - head.pitch, roll - head.roll)
    duration_s = MOVE_S + MOVE_S_PER_DEG * hypot(*turned)
    moved = curves.step(now.at_s, duration_s, turn_yaw=turned[0], turn_pitch=turned[1], turn_roll=turned[2])
    median_s = POSTURE_S[1] + (POSTURE_S[0] - POSTURE_S[1]) * talking
    next_s = now.at_s + dice.around(_NEXT, median_s, POSTURE_SIGMA)
    return head._replace(yaw=yaw, pitch=pitch, roll=roll, next_s=next_s), moved


def _breathe(head: Head, now: Moment) -> tuple[Head, Row]:
    """In and out: at rest slowly, at a pause of speech fast, and out for as long as is spoken."""
    size = now.dice.around(_BREATH_SIZE, BREATH_M, 0.2)
    period_s = now.dice.around(_BREATH, BREATH_S, 0.15)
    in_s, out_s = (0.5, 3.0) if now.cue.talking > 0.4 else (0.4 * period_s, 0.7 * period_s)
    breath = curves.pulse(now.at_s, in_s, 0.1, out_s, pitch=-BREATH_DEG * size / BREATH_M, y=size, z=0.6 * size)
    return head._replace(breath_s=now.at_s + period_s), breath


def _side(dice: Dice) -> float:
    return 1.0 if dice.uniform(_SIDE) < 0.5 else -1.0
