import errno
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction

import numpy as np
import pytest
import zmq

from protocols import livelink, osc, sinks, vmc, zeromq
from protocols.errors import FacewireError
from protocols.sinks import Sink, SinkSpec, open_sink, parse
from tests.peers.osc import free_udp_port
from tests.protocols.faces import face, one_hot_sweep


@contextmanager
def receiver(port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.settimeout(5)
        opened.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        yield opened


def sink_to(url: str) -> "closing[Sink]":
    return closing(open_sink(parse(url)))


def test_defaults():
    assert [(parse(f"{name}://").port, parse(f"{name}://").options) for name in ("livelink", "vmc", "osc", "zmq")] == [
        (11111, livelink.Options("face")),
        (39539, vmc.Options("pascal", True, "mtu")),
        (9000, osc.Options("shapes", "/arkit", "mtu")),
        (5556, zeromq.Options("face", False)),
    ]
    assert parse("vmc://") == SinkSpec("vmc", "127.0.0.1", 39539, None, 0, vmc.Options())


@pytest.mark.parametrize(
    ("url", "spec"),
    [
        (
            "livelink://127.0.0.1:11112?subject=Anna%20B&fps=60&delay_ms=40",
            SinkSpec("livelink", "127.0.0.1", 11112, Fraction(60), 40, livelink.Options("Anna B")),
        ),
        (
            "VMC://LOCALHOST/?case=both&vrm0=off&bundle=off&fps=59.94",
            SinkSpec("vmc", "127.0.0.1", 39539, Fraction(60000, 1001), 0, vmc.Options("both", False, "off")),
        ),
        (
            "osc://[::1]:9001?style=message&prefix=/me/face&fps=60000/1001",
            SinkSpec("osc", "::1", 9001, Fraction(60000, 1001), 0, osc.Options("message", "/me/face")),
        ),
        (
            "zmq://0.0.0.0?topic=face&conflate=on",
            SinkSpec("zmq", "0.0.0.0", 5556, None, 0, zeromq.Options("face", True)),
        ),
    ],
)
def test_urls(url, spec):
    assert parse(url) == spec


def test_a_name_is_the_subject_where_the_url_has_none():
    assert parse("livelink://", "anna").options == livelink.Options("anna")
    assert parse("livelink://?subject=ben", "anna").options == livelink.Options("ben")
    for url in ("vmc://", "osc://", "zmq://"):
        assert parse(url, "anna") == parse(url)


def test_a_spec_is_shown_as_an_address():
    assert str(parse("osc://[::1]")) == "[::1]:9000 (osc)"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "livelink://, vmc://, osc://, zmq://"),
        ("127.0.0.1:39539", "must begin with livelink://"),
        ("vmc:127.0.0.1", "must begin with"),
        ("midi://127.0.0.1", "midi.*must begin with"),
        ("vmc://127.0.0.1:99999", "Port out of range"),
        ("vmc://127.0.0.1:0", "must look like vmc://127.0.0.1:39539"),
        ("vmc://127.0.0.1:x", "Port could not"),
        ("vmc://[::1", "Invalid IPv6"),
        ("vmc://127.0.0.1/path", "must look like"),
        ("vmc://me@127.0.0.1", "must look like"),
        ("vmc://127.0.0.1#case", "must look like"),
        (
            "vmc://127.0.0.1?cases=pascal",
            r"unknown option 'cases'; known: case \(pascal\|camel\|both\), vrm0 \(on\|off\), "
            r"bundle \(mtu\|one\|off\), head \(on\|off\), eyes \(on\|off\), fps, delay_ms",
        ),
        ("vmc://127.0.0.1?case=upper", "case=upper, must be one of: pascal, camel, both"),
        ("vmc://127.0.0.1?vrm0=yes", "vrm0=yes, must be one of: on, off"),
        ("vmc://127.0.0.1?case", "name=value.*known: case"),
        ("vmc://127.0.0.1?case=pascal&case=camel", "twice"),
        ("vmc://127.0.0.1?fps=fast", "frame rate 'fast'"),
        ("vmc://127.0.0.1?delay_ms=-1", "delay_ms=-1, must be 0 to 10000"),
        ("vmc://127.0.0.1?delay_ms=20000", "must be 0 to 10000"),
        ("livelink://127.0.0.1?subject=", "subject"),
        ("osc://127.0.0.1?prefix=me", "prefix"),
        ("zmq://127.0.0.1?topic=a%0Ab", "topic"),
    ],
)
def test_bad_urls(url, said):
    with pytest.raises(FacewireError, match=said) as caught:
        parse(url)
    assert str(caught.value).startswith(f"sink {url}: ")


