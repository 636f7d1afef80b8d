import json
import logging
import socket
import threading
import time
from contextlib import closing

import pytest
from typer.testing import CliRunner

from daemon.commands import listen as module
from daemon.commands.cli import app
from daemon.commands.listen import receive
from protocols import livelink
from protocols.blendshapes import NAMES
from protocols.datagrams import message
from protocols.errors import FacewireError
from protocols.pose import POSE_NAMES
from protocols.sinks import open_sink, parse
from tests.peers.osc import free_udp_port
from tests.protocols.faces import face


def vmc_datagram():
    """A blendshape, and no end of the frame."""
    return message("/VMC/Ext/Blend/Val", "JawOpen", floats=(1.0,))


def heard_while(url, talk, *, as_json=False, enough=3):
    """Lines and the returned count while `talk` is called every 10 ms, until `enough` lines came."""
    lines = []
    done = threading.Event()

    def write(line):
        lines.append(line)
        if len(lines) == enough:
            done.set()
            raise KeyboardInterrupt  # what Ctrl-C does

    counts = []
    thread = threading.Thread(
        target=lambda: counts.append(receive(url, seconds=10, as_json=as_json, write=write)), daemon=True
    )
    thread.start()
    for index in range(900):
        talk(index)
        if done.wait(0.01):
            break
    thread.join(15)
    return lines, counts


@pytest.mark.parametrize(
    ("protocol", "source", "query"),
    [
        ("livelink", "Anna", "?subject=Anna"),
        ("vmc", "127.0.0.1:", ""),
        ("vmc", "127.0.0.1:", "?case=camel&bundle=off"),
        ("osc", "127.0.0.1:", ""),
        ("osc", "127.0.0.1:", "?style=facecap"),
        ("osc", "127.0.0.1:", "?style=message"),
        ("zmq", "Anna", "?topic=Anna"),
        ("zmq", "Anna", "?topic=Anna&conflate=on"),
    ],
)
def test_every_protocol_is_heard(protocol, source, query):
    url = f"{protocol}://127.0.0.1:{free_udp_port()}{query}"
    with closing(open_sink(parse(url))) as sink:
        sent = {"jawOpen": 0.5, "tongueOut": 0.25, "head_yaw": 12.5, "head_roll": -4}
        lines, _ = heard_while(url, lambda index: sink.send(face(index, **sent)), as_json=True)
    heard = json.loads(lines[-1])  # who joins in the middle of a frame hears the rest of it first
    assert heard["protocol"] == protocol
    assert heard["source"].startswith(source)
    assert heard["time_s"] >= 0
    assert heard["shapes"] == {name: {"jawOpen": 0.5, "tongueOut": 0.25}.get(name, 0) for name in NAMES}
    turned = {name: {"head_yaw": 12.5, "head_roll": -4}.get(name, 0) for name in POSE_NAMES}
    assert heard["pose"] == pytest.approx(turned, abs=1e-4)


def test_readable_lines():
    url = f"vmc://127.0.0.1:{free_udp_port()}"
    shapes = {"jawOpen": 0.5, "mouthFunnel": 0.3, "cheekPuff": 0.2, "eyeBlinkLeft": 0.9, "browInnerUp": 0.1}
    pose = {"head_yaw": 12.34, "head_pitch": -4}
    with closing(open_sink(parse(url))) as sink:
        lines, _ = heard_while(url, lambda index: sink.send(face(45, **shapes, **pose)))
    assert lines[-1].startswith("vmc 127.0.0.1:")
    others = "eyeBlinkLeft 0.90  mouthFunnel 0.30  cheekPuff 0.20"
    assert lines[-1].endswith(f"  1.500 s  jawOpen 0.50  head yaw 12.3 pitch -4.0 roll 0.0  {others}")


