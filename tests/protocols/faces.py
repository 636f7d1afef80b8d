"""Frames to send in tests."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols.blendshapes import COUNT, INDEX
from protocols.frame import Frame

# 2023-11-14 22:13:20 UTC: second 80000 of the day.
EPOCH_NS = 1_700_000_000_000_000_000
RATES = [Fraction(30), Fraction(60), Fraction(60000, 1001), Fraction(25)]


def face(index: int = 0, rate: Fraction = Fraction(30), epoch_ns: int = EPOCH_NS, **shapes: float) -> Frame:
    weights = np.zeros(COUNT, np.float32)
    for name, value in shapes.items():
        weights[INDEX[name]] = value
    return Frame(index, rate, epoch_ns, weights)


def one_hot_sweep() -> Sequence[Frame]:
    """52 frames: in frame i only shape i moves, by a value of its own."""
    values = np.diag(np.arange(1, COUNT + 1) / 64).astype(np.float32)
    return [Frame(index, Fraction(30), EPOCH_NS, row) for index, row in enumerate(values)]


any_weights = arrays(np.float32, COUNT, elements=st.floats(0, 1, width=32))
any_frame = st.builds(
    Frame,
    index=st.integers(0, 10**9),
    rate=st.sampled_from(RATES),
    epoch_ns=st.integers(0, 4 * 10**18),
    weights=any_weights,
)
