"""Plain OSC over UDP, in the three forms that Unity, Unreal, Blender and patchers take.

- `shapes`: `/arkit/jawOpen` f, one address per shape (`prefix` before the name);
- `message`: `/arkit/blendshapes` with 52 f in the order of `NAMES`, one datagram, all or nothing;
- `facecap`: `/W` i f, index and value in the order of the Face Cap app.

Before the shapes of a frame comes its pose. In the first two forms it is `/arkit/head` with 6 f (yaw, pitch, roll in
degrees, x, y, z in metres) and `/arkit/eyes` with 4 f (yaw and pitch of the left eye, then of the right), in the signs
of `protocols.pose`; for Face Cap `/HT` and `/HR` with 3 f, `/ELR` and `/ERR` with 2 f, in that app's axes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocols.blendshapes import COUNT, FACECAP, INDEX, NAMES, canonical
from protocols.datagrams import Bundling, Message, message, pack, unpack
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.pose import AT_REST, EYES, HEAD, Pose, from_facecap, to_facecap

PORT: Final = 9000
"""Where VRChat and the receiver of Face Cap's author listen."""
PREFIX: Final = "/arkit"
_FACECAP_INDEX: Final = tuple(INDEX[canonical(name) or ""] for name in FACECAP)
_FACECAP_POSE: Final = {"/HT": slice(0, 3), "/HR": slice(3, 6), "/ELR": slice(6, 8), "/ERR": slice(8, 10)}
_POSE: Final = {"head": HEAD, "eyes": EYES}
_ADDRESS: Final = re.compile(r"(/[^\s#*,/?\[\]{}]+)*")


@dataclass(frozen=True)
class Options:
    """What an `osc://` URL may set. Raises FacewireError for a prefix that is no OSC address."""

    style: Literal["shapes", "message", "facecap"] = "shapes"
    prefix: str = PREFIX
    """Begins the addresses of `shapes` and `message`; may be empty."""
    bundle: Bundling = "mtu"
    """How messages share datagrams; those of `message` are never in a bundle."""

    def __post_init__(self) -> None:
        if not (self.prefix.isascii() and _ADDRESS.fullmatch(self.prefix)):
            raise FacewireError(f"osc prefix {self.prefix!r}: must be an OSC address like {PREFIX}, or empty")
        if self.style == "facecap" and self.prefix != PREFIX:
            raise FacewireError("osc prefix: style=facecap has the fixed address /W, remove one of the two")


@dataclass(frozen=True)
class Received:
    """One decoded frame."""

    weights: NDArray[np.float32]
    """(52,) in the order of `NAMES`, as sent."""
    pose: Pose
    """(10,) in the order of `POSE_NAMES`: the newest that was sent."""


@dataclass
class Assembly:
    """Collects shapes until all 52 are there: this protocol marks no end of a frame."""

    pending: dict[str, float] = field(default_factory=dict)
    pose: Pose = field(default_factory=lambda: AT_REST)

    def push(self, datagram: bytes) -> list[Received]:
        """Take a datagram; returns the frames it completes. FacewireError: none of the forms."""
        complete = []
        known = False
        for each in unpack(datagram):
            known |= self._turn(each)
            for name, value in _named(each):
                known = True
                if name in self.pending:  # a datagram was lost: begin anew
                    self.pending = {}
                self.pending[name] = value
                if len(self.pending) == COUNT:
                    complete.append(Received(_float32([self.pending[name] for name in NAMES]), self.pose))
                    self.pending = {}
        if not known:
            raise FacewireError("no blendshapes in this OSC packet")
        return complete

    def _turn(self, each: Message) -> bool:
        """Take the part of the pose that a message holds; returns whether it holds one."""
        address, values = each
        facecap = _FACECAP_POSE.get(address)
        at = facecap or _POSE.get(address.rpartition("/")[2])
        numbers = [value for value in values if isinstance(value, float | int)]
        if at is None or len(numbers) != at.stop - at.start:
            return False
        pose = to_facecap(self.pose) if facecap else self.pose.astype(np.float64)
        pose[at] = numbers
        self.pose = from_facecap(pose) if facecap else _float32(pose)
        return True


def encode(frame: Frame, options: Options) -> list[bytes]:
    """The datagrams of one frame, in order."""
    values = frame.weights.tolist()
    if options.style == "facecap":
        numbers = to_facecap(frame.pose).tolist()
        pose = [message(address, floats=numbers[at]) for address, at in _FACECAP_POSE.items()]
        shapes = [message("/W", at, floats=(values[index],)) for at, index in enumerate(_FACECAP_INDEX)]
        return pack([*pose, *shapes], options.bundle)
    numbers = frame.pose.tolist()
    pose = [message(f"{options.prefix}/{part}", floats=numbers[at]) for part, at in _POSE.items()]
    if options.style == "message":
        return [*pose, message(f"{options.prefix}/blendshapes", floats=values)]
    shapes = [message(f"{options.prefix}/{name}", floats=(values[index],)) for name, index in INDEX.items()]
    return pack([*pose, *shapes], options.bundle)


def decode(datagrams: Iterable[bytes]) -> list[Received]:
    """All frames of the datagrams, whichever form they have. Raises FacewireError."""
    assembly = Assembly()
    return [complete for datagram in datagrams for complete in assembly.push(datagram)]


def _named(each: Message) -> list[tuple[str, float]]:
    """The shapes that a message sets. Integers will do: some senders write 1 for 1.0."""
    address, arguments = each
    match arguments:
        case (int(index), float() | int() as value) if address == "/W" and 0 <= index < COUNT:
            return [(NAMES[_FACECAP_INDEX[index]], float(value))]
        case (float() | int() as value,) if (name := canonical(address.rpartition("/")[2])) is not None:
            return [(name, float(value))]
        case values if address.endswith("/blendshapes") and len(values) == COUNT:
            return [(name, value) for name, value in zip(NAMES, values, strict=True) if isinstance(value, float | int)]
    return []


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # OSC has doubles, too
        return np.asarray(values, np.float64).astype(np.float32)
