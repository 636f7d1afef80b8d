"""Where frames go: URLs such as `vmc://127.0.0.1:39539?case=pascal&fps=60`, and the sockets behind them.

Every protocol takes `fps` (30, 60, 59.94, 60000/1001; left out: the model's own) and `delay_ms` in addition to its own
options. A port on which nothing listens is not an error: it is said once, and frames are still sent there.
"""

import errno
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

import zmq

from protocols import livelink, osc, vmc, zeromq
from protocols.errors import FacewireError
from protocols.frame import Frame, as_rate
from protocols.options import COMMON, describe, read_options

_LOG = logging.getLogger(__name__)

Options = livelink.Options | vmc.Options | osc.Options | zeromq.Options
Encoder = Callable[[Frame], list[bytes]]

_BACK_AFTER_S: Final = 2  # without a refusal; hosts limit how often they refuse
_HIGHEST_DELAY_MS: Final = 10_000
_SEND_HWM: Final = 16  # frames per subscriber; libzmq learns only every few ms that some were taken
_LARGEST_DATAGRAM_BYTES: Final = 65_535
_ANSWERS: Final = 64  # read per frame at most, so that a receiver that talks back cannot hold us up


@dataclass(frozen=True)
class SinkSpec:
    """A parsed sink URL."""

    protocol: str
    """livelink, vmc, osc, zmq; other names for sinks without a URL."""
    host: str
    """127.0.0.1 for `localhost`."""
    port: int
    fps: Fraction | None
    """Frames per second; None: the model's."""
    delay_ms: int
    """How much later than the stated latency frames are sent to this sink."""
    options: Options | None = None
    """The protocol's own."""

    def __str__(self) -> str:
        return f"{self.address} ({self.protocol})"

    @property
    def address(self) -> str:
        """host:port, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Sink(Protocol):
    """Takes the frames of one stream, from one thread."""

    @property
    def spec(self) -> SinkSpec:
        """What the sink was opened with."""

    def send(self, frame: Frame) -> None:
        """Send a frame now; never blocks, and does not fail because nothing listens."""

    def close(self) -> None:
        """Free the socket."""


@dataclass(frozen=True)
class _Kind:
    port: int
    options: type[Any]
    encoder: Callable[[Any], Encoder]
    """From the options to what turns frames into datagrams or parts."""


def _livelink_encoder(options: livelink.Options) -> Encoder:
    device = livelink.device_id(options.subject)
    return lambda frame: [livelink.encode(frame, options.subject, device)]


_KINDS: Final = {
    "livelink": _Kind(livelink.PORT, livelink.Options, _livelink_encoder),
    "vmc": _Kind(vmc.PORT, vmc.Options, lambda options: lambda frame: vmc.encode(frame, options)),
    "osc": _Kind(osc.PORT, osc.Options, lambda options: lambda frame: osc.encode(frame, options)),
    "zmq": _Kind(zeromq.PORT, zeromq.Options, lambda options: lambda frame: zeromq.encode(frame, options)),
}


def parse(url: str, name: str | None = None) -> SinkSpec:
    """Parse a sink's URL, `protocol://host:port?option=value&…`; host and port may be left out.

    `name` is the Live Link subject where the URL names none. Raises FacewireError that says what is wrong, and which
    protocols or options there are.
    """
    try:
        return _parsed(url, name)
    except FacewireError as error:
        raise FacewireError(f"sink {url}: {error}") from None


def _parsed(url: str, name: str | None) -> SinkSpec:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FacewireError(str(error)) from None
    kind = _KINDS.get(parts.scheme)
    if kind is None or "://" not in url:
        raise FacewireError(f"must begin with {', '.join(f'{name}://' for name in _KINDS)}")
    if parts.path.strip("/") or parts.fragment or parts.username is not None or port == 0:
        raise FacewireError(f"must look like {parts.scheme}://127.0.0.1:{kind.port}?option=value")
    options = _query(parts.query, kind)
    if kind.options is livelink.Options and name is not None:
        options = {"subject": name, **options}
    fps = options.pop("fps", None)
    delay = options.pop("delay_ms", "0")
    if not (delay.isdecimal() and int(delay) <= _HIGHEST_DELAY_MS):
        raise FacewireError(f"delay_ms={delay}, must be 0 to {_HIGHEST_DELAY_MS}")
    host = parts.hostname or "127.0.0.1"
    return SinkSpec(
        protocol=parts.scheme,
        host="127.0.0.1" if host == "localhost" else host,  # receivers are often IPv4 only
        port=port or kind.port,
        fps=None if fps is None else as_rate(fps),
        delay_ms=int(delay),
        options=read_options(kind.options, options),
    )


def _query(query: str, kind: _Kind) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        known = f"{describe(kind.options)}, {COMMON}"
        raise FacewireError(f"options are written name=value&…; known: {known}") from None
    options = dict(pairs)
    if len(options) != len(pairs):
        raise FacewireError("an option is given twice")
    return options


def open_sink(spec: SinkSpec) -> Sink:
    """Open the socket of a sink. Raises FacewireError for a host that cannot be reached or a port in use."""
    encoder = _KINDS[spec.protocol].encoder(spec.options)
    return _ZmqSink(spec, encoder) if isinstance(spec.options, zeromq.Options) else _UdpSink(spec, encoder)


class _UdpSink:
    def __init__(self, spec: SinkSpec, encoder: Encoder) -> None:
        self.spec = spec
        self._encode = encoder
        self._socket = _connected(spec)
        self._failed_at_s: Fraction | None = None

    def send(self, frame: Frame) -> None:
        error = self._refusal()
        for datagram in self._encode(frame):
            try:
                self._socket.send(datagram)
            except BlockingIOError:
                return  # the system's buffer is full: the rest of this frame is lost
            except OSError as failure:
                error = failure
        self._tell(error, frame.time_s)

    def _refusal(self) -> OSError | None:
        """The error with which the receiver's system has answered earlier datagrams, if it has.

        It is learnt by receiving: Windows tells it in no other way, as a reset connection. What a receiver sends is
        thrown away.
        """
        try:
            for _ in range(_ANSWERS):
                self._socket.recv(_LARGEST_DATAGRAM_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            return error
        return None

    def _tell(self, error: OSError | None, now_s: Fraction) -> None:
        """Say once that sending fails, and once that it works again."""
        if error is not None:
            if self._failed_at_s is None:
                _LOG.warning("%s", self._complaint(error))
            self._failed_at_s = now_s
        elif self._failed_at_s is not None and not 0 <= now_s - self._failed_at_s < _BACK_AFTER_S:
            _LOG.info("%s takes frames now", self.spec)
            self._failed_at_s = None

    def _complaint(self, error: OSError) -> str:
        if isinstance(error, ConnectionRefusedError | ConnectionResetError):
            return f"nothing is listening on {self.spec} yet; facewire keeps sending"
        reason = errno.errorcode.get(error.errno or errno.EIO, str(error))
        return f"cannot send to {self.spec}: {reason}; facewire keeps trying"

    def close(self) -> None:
        self._socket.close()


def _connected(spec: SinkSpec) -> socket.socket:
    """A UDP socket with a fixed target: its name is resolved once, and refusals are reported to it."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(spec.host, spec.port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise FacewireError(f"sink {spec}: unknown host {spec.host!r} ({error})") from None
    opened = socket.socket(family, kind, number)
    opened.setblocking(False)
    try:
        opened.connect(address)
    except OSError as error:
        opened.close()
        raise FacewireError(f"sink {spec}: cannot be reached: {error.strerror}") from None
    return opened


class _ZmqSink:
    def __init__(self, spec: SinkSpec, encoder: Encoder) -> None:
        self.spec = spec
        self._encode = encoder
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, _SEND_HWM)
        self._socket.setsockopt(zmq.IPV6, ":" in spec.host)
        if isinstance(spec.options, zeromq.Options) and spec.options.conflate:
            self._socket.setsockopt(zmq.CONFLATE, 1)
        try:
            self._socket.bind(f"tcp://{spec.address}")
        except zmq.ZMQError as error:
            self.close()
            raise FacewireError(_bind_failure(spec, error)) from None

    def send(self, frame: Frame) -> None:
        self._socket.send_multipart(self._encode(frame))

    def close(self) -> None:
        self._context.destroy(linger=0)


def _bind_failure(spec: SinkSpec, error: zmq.ZMQError) -> str:
    if error.errno == zmq.EADDRINUSE:
        return f"sink {spec}: port {spec.port} is in use, perhaps by another facewire; choose another port"
    return f"sink {spec}: cannot bind ({error.strerror}); zmq needs an address of this machine, like 127.0.0.1"