def test_a_name_that_arrives_does_not_steer_the_terminal():
    port = free_udp_port()
    packet = livelink.encode(face(0), "Zoë\x1b[2J\r", livelink.device_id("face"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        lines, _ = heard_while(f"livelink://127.0.0.1:{port}", lambda index: sender.sendto(packet, ("127.0.0.1", port)))
    assert lines[0].startswith(r"livelink Zoë\x1b[2J\r  ")


def test_strangers_are_ignored_and_counted(caplog):
    port = free_udp_port()
    url = f"vmc://127.0.0.1:{port}"
    with closing(open_sink(parse(url))) as sink, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:

        def talk(index):
            stranger.sendto(b"GET / HTTP/1.1", ("127.0.0.1", port))
            sink.send(face(index))

        lines, _ = heard_while(url, talk, enough=5)
    assert len(lines) == 5
    ours = [record for record in caplog.records if record.name == module.__name__]
    said = [record.getMessage() for record in ours if record.levelno > logging.INFO]
    assert len(said) == 2
    assert said[0].startswith("ignored a message from 127.0.0.1:")
    assert "messages that are not vmc" in said[1]


def test_silence_ends_after_the_given_seconds():
    begin_s = time.monotonic()
    assert receive(f"osc://127.0.0.1:{free_udp_port()}", seconds=0.3, as_json=False, write=pytest.fail) == 0
    assert 0.3 <= time.monotonic() - begin_s < 2


@pytest.mark.parametrize("protocol", ["livelink", "vmc", "osc", "zmq"])
def test_where_nothing_arrives_it_says_what_it_waits_for_and_once_what_to_check(protocol, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    port = free_udp_port()
    receive(f"{protocol}://127.0.0.1:{port}", seconds=0.5, as_json=False, write=pytest.fail)
    awaited, advice = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert awaited == f"waiting for {protocol} at 127.0.0.1:{port}; Ctrl-C stops"
    assert advice.startswith("nothing has arrived so far:\n")
    assert f"--sink {protocol}://127.0.0.1:{port}" in advice
    assert f"{'TCP' if protocol == 'zmq' else 'UDP'} port {port}" in advice
    assert "firewall" in advice
    assert "another program hold the port" in advice


def test_who_listens_at_all_addresses_is_advised_of_one_to_send_to(caplog):
    port = free_udp_port()
    receive(f"vmc://0.0.0.0:{port}", seconds=0.1, as_json=False, write=pytest.fail)
    assert f"--sink vmc://127.0.0.1:{port}" in caplog.text
    assert f"Then send to this machine's address, and let UDP port {port}" in caplog.text


def test_the_json_on_standard_output_stays_clean():
    url = f"vmc://127.0.0.1:{free_udp_port()}"
    result = CliRunner().invoke(app, ["listen", url, "--seconds", "0.2", "--json"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "waiting for vmc" in result.stderr
    assert "nothing has arrived" in result.stderr


def test_where_faces_arrive_nothing_is_advised(caplog, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    url = f"vmc://127.0.0.1:{free_udp_port()}"
    with closing(open_sink(parse(url))) as sink:
        heard_while(url, lambda index: sink.send(face(index)), enough=60)
    assert "arrived" not in caplog.text


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (b"GET / HTTP/1.1", "messages have arrived, none of them vmc: does the sender use another protocol?"),
        (vmc_datagram(), "messages have arrived, but no whole face: all 52 blendshapes, and Blend/Apply behind them"),
    ],
)
def test_where_messages_without_a_face_arrive_it_says_so(datagram, told, caplog, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    port = free_udp_port()
    thread = threading.Thread(
        target=lambda: receive(f"vmc://127.0.0.1:{port}", seconds=0.6, as_json=False, write=pytest.fail)
    )
    thread.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while thread.is_alive():
            sender.sendto(datagram, ("127.0.0.1", port))
            thread.join(0.02)
    assert caplog.text.count(told) == 1


def test_count_is_of_frames(caplog):
    caplog.set_level(logging.CRITICAL, logger="protocols.sinks")
    url = f"vmc://127.0.0.1:{free_udp_port()}"
    stop = threading.Event()
    with closing(open_sink(parse(url))) as sink:

        def talk():
            for index in range(10_000):
                sink.send(face(index))
                if stop.wait(0.01):
                    return

        thread = threading.Thread(target=talk)
        thread.start()
        lines: list[str] = []
        count = receive(url, seconds=0.5, as_json=False, write=lines.append)
        stop.set()
        thread.join()
    assert count == len(lines) > 5


@pytest.mark.parametrize(("protocol", "holder"), [("livelink", "Unreal"), ("vmc", "VSeeFace"), ("osc", "VRChat")])
def test_port_in_use_says_who_usually_holds_it(protocol, holder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(FacewireError, match=f"port {port} is in use.*{holder}"):
            receive(f"{protocol}://127.0.0.1:{port}", seconds=0.1, as_json=False, write=pytest.fail)


def test_host_of_another_machine():
    with pytest.raises(FacewireError, match="cannot listen on"):
        receive("vmc://192.0.2.1", seconds=0.1, as_json=False, write=pytest.fail)


def test_bad_url():
    with pytest.raises(FacewireError, match="must begin with"):
        receive("midi://", seconds=0.1, as_json=False, write=pytest.fail)
