"""A head that turns, put in where poses leave the model: what becomes of them must not depend on who makes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from model import stream
from model.animation import Animation
from model.runtime import Runtime
from model.stream_state import StreamState
from model.windower import Windows
from model.windows import Floats

LARGEST = np.array([12, 8, 5, 0.02, 0.01, 0.03, 9, 6, 8, 7], np.float32)
"""Degrees and metres, in the order of `POSE_NAMES`."""


def poses_at(frames: Sequence[int], scale: float = 1.0) -> Floats:
    """Poses (n, 10) at absolute frames: every number swings at a pace of its own."""
    angles = np.asarray(frames)[:, None] * np.arange(1, 11) / 40 + np.arange(10)
    return (scale * LARGEST * np.sin(angles)).astype(np.float32)


@contextmanager
def posed(scale: float = 1.0) -> Iterator[None]:
    """While this lasts, every stream has these poses."""
    step = stream.step

    def turning(
        runtime: Runtime, state: StreamState, windows: Windows, **also: Floats | None
    ) -> tuple[StreamState, Animation]:
        following, made = step(runtime, state, windows, **also)
        frames, per_hop = made.weights.shape[1], state.window.frames_per_hop(runtime.config.fps)
        poses = [poses_at(range(hop * per_hop, hop * per_hop + frames), scale) for hop in state.next_hops]
        return following, replace(made, poses=np.stack(poses))

    with patch.object(stream, "step", turning):
        yield
