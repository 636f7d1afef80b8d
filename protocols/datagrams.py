"""OSC messages into UDP datagrams and back: what `vmc` and `osc` share. The bytes are python-osc's."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from protocols.errors import FacewireError

Bundling = Literal["mtu", "one", "off"]
"""`mtu`: bundles that fit one network packet each; `one`: everything in one bundle; `off`: bare messages."""

MTU_BYTES: Final = 1400
_MARK: Final = b"#bundle\x00"
_BUNDLE_BYTES: Final = 16  # mark and time tag
_DEEPEST: Final = 8

Message = tuple[str, tuple[object, ...]]
"""Address and arguments."""


def message(address: str, *arguments: str | int | float) -> OscMessage:
    """An OSC message; str, int and float travel as s, i and f."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build()


def pack(messages: Sequence[OscMessage], bundling: Bundling) -> list[bytes]:
    """The datagrams that carry `messages`, in their order."""
    if bundling == "off":
        return [each.dgram for each in messages]
    if bundling == "one":
        return [_bundle(messages)]
    return [_bundle(group) for group in _groups(messages)]


def unpack(datagram: bytes) -> list[Message]:
    """The messages of a datagram, in order. Raises FacewireError for what is not OSC, and for NaN."""
    return [_parse(part) for part in _parts(datagram, _DEEPEST)]


def _groups(messages: Sequence[OscMessage]) -> Iterator[list[OscMessage]]:
    group: list[OscMessage] = []
    size = _BUNDLE_BYTES
    for each in messages:
        if group and size + 4 + each.size > MTU_BYTES:
            yield group
            group, size = [], _BUNDLE_BYTES
        group.append(each)
        size += 4 + each.size
    yield group


def _bundle(messages: Sequence[OscMessage]) -> bytes:
    builder = OscBundleBuilder(IMMEDIATELY)
    for each in messages:
        builder.add_content(each)
    return builder.build().dgram


def _parts(data: bytes, depth: int) -> Iterator[bytes]:
    """The messages inside bundles. Not python-osc's: a negative size makes its parser loop for ever."""
    if not data.startswith(_MARK):
        yield data
        return
    at = _BUNDLE_BYTES
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
