"""Plain OSC over UDP, in the three forms that Unity, Unreal, Blender and patchers take.

- `shapes`: `/arkit/jawOpen` f, one address per shape (`prefix` before the name);
- `message`: `/arkit/blendshapes` with 52 f in the order of `NAMES`, one datagram, all or nothing;
- `facecap`: `/W` i f, index and value in the order of the Face Cap app.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT, FACECAP, INDEX, NAMES, canonical
from protocols.datagrams import Bundling, Message, message, pack, unpack
from protocols.errors import FacewireError
from protocols.frame import Frame

PORT: Final = 9000
PREFIX: Final = "/arkit"
_FACECAP_INDEX: Final = tuple(INDEX[canonical(name) or ""] for name in FACECAP)
_ADDRESS: Final = re.compile(r"(/[^\s#*,/?\[\]{}]+)*")


@dataclass(frozen=True)
class Options:
    """What an `osc://` URL may set. Raises FacewireError for a prefix that is no OSC address."""

    style: Literal["shapes", "message", "facecap"] = "shapes"
    prefix: str = PREFIX
    """Begins the addresses of `shapes` and `message`; may be empty."""
    bundle: Bundling = "mtu"
    """How messages share datagrams."""

    def __post_init__(self) -> None:
        if not (self.prefix.isascii() and _ADDRESS.fullmatch(self.prefix)):
            raise FacewireError(f"osc prefix {self.prefix!r}: must be an OSC address like {PREFIX}, or empty")
        if self.style == "facecap" and self.prefix != PREFIX:
            raise FacewireError("osc prefix: style=facecap has the fixed address /W, remove one of the two")


@dataclass
class Assembly:
    """Collects shapes until all 52 are there: this protocol marks no end of a frame."""

    pending: dict[str, float] = field(default_factory=dict)

    def push(self, datagram: bytes) -> list[NDArray[np.float32]]:
        """Take a datagram; returns the frames it completes, (52,) each. FacewireError: none of the forms."""
        complete = []
        for name, value in _named(unpack(datagram)):
            if name in self.pending:  # a datagram was lost: begin anew
                self.pending = {}
            self.pending[name] = value
            if len(self.pending) == COUNT:
                complete.append(np.array([self.pending[name] for name in NAMES], np.float32))
                self.pending = {}
        return complete


def encode(frame: Frame, options: Options) -> list[bytes]:
    """The datagrams of one frame, in order."""
    values = frame.weights.tolist()
    match options.style:
        case "message":
            return [message(f"{options.prefix}/blendshapes", floats=values)]
        case "shapes":
            messages = [message(f"{options.prefix}/{name}", floats=(values[index],)) for name, index in INDEX.items()]
        case "facecap":
            messages = [message("/W", at, floats=(values[index],)) for at, index in enumerate(_FACECAP_INDEX)]
    return pack(messages, options.bundle)


def decode(datagrams: Iterable[bytes]) -> list[NDArray[np.float32]]:
    """All frames of the datagrams, (52,) each, whichever form they have. Raises FacewireError."""
    assembly = Assembly()
    return [complete for datagram in datagrams for complete in assembly.push(datagram)]


def _named(messages: list[Message]) -> list[tuple[str, float]]:
    named: list[tuple[str, float]] = []
    for address, arguments in messages:
        match arguments:
            case (int(index), float(value)) if address == "/W" and 0 <= index < COUNT:
                named.append((NAMES[_FACECAP_INDEX[index]], value))
            case (float(value),) if (name := canonical(address.rpartition("/")[2])) is not None:
                named.append((name, value))
            case values if address.endswith("/blendshapes") and len(values) == COUNT:
                named += [(name, value) for name, value in zip(NAMES, values, strict=True) if isinstance(value, float)]
    if not named:
        raise FacewireError("no blendshapes in this OSC packet")
    return named
