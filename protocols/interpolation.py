"""Frames between frames: the numbers of a face, weights and pose alike, at another rate than they were made."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
"""(…, k): weights, poses, or both side by side."""


def between(first: Numbers, second: Numbers, share: float | Numbers) -> Numbers:
    """The numbers (…, k) at a share of the way, 0 to 1, from the first to the second.

    Linear in every number. That is right for rotations, too, whose steps from frame to frame are small: even over seven
    degrees about every axis it stays within .2 degrees of the shortest rotation.
    """
    return first + np.float32(share) * (second - first)


def at_rate(frames: Numbers, fps: Fraction, wanted: Fraction) -> Numbers:
    """Frames (n, k) of one rate at another, for as long as they last; after the last frame it is held."""
    if wanted == fps:
        return frames
    step = fps / wanted
    count = -(-len(frames) * step.denominator // step.numerator)
    ticks = np.arange(count) * step.numerator
    before = ticks // step.denominator
    after = np.minimum(before + 1, len(frames) - 1)
    share = ticks % step.denominator / step.denominator
    return between(frames[before], frames[after], share.astype(np.float32)[:, None])
