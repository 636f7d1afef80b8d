"""What sound is turned into: the shapes of a face and the pose of its head and eyes, frame by frame."""

from dataclasses import dataclass

from model.windows import Floats


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames of any number of sessions."""

    weights: Floats
    """(…, T, 52) in the order of `protocols.blendshapes.NAMES`, 0 to 1."""
    poses: Floats
    """(…, T, 10) in the order of `protocols.pose.POSE_NAMES`, degrees and metres."""
