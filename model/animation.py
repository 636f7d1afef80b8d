"""What sound becomes: the face and how its head and eyes are turned, frame by frame."""

from dataclasses import dataclass

from model.windows import Floats


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames of any number of sessions."""

    weights: Floats
    """(…, T, 52) in the order of `protocols.blendshapes.NAMES`, 0 to 1."""
    poses: Floats
    """(…, T, 10) in the order of `protocols.pose.POSE_NAMES`, degrees and metres."""
