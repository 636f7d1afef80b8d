"""OSC messages to UDP datagrams and back, for `vmc` and `osc`.

Messages are built and read by python-osc.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, Literal

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from protocols.errors import FacewireError

Bundling = Literal["mtu", "one", "off"]
"""`mtu`: bundles that fit into one network packet each; `one`: a single bundle; `off`: no bundles."""

MTU_BYTES: Final = 1400
_MARK: Final = b"#bundle\x00"
_BEGIN: Final = _MARK + bytes.fromhex("00000000 00000001")  # time tag: at once
_DEEPEST: Final = 8

Message = tuple[str, tuple[object, ...]]
"""Address and arguments."""


def message(address: str, *constants: str | int, floats: Sequence[float] = ()) -> bytes:
    """An OSC message: constants (types s and i), which rarely change, then floats (type f), which do."""
    return _head(address, constants, len(floats)) + struct.pack(f">{len(floats)}f", *floats)


@lru_cache(maxsize=1024)
def _head(address: str, constants: tuple[str | int, ...], floats: int) -> bytes:
    """A message up to its floats. Cached: building 60 messages takes half a millisecond per frame."""
    builder = OscMessageBuilder(address)
    for constant in constants:
        builder.add_arg(constant)
    for _ in range(floats):
        builder.add_arg(0.0)
    whole = builder.build().dgram
    return whole[: len(whole) - 4 * floats]


def pack(messages: Sequence[bytes], bundling: Bundling) -> list[bytes]:
    """The datagrams that carry `messages`, in order."""
    if bundling == "off":
        return list(messages)
    if bundling == "one":
        return [_bundle(messages)]
    return [_bundle(group) for group in _groups(messages)]


def unpack(datagram: bytes) -> list[Message]:
    """The messages of a datagram, in order. Raises FacewireError for anything but OSC, and for NaN."""
    return [_parse(part) for part in _parts(datagram, _DEEPEST)]


def _groups(messages: Sequence[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = len(_BEGIN)
    for each in messages:
        if group and size + 4 + len(each) > MTU_BYTES:
            yield group
            group, size = [], len(_BEGIN)
        group.append(each)
        size += 4 + len(each)
    yield group


def _bundle(messages: Sequence[bytes]) -> bytes:
    """A bundle. Not by python-osc's builder, which parses its result again and so doubles the cost of a frame."""
    return _BEGIN + b"".join(len(each).to_bytes(4, "big") + each for each in messages)


def _parts(data: bytes, depth: int) -> Iterator[bytes]:
    """The messages inside bundles. Not by python-osc's parser, which never ends if a size is negative."""
    if not data.startswith(_MARK):
        yield data
        return
    at = len(_BEGIN)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big", signed=True)
        if depth == 0 or size <= 0 or at + 4 + size > len(data):
            raise FacewireError(f"not an OSC bundle: an element of {size} bytes at {at} of {len(data)}")
        yield from _parts(data[at + 4 : at + 4 + size], depth - 1)
        at += 4 + size


def _parse(data: bytes) -> Message:
    if not data.startswith(b"/") or len(data) % 4:  # python-osc would fill up what is cut off
        raise FacewireError("not OSC: neither a bundle nor a message that begins with / and fills words of 4 bytes")
    try:
        parsed = OscMessage(data)
    except (ParseError, ValueError, IndexError) as error:
        raise FacewireError(f"not an OSC message: {error}") from None
    if any(isinstance(value, float) and not math.isfinite(value) for value in parsed.params):
        raise FacewireError(f"OSC message {parsed.address}: an argument is not a number")
    return parsed.address, tuple(parsed.params)
