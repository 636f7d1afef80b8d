"""ZeroMQ PUB: for one's own programs in any language.

Three parts: topic (UTF-8); header (JSON: version, index, time_s, epoch_ns, fps, names, pose); 52 float32,
little-endian, in the order of the header's names. The pose is an object, by name (`protocols.pose` has names, units and
signs): it is in the header, not a fourth part or further floats, so that whoever reads three parts and 52 floats keeps
reading them. Version 1 had neither version nor pose. With `conflate` (a subscriber that only wants the newest;
ZMQ_CONFLATE cannot carry several parts) the same three are one part, joined by a newline: neither topic nor header
contains one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from protocols.blendshapes import NAMES, remap
from protocols.errors import FacewireError
from protocols.frame import Frame, as_rate
from protocols.pose import POSE_NAMES, Pose, named

PORT: Final = 5556
VERSION: Final = 2
_SEPARATOR: Final = b"\n"
_FLOATS: Final = np.dtype("<f4")
_LARGEST: Final = 2**63
"""Of an index or a time in nanoseconds."""


@dataclass(frozen=True)
class Options:
    """What a `zmq://` URL may set. Raises FacewireError for a topic with a line break."""

    topic: str = "face"
    """What subscribers filter by."""
    conflate: bool = False
    """One part per frame, and only the newest is kept."""

    def __post_init__(self) -> None:
        if "\n" in self.topic:
            raise FacewireError(f"zmq topic {self.topic!r}: must be one line")


def encode(frame: Frame, options: Options) -> list[bytes]:
    """The parts of one frame."""
    header = {
        "version": VERSION,
        "index": frame.index,
        "time_s": float(frame.time_s),
        "epoch_ns": frame.epoch_ns,
        "fps": float(frame.rate),
        "names": NAMES,
        "pose": dict(zip(POSE_NAMES, frame.pose.tolist(), strict=True)),
    }
    parts = [options.topic.encode(), json.dumps(header).encode(), frame.weights.astype(_FLOATS).tobytes()]
    return [_SEPARATOR.join(parts)] if options.conflate else parts


def decode(parts: Sequence[bytes]) -> tuple[str, Frame]:
    """(topic, frame) of three parts or one, of any version. Raises FacewireError for a stranger's message."""
    if len(parts) == 1:
        parts = parts[0].split(_SEPARATOR, 2)
    if len(parts) != 3:
        raise FacewireError(f"not a facewire message on ZeroMQ: {len(parts)} parts, must be 3 (or the 3 in one)")
    topic, header, floats = parts
    try:
        fields = json.loads(header)
        weights = remap(np.frombuffer(floats, _FLOATS), fields["names"])
        index, epoch_ns = int(fields["index"]), int(fields["epoch_ns"])
        if not (abs(index) < _LARGEST and abs(epoch_ns) < _LARGEST):
            raise ValueError("index or epoch_ns needs more than 64 bits")
        return topic.decode(), Frame(index, as_rate(fields["fps"]), epoch_ns, weights, _pose(fields.get("pose", {})))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise FacewireError(f"not a facewire message on ZeroMQ: {error!r}") from None


def _pose(values: Mapping[str, float]) -> Pose:
    return named(list(values), [float(value) for value in values.values()])