@pytest.mark.parametrize("options", ["livelink", "vmc", "osc", "osc?style=message"])
def test_a_sweep_arrives_over_udp(options):
    protocol, _, query = options.partition("?")
    decode = {"livelink": lambda sent: [livelink.decode(data) for data in sent], "vmc": vmc.decode, "osc": osc.decode}
    with receiver() as receiving, sink_to(f"{protocol}://127.0.0.1:{receiving.getsockname()[1]}?{query}") as sink:
        for frame in one_hot_sweep():
            sink.send(frame)
            expected = len(one_datagram_list(sink.spec, frame))
            (read,) = decode[protocol]([receiving.recv(65535) for _ in range(expected)])
            np.testing.assert_array_equal(getattr(read, "weights", read), frame.weights)


def one_datagram_list(spec, frame):
    match spec.options:
        case vmc.Options():
            return vmc.encode(frame, spec.options)
        case osc.Options():
            return osc.encode(frame, spec.options)
    return [b""]


def test_ipv6():
    with receiver(family=socket.AF_INET6) as receiving, sink_to(f"osc://[::1]:{receiving.getsockname()[1]}") as sink:
        sink.send(face(jawOpen=0.5))
        assert receiving.recv(65535).startswith(b"#bundle")


@pytest.mark.parametrize("protocol", ["livelink", "vmc"])
def test_a_refused_port_is_said_once_and_once_when_it_is_back(protocol, caplog):
    caplog.set_level(logging.INFO, logger="protocols.sinks")
    port = free_udp_port()
    with sink_to(f"{protocol}://127.0.0.1:{port}") as sink:
        for index in range(200):
            sink.send(face(index))
        assert [record.getMessage() for record in caplog.records] == [
            f"nothing is listening on 127.0.0.1:{port} ({protocol}) yet; facewire keeps sending"
        ]
        caplog.clear()
        with receiver(port) as receiving:
            for index in range(200, 300):
                sink.send(face(index))
                assert receiving.recv(65535)
                while protocol == "vmc" and not receiving.recv(65535).endswith(b"Apply\0\0\0\0,\0\0\0"):
                    pass
            assert [record.getMessage() for record in caplog.records] == [
                f"127.0.0.1:{port} ({protocol}) takes frames now"
            ]
        caplog.clear()
        for index in range(300, 310):  # the receiver was closed
            sink.send(face(index))
        assert [record.levelname for record in caplog.records] == ["WARNING"]


class WindowsSocket:
    """Refusals as Windows tells them: nothing on sending, a reset connection on receiving what comes back."""

    def __init__(self, listening):
        self.listening, self.refused, self.sent = listening, 0, 0

    def send(self, datagram):
        self.sent += 1
        self.refused += not self.listening

    def recv(self, size):
        if self.refused:
            self.refused -= 1
            raise ConnectionResetError(errno.ECONNRESET, "An existing connection was forcibly closed")
        raise BlockingIOError(errno.EWOULDBLOCK, "no data")

    def getsockopt(self, *_):
        return 0

    def close(self):
        pass


