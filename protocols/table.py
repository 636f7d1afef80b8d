"""What a take's file says before it is a take: rows of named values at times, and how much of that is too much."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.errors import FacewireError
from protocols.pose import Pose

MOST_FRAMES: Final = 500_000
"""Over two hours at 60 frames per second. Whatever a file claims, no more is read or made of it."""


class Table(NamedTuple):
    """n rows."""

    times_s: NDArray[np.float64]
    """(n,) seconds, from anywhere."""
    names: list[str]
    """(k,) of shapes, in any spelling."""
    values: NDArray[np.floating]
    """(n, k)."""
    poses: Pose
    """(n, 10) in the order of `POSE_NAMES`, unchecked."""


def refuse_too_many(frames: float) -> None:
    """Raises FacewireError for more frames than a take may have, and for NaN."""
    if not frames <= MOST_FRAMES:
        raise FacewireError(f"{frames:.0f} frames, more than {MOST_FRAMES}; cut it into shorter takes")
