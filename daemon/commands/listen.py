"""`facewire listen`: receives what a sink sends and prints it.

It binds a UDP port as a receiver does, or subscribes to a ZeroMQ publisher. Messages of another protocol are ignored,
counted and reported.
"""

import errno
import json
import logging
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Final

import typer
import zmq

from daemon.commands.listen_advice import HOLDERS, Count, advice
from daemon.commands.options import Json
from protocols import livelink, osc, vmc, zeromq
from protocols.blendshapes import NAMES
from protocols.errors import FacewireError
from protocols.frame import Weights
from protocols.pose import POSE_NAMES, Pose
from protocols.sinks import SinkSpec, parse

PATIENCE_S: Final = 5.0
"""If no face has come by then, advice is given."""

_LOG = logging.getLogger(__name__)

_POLL_MS: Final = 100
_LARGEST_DATAGRAM_BYTES: Final = 65_535
_STRONGEST: Final = 3
_VISIBLE: Final = 0.01


@dataclass(frozen=True)
class Heard:
    """One frame that arrived."""

    source: str
    """The subject (livelink), the topic (zmq), else the sender's address."""
    time_s: float
    """The sender's time: of day (livelink), since its start (vmc, zmq); osc has none: since listening began."""
    weights: Weights
    """(52,) in the order of `NAMES`."""
    pose: Pose
    """(10,) in the order of `POSE_NAMES`, degrees and metres; at rest as far as the protocol does not tell."""


Message = tuple[str, list[bytes]]
"""Sender's address, and a datagram or the parts of a ZeroMQ message."""
Decoder = Callable[[str, list[bytes], float], list[Heard]]
"""From sender, message and seconds since listening began to the frames the message completes."""


def listen(
    url: Annotated[
        str, typer.Argument(help="A URL as for --sink: livelink://127.0.0.1:11111, vmc://…, osc://…, zmq://…")
    ],
    seconds: Annotated[float | None, typer.Option(help="Stop after this many seconds; by default at Ctrl-C.")] = None,
    as_json: Json = False,
) -> None:
    """Print the faces that arrive, to see whether any do and what is in them.

    Example: facewire listen vmc://127.0.0.1:39539
    """
    receive(url, seconds=seconds, as_json=as_json, write=typer.echo)


def receive(url: str, *, seconds: float | None, as_json: bool, write: Callable[[str], None]) -> int:
    """Print the frames that arrive at a sink's URL for some seconds (None: until Ctrl-C); returns their number.

    `write` is called with one line per frame, without line break: readable, or JSON if `as_json`. What is awaited, and
    what to check if no face comes, is logged. Raises FacewireError for a bad URL or a port in use.
    """
    spec = parse(url)
    decode = _decoder(spec.protocol)
    line = _json_line if as_json else _text_line
    begin_s, count, advised = time.monotonic(), Count(), False
    with closing(_zmq_messages(spec) if spec.protocol == "zmq" else _udp_messages(_bound(spec))) as messages:
        _LOG.info("waiting for %s at %s; Ctrl-C stops", spec.protocol, spec.address)
        try:
            for message in messages:
                elapsed_s = time.monotonic() - begin_s
                over = seconds is not None and elapsed_s >= seconds
                if not count.frames and not advised and (over or elapsed_s >= PATIENCE_S):
                    _LOG.warning("%s", advice(spec, count))
                    advised = True
                if over:
                    break
                for heard in _heard(decode, message, elapsed_s, count) if message else ():
                    write(line(spec.protocol, heard))
        except KeyboardInterrupt:
            pass
    if count.strangers:
        _LOG.warning("ignored %d messages that are not %s", count.strangers, spec.protocol)
    return count.frames


def _heard(decode: Decoder, message: Message, elapsed_s: float, count: Count) -> list[Heard]:
    """The frames that a message completes. Counts, and logs the first message of another protocol."""
    count.messages += 1
    try:
        heard = decode(*message, elapsed_s)
    except FacewireError as error:
        count.strangers += 1
        if count.strangers == 1:
            _LOG.warning("ignored a message from %s: %s", message[0], error)
        return []
    count.frames += len(heard)
    return heard


