"""What there is to decide by at one frame of one session."""

from typing import NamedTuple

from model.performance.chance import Dice
from model.performance.mood import Manner
from model.performance.phrases import Cue


class Moment(NamedTuple):
    """One frame."""

    at_s: float
    """Since the stream's start."""
    dt_s: float
    dice: Dice
    cue: Cue
    """What the own voice tells."""
    other: Cue | None
    """What the voice of somebody else tells, where there is one to listen to."""
    manner: Manner

    @property
    def vigour(self) -> float:
        """Size of gestures, by mood and by how excited the voice is."""
        return self.manner.vigour + self.manner.aroused * self.cue.arousal
