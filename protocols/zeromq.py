"""ZeroMQ PUB: for one's own programs in any language.

Three parts: topic (UTF-8); header (JSON: index, time_s, epoch_ns, fps, names); 52 float32, little-endian, in
the header's order. With `conflate` (a subscriber that only wants the newest; ZMQ_CONFLATE cannot carry several
parts) the same three are one part, joined by a newline: neither topic nor header contains one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from protocols.blendshapes import NAMES, remap
from protocols.errors import FacewireError
from protocols.frame import Frame, as_rate

PORT: Final = 5556
_SEPARATOR: Final = b"\n"
_FLOATS: Final = np.dtype("<f4")


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
        "index": frame.index,
        "time_s": float(frame.time_s),
        "epoch_ns": frame.epoch_ns,
        "fps": float(frame.rate),
        "names": NAMES,
    }
    parts = [options.topic.encode(), json.dumps(header).encode(), frame.weights.astype(_FLOATS).tobytes()]
    return [_SEPARATOR.join(parts)] if options.conflate else parts


def decode(parts: Sequence[bytes]) -> tuple[str, Frame]:
    """(topic, frame) of three parts or one. Raises FacewireError for a stranger's message."""
    if len(parts) == 1:
        parts = parts[0].split(_SEPARATOR, 2)
    if len(parts) != 3:
        raise FacewireError(f"not a facewire message on ZeroMQ: {len(parts)} parts, must be 3 (or the 3 in one)")
    topic, header, floats = parts
    try:
        fields = json.loads(header)
        weights = remap(np.frombuffer(floats, _FLOATS), fields["names"])
        return topic.decode(), Frame(int(fields["index"]), as_rate(fields["fps"]), int(fields["epoch_ns"]), weights)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise FacewireError(f"not a facewire message on ZeroMQ: {error!r}") from None
