"""Frames to send, and takes to write, in tests."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols.blendshapes import COUNT, INDEX
from protocols.frame import Frame, Weights
from protocols.pose import POSE_COUNT, POSE_NAMES, Pose
from protocols.takes import Take

# 2023-11-14 22:13:20 UTC: second 80000 of the day.
EPOCH_NS = 1_700_000_000_000_000_000
RATES = [Fraction(30), Fraction(60), Fraction(60000, 1001), Fraction(25)]


def face(index: int = 0, rate: Fraction = Fraction(30), epoch_ns: int = EPOCH_NS, **numbers: float) -> Frame:
    """A frame of these shapes, and of these numbers of the pose; the others are 0."""
    weights, pose = np.zeros(COUNT, np.float32), np.zeros(POSE_COUNT, np.float32)
    for name, value in numbers.items():
        if name in POSE_NAMES:
            pose[POSE_NAMES.index(name)] = value
        else:
            weights[INDEX[name]] = value
    return Frame(index, rate, epoch_ns, weights, pose)


def posed(**numbers: float) -> Pose:
    """A pose (10,) of these numbers."""
    return face(**numbers).pose


def one_hot_sweep() -> Sequence[Frame]:
    """52 frames: in frame i only shape i moves, by a value of its own."""
    values = np.diag(np.arange(1, COUNT + 1) / 64).astype(np.float32)
    return [Frame(index, Fraction(30), EPOCH_NS, row) for index, row in enumerate(values)]


_NO_POSITION = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 1], np.float32)


def moving(frames: int, fps: int | Fraction = 30) -> Take:
    rng = np.random.default_rng(5)
    poses = np.array([20, 20, 20, 0.1, 0.1, 0.1, 9, 9, 9, 9]) * rng.uniform(-1, 1, (frames, 10))
    return Take(rng.random((frames, COUNT), np.float32), Fraction(fps), poses)


def carried(take: Take, suffix: str) -> tuple[Weights, Pose]:
    """Weights and poses of a take as far as the format has room for them."""
    weights, poses = take.weights.copy(), take.poses.copy()
    if suffix == ".json":
        weights[:, INDEX["tongueOut"]] = 0
    if suffix == ".csv":
        poses *= _NO_POSITION
    return weights, poses


any_weights = arrays(np.float32, COUNT, elements=st.floats(0, 1, width=32))
any_pose = st.tuples(
    *(st.floats(-1, 1, width=32) if name[-2:] in ("_x", "_y", "_z") else st.floats(-180, 180, width=32)
      for name in POSE_NAMES)
).map(lambda numbers: np.array(numbers, np.float32))  # fmt: skip
any_frame = st.builds(
    Frame,
    index=st.integers(0, 10**9),
    rate=st.sampled_from(RATES),
    epoch_ns=st.integers(0, 4 * 10**18),
    weights=any_weights,
    pose=any_pose,
)
