"""What is sent: one frame of the face, and frame rates as exact fractions."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT, NAMES
from protocols.errors import FacewireError

Weights = NDArray[np.float32]

_MAX_DENOMINATOR: Final = 1001
_HIGHEST_RATE: Final = 240


def as_rate(value: str | float | Fraction) -> Fraction:
    """A frame rate: `30`, `59.94` (which means 60000/1001), `60000/1001`.

    Raises FacewireError for anything that is not a rate of 1 to 240 frames per second.
    """
    try:
        exact = Fraction(value)
        ntsc = Fraction(round(exact * Fraction(1001, 1000)) * 1000, 1001)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise FacewireError(f"frame rate {value!r}: expected one like 30, 60, 59.94 or 60000/1001") from None
    if exact.denominator > 1 and abs(exact - ntsc) < Fraction(1, 200):
        exact = ntsc
    exact = exact.limit_denominator(_MAX_DENOMINATOR)
    if not 1 <= exact <= _HIGHEST_RATE:
        raise FacewireError(f"frame rate {value}: must be 1 to {_HIGHEST_RATE} frames per second")
    return exact


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of the face. Raises FacewireError for weights that no receiver should see."""

    index: int
    """Frames since the stream's start, counted at `rate`."""
    rate: Fraction
    """Frames per second."""
    epoch_ns: int
    """Wall clock, Unix nanoseconds, when the sound of this frame was captured."""
    weights: Weights
    """(52,) in the order of `NAMES`, 0 to 1; copied, read-only."""

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
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)

    @classmethod
    def neutral(cls, index: int, rate: Fraction, epoch_ns: int) -> Self:
        """The resting face."""
        return cls(index, rate, epoch_ns, np.zeros(COUNT, np.float32))

    @property
    def time_s(self) -> Fraction:
        """Seconds since the stream's start, exact."""
        return self.index / self.rate