def _udp_messages(receiver: socket.socket) -> Generator[Message | None, None, None]:
    """Datagrams to the port, and None at intervals while there are none."""
    with receiver:
        while True:
            try:
                data, sender = receiver.recvfrom(_LARGEST_DATAGRAM_BYTES)
            except TimeoutError:
                yield None
            else:
                yield f"{sender[0]}:{sender[1]}", [data]


def _bound(spec: SinkSpec) -> socket.socket:
    family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    receiver.settimeout(_POLL_MS / 1000)
    try:
        receiver.bind((spec.host, spec.port))
    except OSError as error:
        receiver.close()
        if error.errno == errno.EADDRINUSE:
            raise FacewireError(
                f"cannot listen: port {spec.port} is in use, usually by {HOLDERS[spec.protocol]}, "
                "or by another `facewire listen`; close that, or choose another port on both sides"
            ) from None
        raise FacewireError(f"cannot listen on {spec}: {error.strerror or error}") from None
    return receiver


def _zmq_messages(spec: SinkSpec) -> Generator[Message | None, None, None]:
    """Messages of every topic from the publisher, and None at intervals while there are none."""
    context = zmq.Context()
    try:
        receiver = context.socket(zmq.SUB)
        receiver.setsockopt(zmq.IPV6, ":" in spec.host)
        receiver.setsockopt(zmq.SUBSCRIBE, b"")
        receiver.connect(f"tcp://{spec.address}")
        while True:
            yield (spec.address, receiver.recv_multipart()) if receiver.poll(_POLL_MS) else None
    finally:
        context.destroy(linger=0)


def _decoder(protocol: str) -> Decoder:
    """The decoder of a protocol. Where frames span several datagrams it keeps senders apart."""
    vmc_of: defaultdict[str, vmc.Assembly] = defaultdict(vmc.Assembly)
    osc_of: defaultdict[str, osc.Assembly] = defaultdict(osc.Assembly)

    def of_livelink(_sender: str, parts: list[bytes], _elapsed_s: float) -> list[Heard]:
        packet = livelink.decode(parts[0])
        return [Heard(packet.subject, packet.time_s, packet.weights, packet.pose)]

    def of_vmc(sender: str, parts: list[bytes], _elapsed_s: float) -> list[Heard]:
        return [Heard(sender, frame.time_s, frame.weights, frame.pose) for frame in vmc_of[sender].push(parts[0])]

    def of_osc(sender: str, parts: list[bytes], elapsed_s: float) -> list[Heard]:
        return [Heard(sender, elapsed_s, frame.weights, frame.pose) for frame in osc_of[sender].push(parts[0])]

    def of_zmq(_sender: str, parts: list[bytes], _elapsed_s: float) -> list[Heard]:
        topic, frame = zeromq.decode(parts)
        return [Heard(topic, float(frame.time_s), frame.weights, frame.pose)]

    return {"livelink": of_livelink, "vmc": of_vmc, "osc": of_osc, "zmq": of_zmq}[protocol]


def _json_line(protocol: str, heard: Heard) -> str:
    shapes, pose = (
        {name: round(value, 6) for name, value in zip(names, values.tolist(), strict=True)}
        for names, values in ((NAMES, heard.weights), (POSE_NAMES, heard.pose))
    )
    told = {"protocol": protocol, "source": heard.source, "time_s": round(heard.time_s, 6)}
    return json.dumps({**told, "shapes": shapes, "pose": pose})


def _text_line(protocol: str, heard: Heard) -> str:
    shapes = dict(zip(NAMES, heard.weights.tolist(), strict=True))
    jaw = shapes.pop("jawOpen")
    strongest = sorted(shapes.items(), key=lambda shape: -abs(shape[1]))[:_STRONGEST]
    others = "  ".join(f"{name} {value:.2f}" for name, value in strongest if abs(value) >= _VISIBLE)
    yaw, pitch, roll = (round(angle, 1) + 0.0 for angle in heard.pose[:3].tolist())  # without + 0.0, -0 at rest
    head = f"head yaw {yaw} pitch {pitch} roll {roll}"
    told = f"{protocol} {_printable(heard.source)}  {heard.time_s:.3f} s  jawOpen {jaw:.2f}  {head}  {others}"
    return told.rstrip()


def _printable(text: str) -> str:
    """With control characters as escapes: what arrives must not steer the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
