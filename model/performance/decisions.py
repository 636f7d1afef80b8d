"""What begins at each frame of a session: one frame after the other, in plain numbers."""

from collections.abc import Sequence
from typing import NamedTuple

from model.performance import blinks, brows, gaze, head, listening, phrases
from model.performance.blinks import Lids
from model.performance.brows import Brows
from model.performance.chance import Dice
from model.performance.curves import Row
from model.performance.gaze import Gaze
from model.performance.head import Head
from model.performance.listening import Listener
from model.performance.moment import Moment
from model.performance.mood import Manner
from model.performance.phrases import Cue, Phrase

Sound = Sequence[float]
"""Loudness in dB, pitch in Hz, voicing, probability of speech."""


class Memory(NamedTuple):
    """What is remembered of a session."""

    voice: Phrase = Phrase()
    other: Phrase = Phrase()
    """Of whom it listens to."""
    lids: Lids = Lids()
    gaze: Gaze = Gaze()
    head: Head = Head()
    brows: Brows = Brows()
    listener: Listener = Listener()

    def flat(self) -> list[float]:
        """As one row."""
        return [value for part in self for value in part]


_ENDS = [sum(len(part) for part in Memory()[: place + 1]) for place in range(len(Memory()))]
WIDTH = _ENDS[-1]
"""Numbers in a row of `Memory`."""


def remembered(row: list[float]) -> Memory:
    """The memory that a row is of."""
    voice, other, lids, gaze, head, brows, _ = _ENDS
    return Memory(
        Phrase(*row[:voice]),
        Phrase(*row[voice:other]),
        Lids(*row[other:lids]),
        Gaze(*row[lids:gaze]),
        Head(*row[gaze:head]),
        Brows(*row[head:brows]),
        Listener(*row[brows:]),
    )


def decide(
    memory: Memory, frame: int, fps: int, seed: int, manner: Manner, sound: Sound, other: Sound | None
) -> tuple[Memory, list[Row], Cue]:
    """A frame: what is remembered after it, the events that begin, and what the voice tells."""
    dt_s = 1 / fps
    voice, cue = phrases.follow(memory.voice, dt_s, *sound)
    heard, told = memory.other, None
    if other is not None:
        heard, told = phrases.follow(heard, dt_s, *other)
    now = Moment(frame / fps, dt_s, Dice(seed, frame), cue, told, manner)
    eyes, shift = gaze.decide(memory.gaze, now)
    lids, rows = blinks.decide(memory.lids, now, shift.size_deg if shift else 0.0)
    if shift:
        rows.append(gaze.saccade(shift, now.at_s))
    neck, turned = head.decide(memory.head, now, shift)
    brow, raised = brows.decide(memory.brows, now)
    listener, nods = listening.decide(memory.listener, now)
    return Memory(voice, heard, lids, eyes, neck, brow, listener), rows + turned + raised + nods, cue
