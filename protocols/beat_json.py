"""The json of the BEAT dataset: {"names", "frames": [{"weights", "time", "rotation"}]}.

BEAT has 51 shapes, no tongueOut, and 60 frames per second; its own loaders take values by position and count on both.
So a take is written as just that: other rates are interpolated to 60, and tongueOut is left out. `rotation` is empty as
in BEAT. Beside it stand `fps`, `pose_names` and each frame's `pose` (`protocols.pose` has names, units and signs),
which those loaders pass over. Files without them are read, too, and so are those of 52 shapes at any rate.
"""

import json
from fractions import Fraction
from typing import Final

import numpy as np

from protocols.blendshapes import BEAT, INDEX
from protocols.errors import FacewireError
from protocols.frame import Weights, as_rate
from protocols.interpolation import at_rate
from protocols.pose import POSE_COUNT, POSE_NAMES, Pose, named
from protocols.table import Table, refuse_too_many

FPS: Final = Fraction(60)
LARGEST_BYTES: Final = 128 * 2**20  # Python's objects take twenty times as much at worst
_ORDER: Final = [INDEX[name] for name in BEAT]


def format_take(weights: Weights, poses: Pose, fps: Fraction) -> str:
    """The text for frames (n, 52) in the order of `NAMES` with poses (n, 10)."""
    frames = [
        {
            "weights": [round(value, 6) for value in row],
            "time": round(float(index / FPS), 6),
            "rotation": [],
            "pose": [round(value, 6) for value in pose],
        }
        for index, (row, pose) in enumerate(
            zip(at_rate(weights[:, _ORDER], fps, FPS).tolist(), at_rate(poses, fps, FPS).tolist(), strict=True)
        )
    ]
    return json.dumps({"fps": float(FPS), "names": BEAT, "pose_names": POSE_NAMES, "frames": frames})


def parse_take(data: bytes, fps: Fraction | None) -> tuple[Table, Fraction | None]:
    """The frames of a file, and its rate if that is known. Raises FacewireError for another layout."""
    try:
        take = json.loads(data)
        frames = take["frames"]
        refuse_too_many(len(frames))
        names = [str(name) for name in take["names"]]
        values = np.array([frame["weights"] for frame in frames], np.float64)
        times_s = np.array([frame["time"] for frame in frames], np.float64)
        poses = np.zeros((len(frames), POSE_COUNT), np.float32)
        if "pose_names" in take:
            poses = named(take["pose_names"], np.array([frame["pose"] for frame in frames], np.float64))
        fps = fps or (as_rate(take["fps"]) if "fps" in take else None)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise FacewireError(f"not a take in BEAT's layout: {repr(error)[:200]}") from None
    return Table(times_s, names, values, poses), fps
