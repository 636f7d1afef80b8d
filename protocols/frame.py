"""What is sent: one frame of the face, and frame rates as exact fractions."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT, NAMES
from protocols.errors import FacewireError
from protocols.pose import AT_REST, POSE_COUNT, Pose, checked

Weights = NDArray[np.float32]

_MAX_DENOMINATOR: Final = 1001
_HIGHEST_RATE: Final = 240
_RATE: Final = re.compile(r"\d{1,9}(\.\d{0,20}|/\d{1,9})?")  # no exponent: Fraction("1e999999999") never ends


def as_rate(value: str | float | Fraction) -> Fraction:
    """A frame rate: `30`, `59.94` (which means 60000/1001), `60000/1001`.

    Raises FacewireError for anything that is not a rate of 1 to 240 frames per second.
    """
    try:
        if isinstance(value, str) and not _RATE.fullmatch(value.strip()):
            raise ValueError(value)
        exact = Fraction(value)
        ntsc = Fraction(round(exact * Fraction(1001, 1000)) * 1000, 1001)
    except (ValueError, ZeroDivisionError, OverflowError):
        told = repr(value)[:40]
        raise FacewireError(f"frame rate {told}: expected one like 30, 60, 59.94 or 60000/1001") from None
    if exact.denominator > 1 and abs(exact - ntsc) < Fraction(1, 200):
        exact = ntsc
    exact = exact.limit_denominator(_MAX_DENOMINATOR)
    if not 1 <= exact <= _HIGHEST_RATE:
        raise FacewireError(f"frame rate {str(value)[:40]}: must be 1 to {_HIGHEST_RATE} frames per second")
    return exact


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of the face. Raises FacewireError for weights or a pose that no receiver should see."""

    index: int
    """Frames since the stream's start, counted at `rate`."""
    rate: Fraction
    """Frames per second."""
    epoch_ns: int
    """Wall clock, Unix nanoseconds, when the sound of this frame was captured."""
    weights: Weights
    """(52,) in the order of `NAMES`, 0 to 1; copied, read-only."""
    pose: Pose = field(default_factory=lambda: AT_REST)
    """(10,) in the order of `POSE_NAMES`, degrees and metres; copied, read-only."""

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):
            weights = np.array(self.weights, np.float32)
        if weights.shape != (COUNT,):
            raise FacewireError(f"frame {self.index}: weights have shape {weights.shape}, must be ({COUNT},)")
        # Written so that NaN is bad as well.
        bad = np.flatnonzero(~((weights >= 0) & (weights <= 1)))
        if len(bad):
            raise FacewireError(f"frame {self.index}: {NAMES[bad[0]]} = {weights[bad[0]]}, must be 0 to 1")
        if self.rate <= 0:
            raise FacewireError(f"frame {self.index}: rate {self.rate} must be above 0")
        pose = checked(self.pose, self.index)
        if pose.shape != (POSE_COUNT,):
            raise FacewireError(f"frame {self.index}: the pose has shape {pose.shape}, must be ({POSE_COUNT},)")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "pose", pose)

    @classmethod
    def neutral(cls, index: int, rate: Fraction, epoch_ns: int) -> Self:
        """The resting face, its head upright."""
        return cls(index, rate, epoch_ns, np.zeros(COUNT, np.float32))

    @property
    def time_s(self) -> Fraction:
        """Seconds since the stream's start, exact."""
        return self.index / self.rate