def test_a_refused_port_is_learnt_on_windows_too(caplog, monkeypatch):
    caplog.set_level(logging.INFO, logger="protocols.sinks")
    fake = WindowsSocket(listening=False)
    monkeypatch.setattr(sinks, "_connected", lambda spec: fake)
    with sink_to("livelink://") as sink:
        for index in range(200):
            sink.send(face(index))
        assert fake.sent == 200
        fake.listening = True
        for index in range(200, 300):
            sink.send(face(index))
    assert [record.getMessage() for record in caplog.records] == [
        "nothing is listening on 127.0.0.1:11111 (livelink) yet; facewire keeps sending",
        "127.0.0.1:11111 (livelink) takes frames now",
    ]


def test_a_receiver_that_talks_back_is_not_in_the_way(caplog):
    with receiver() as receiving, sink_to(f"livelink://127.0.0.1:{receiving.getsockname()[1]}") as sink:
        for index in range(100):
            sink.send(face(index))
            _, sender = receiving.recvfrom(65535)
            for _ in range(100):
                receiving.sendto(b"hello", sender)
    assert not caplog.records


def test_other_failures_are_said_once(caplog, monkeypatch):
    with sink_to("vmc://127.0.0.1?bundle=one") as sink:
        # As when a cable is pulled.
        monkeypatch.setattr(vmc, "encode", lambda frame, options: [bytes(70_000)])
        for index in range(3):
            sink.send(face(index))
    assert [record.getMessage() for record in caplog.records] == [
        "cannot send to 127.0.0.1:39539 (vmc): EMSGSIZE; facewire keeps trying"
    ]


def test_unknown_host():
    with pytest.raises(FacewireError, match=r"unknown host 'nowhere\.invalid'"):
        open_sink(parse("vmc://nowhere.invalid"))


@pytest.mark.parametrize("conflate", ["off", "on"])
def test_zmq_reaches_a_plain_subscriber(conflate):
    port = free_tcp_port()
    context = zmq.Context()
    try:
        with sink_to(f"zmq://127.0.0.1:{port}?topic=face&conflate={conflate}") as sink:
            subscriber = context.socket(zmq.SUB)
            subscriber.setsockopt(zmq.SUBSCRIBE, b"face")
            subscriber.setsockopt(zmq.RCVTIMEO, 5000)
            subscriber.connect(f"tcp://127.0.0.1:{port}")
            until_subscribed(sink, subscriber)
            for frame in one_hot_sweep():
                time.sleep(0.002)
                sink.send(frame)
                topic, read = zeromq.decode(subscriber.recv_multipart())
                while not read.weights.any():
                    topic, read = zeromq.decode(subscriber.recv_multipart())
                assert topic == "face"
                np.testing.assert_array_equal(read.weights, frame.weights)
    finally:
        context.destroy(linger=0)


def until_subscribed(sink, subscriber):
    for _ in range(500):
        sink.send(face())
        if subscriber.poll(10):
            return
    pytest.fail("no message within 5 s")


def free_tcp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_zmq_does_not_wait_for_slow_subscribers():
    port = free_tcp_port()
    context = zmq.Context()
    try:
        with sink_to(f"zmq://127.0.0.1:{port}") as sink:
            subscriber = context.socket(zmq.SUB)
            subscriber.setsockopt(zmq.SUBSCRIBE, b"")
            subscriber.setsockopt(zmq.RCVHWM, 1)
            subscriber.connect(f"tcp://127.0.0.1:{port}")
            until_subscribed(sink, subscriber)
            begin_s = time.monotonic()
            for index in range(2000):
                sink.send(face(index))
            assert time.monotonic() - begin_s < 5
    finally:
        context.destroy(linger=0)


def test_zmq_port_in_use_is_named():
    port = free_tcp_port()
    with sink_to(f"zmq://127.0.0.1:{port}"), pytest.raises(FacewireError, match=f"port {port} is in use"):
        open_sink(parse(f"zmq://127.0.0.1:{port}"))


def test_zmq_binds_only_addresses_of_this_machine():
    with pytest.raises(FacewireError, match="address of this machine"):
        open_sink(parse("zmq://192.0.2.1"))


def test_zmq_ipv6():
    with sink_to(f"zmq://[::1]:{free_tcp_port()}") as sink:
        sink.send(face())
