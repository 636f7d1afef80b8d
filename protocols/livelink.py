"""Live Link Face, version 6: the packet that Epic's iPhone app sends to Unreal on UDP port 11111.

Big-endian throughout: version u8, device id and subject (each i32 byte length + UTF-8), frame number i32,
subframe f32, frame rate as i32 / i32, count u8 = 61, then 61 f32: the 52 shapes in the order of `NAMES`, then yaw,
pitch and roll of the head and of each eye, in radians (`pose.to_livelink` has their signs). Source: Unreal's
AppleARKitLiveLinkSource.cpp; the angles' units and signs are those of the app's own takes.
"""

import struct
import time
import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.pose import Pose, from_livelink, to_livelink

PORT: Final = 11111
VERSION: Final = 6
CURVES: Final = 61
_LONGEST_TEXT_BYTES: Final = 64  # stricter receivers bound the whole packet
_TAIL: Final = struct.Struct(f">ifiiB{CURVES}f")
_BELOW_ONE: Final = float(np.nextafter(np.float32(1), np.float32(0)))
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "facewire:livelink")


@dataclass(frozen=True)
class Options:
    """What a `livelink://` URL may set. Raises FacewireError for a subject that does not fit the packet."""

    subject: str = "face"
    """Name in Unreal's Live Link panel; every subject is a device of its own."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.subject.encode()) <= _LONGEST_TEXT_BYTES:
            raise FacewireError(f"livelink subject {self.subject!r}: must be 1 to {_LONGEST_TEXT_BYTES} bytes of UTF-8")


@dataclass(frozen=True, eq=False)
class Packet:
    """A decoded packet."""

    device_id: str
    subject: str
    frame_number: int
    """Frames since local midnight, at `rate`."""
    subframe: float
    """0 <= subframe < 1."""
    rate: Fraction
    """Frames per second."""
    values: NDArray[np.float32]
    """(61,): the 52 shapes, then nine angles of head and eyes in radians, not clamped."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """(52,) in the order of `NAMES`."""
        return self.values[:COUNT]

    @property
    def pose(self) -> Pose:
        """(10,) in the order of `POSE_NAMES`; the packet does not tell where the head is."""
        return from_livelink(self.values[COUNT:])

    @property
    def time_s(self) -> float:
        """Seconds since local midnight."""
        return float((self.frame_number + Fraction(self.subframe)) / self.rate)


def device_id(subject: str) -> str:
    """The id that goes with a subject: always the same 36 characters, different for every subject.

    Unreal keys devices by this id, and some receivers read only ids of 36 characters.
    """
    return str(uuid.uuid5(_NAMESPACE, subject))


def encode(frame: Frame, subject: str, device: str) -> bytes:
    """One packet: time of day of the frame's capture, its 52 shapes, and how head and eyes are turned."""
    frame_number, subframe = _time_of_day(frame)
    rate = frame.rate
    curves = [*frame.weights.tolist(), *to_livelink(frame.pose).tolist()]
    tail = _TAIL.pack(frame_number, subframe, rate.numerator, rate.denominator, CURVES, *curves)
    return bytes([VERSION]) + _text(device) + _text(subject) + tail


def decode(packet: bytes) -> Packet:
    """The exact inverse. Raises FacewireError for whatever is not such a packet to the last byte."""
    if packet[:1] != bytes([VERSION]):
        raise FacewireError("not a Live Link Face packet: does not begin with version 6")
    device, rest = _take_text(packet[1:], "device id")
    subject, rest = _take_text(rest, "subject")
    if len(rest) != _TAIL.size:
        raise FacewireError(f"Live Link Face packet of {subject!r}: {len(rest)} bytes of frame, not {_TAIL.size}")
    frame_number, subframe, numerator, denominator, count, *curves = _TAIL.unpack(rest)
    values = np.array(curves, np.float32)
    if count != CURVES or numerator <= 0 or denominator <= 0 or not 0 <= subframe < 1:
        raise FacewireError(
            f"Live Link Face packet of {subject!r}: {count} curves at {numerator}/{denominator} fps, "
            f"subframe {subframe}"
        )
    if not np.isfinite(values).all():
        raise FacewireError(f"Live Link Face packet of {subject!r}: a curve is not a number")
    values.flags.writeable = False
    return Packet(device, subject, frame_number, subframe, Fraction(numerator, denominator), values)


def _time_of_day(frame: Frame) -> tuple[int, float]:
    """(whole frames, rest) since local midnight: the app's convention, where UE reads a timecode."""
    seconds, nanoseconds = divmod(frame.epoch_ns, 1_000_000_000)
    local = time.localtime(seconds)
    since_midnight_ns = (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec) * 1_000_000_000 + nanoseconds
    whole, rest = divmod(since_midnight_ns * frame.rate, 1_000_000_000)
    return int(whole), min(float(rest / 1_000_000_000), _BELOW_ONE)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def _take_text(data: bytes, what: str) -> tuple[str, bytes]:
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 or length > len(data) - 4:
        raise FacewireError(f"not a Live Link Face packet: its {what} is cut off")
    try:
        return data[4 : 4 + length].decode(), data[4 + length :]
    except UnicodeDecodeError:
        raise FacewireError(f"not a Live Link Face packet: its {what} is not UTF-8") from None
