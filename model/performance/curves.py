"""How a face gets from here to there: events in a table, and what they add up to at any time.

An event is a row of numbers: onset, rise, hold and fall in seconds, then how far it moves each of `CHANNELS`. A *pulse*
goes there and back. A *step* goes there to stay: it holds for ever. Where events lead follows in closed form, the same
at every frame rate and however the frames are cut. Sums run in the rows' order, so that an event that is over can be
dropped, or added to the base, without changing a bit.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model.performance.chance import Values

Row = tuple[float, ...]
STEPPED: Final = ("gaze_yaw", "gaze_pitch", "turn_yaw", "turn_pitch", "turn_roll")
"""What steps move, in degrees: where the eyes look, and how the head is turned."""
CHANNELS: Final = (*STEPPED, "yaw", "pitch", "roll", "y", "z", "raise", "frown", "shut")
"""After them what pulses move: the head in degrees and metres, brows and lids in weights of ARKit."""
PLACE: Final = {name: place for place, name in enumerate(CHANNELS)}
TIMES: Final = 4
COLUMNS: Final = TIMES + len(CHANNELS)
FOREVER_S: Final = 1e9
_NOTHING: Final = (-FOREVER_S, 1.0, 0.0, 1.0, *(0.0,) * len(CHANNELS))
_GAZE: Final = TIMES + 2
"""Columns up to here are the times of an event and its step of the eyes."""


def pulse(onset_s: float, rise_s: float, hold_s: float, fall_s: float, **sizes: float) -> Row:
    """There and back."""
    row = [onset_s, rise_s, hold_s, fall_s, *(0.0,) * len(CHANNELS)]
    for name, size in sizes.items():
        row[TIMES + PLACE[name]] = size
    return tuple(row)


def step(onset_s: float, duration_s: float, **sizes: float) -> Row:
    """There to stay; of the eyes, or of the head, never both."""
    return pulse(onset_s, duration_s, FOREVER_S, 1.0, **sizes)


def minimum_jerk(share: Values) -> Values:
    """0 to 1 as heads, brows and lids move (Flash and Hogan 1985), for shares of the duration; clipped outside."""
    x = np.minimum(np.maximum(share, 0.0), 1.0)
    risen: Values = x * x * x * (10 + x * (6 * x - 15))
    return risen


def moved(base: Values, events: Values, times_s: Values) -> Values:
    """Where steps from a base (B, 5) and pulses have led at times (B, T): (B, T, channels).

    What falls back does most of it in the first half, as lids, brows and chests do.
    """
    if not events.shape[1]:
        total = np.zeros((*times_s.shape, len(CHANNELS)))
        total[..., : len(STEPPED)] = base[:, None]
        return total
    since = times_s[:, None] - events[:, :, :1]
    fallen = np.minimum(np.maximum((since - events[:, :, 1:2] - events[:, :, 2:3]) / events[:, :, 3:4], 0.0), 1.0)
    share = minimum_jerk(since / events[:, :, 1:2]) - minimum_jerk(fallen * (2 - fallen))
    parts = share[..., None] * events[:, :, None, TIMES:]
    parts[:, 0, :, : len(STEPPED)] += base[:, None]
    return np.add.accumulate(parts, axis=1)[:, -1]


def pack(rows: Sequence[Sequence[Row]]) -> Values:
    """Events of B sessions as (B, N, columns)."""
    most = max(len(events) for events in rows)
    packed = np.array([[*events, *[_NOTHING] * (most - len(events))] for events in rows], np.float64)
    return packed.reshape(len(rows), most, COLUMNS)


def going_on(base: Row, rows: Sequence[Sequence[float]], now_s: float) -> tuple[Row, list[Row]]:
    """Without the pulses that are over, and with the steps that are over in the base: the first ones of each kind."""
    at, kept, waiting = list(base), [], [False, False]
    for row in rows:
        onset_s, rise_s, hold_s, fall_s = row[:TIMES]
        if hold_s < FOREVER_S:
            if (now_s - onset_s - rise_s - hold_s) / fall_s < 1:
                kept.append(tuple(row))
            continue
        eyes = any(row[TIMES:_GAZE])
        if waiting[eyes] or (now_s - onset_s) / rise_s < 1:
            waiting[eyes] = True
            kept.append(tuple(row))
        else:
            at = [value + size for value, size in zip(at, row[TIMES : TIMES + len(at)], strict=True)]
    return tuple(at), kept
