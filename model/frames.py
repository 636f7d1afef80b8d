"""Interpolates features at 50 Hz to animation frames of another rate; the same for every runtime."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.windows import FEATURE_CENTRE_MS, FEATURE_MS, FEATURES_PER_S, WindowSpec


def frame_weights(window: WindowSpec, fps: int, ahead_ms: Sequence[int] = (0,)) -> NDArray[np.float32]:
    """Weights (frames per hop * K, features) that interpolate features at 50 Hz to frames, linearly on absolute time.

    Frame k of the hop is at 1000 k / fps ms; at 50 fps it is feature k, whose sound begins there. It has K rows, one
    for each time `ahead_ms` later; rows of times beyond the window are 0. Column i is the feature centred at
    20 (i - 1) + 12.5 ms, so column 0 belongs to the window's past.
    The weights are the same for every hop: nothing depends on a clip's length.
    """
    frames_ms = np.arange(window.frames_per_hop(fps)) * 1000 / fps
    if fps == FEATURES_PER_S:
        frames_ms += FEATURE_CENTRE_MS
    times_ms = (frames_ms[:, None] + np.array(ahead_ms)).flatten()
    columns = window.features - window.left_features + 1
    centres_ms = FEATURE_MS * (np.arange(columns) - 1) + FEATURE_CENTRE_MS
    distance = np.abs(times_ms[:, None] - centres_ms) / FEATURE_MS
    return np.maximum(1 - distance, 0).astype(np.float32)  # type: ignore[no-any-return]


def heard(lookaheads_ms: Sequence[int], ahead_ms: Sequence[int]) -> NDArray[np.float32]:
    """Mask (lookaheads, K): 1 where a feature `ahead_ms` after its frame lies within the lookahead, else 0."""
    return (np.array(ahead_ms)[None] <= np.array(lookaheads_ms)[:, None]).astype(np.float32)
