"""The real program with a head that turns: its pose reaches every receiver and the take, in step with the sound."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zmq

from daemon.send.pacing import REST_S, RESTING
from model.checkpoint import save
from protocols import livelink, osc, takes, vmc, zeromq
from protocols.interpolation import at_rate
from tests.daemon.commands.shell import process
from tests.daemon.sounds import sound
from tests.model.posed import poses_at
from tests.model.tiny import tiny_model
from tests.peers.osc import free_udp_port

pytestmark = pytest.mark.slow

SECONDS = 2
POSED = "from tests.model.posed import posed\nfrom daemon.commands.cli import app\nwith posed(): app()"
ROTATIONS = [0, 1, 2, 6, 7, 8, 9]
ALL = list(range(10))


@contextmanager
def receiver() -> Iterator[tuple[int, list[bytes]]]:
    """A UDP port, and what came there, to be read when all is over."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        came: list[bytes] = []
        yield bound.getsockname()[1], came
        while True:
            try:
                came.append(bound.recv(65_536))
            except BlockingIOError:
                return


def check(received: list[np.ndarray], fps: int, told: list[int]) -> None:
    """Poses that were received are those of the stream, one after the other, until they ease to rest at the end."""
    wanted = at_rate(poses_at(range(30 * SECONDS)), Fraction(30), Fraction(fps))[:, told]
    got = np.array(received)[:, told]
    distances = np.abs(got[:, None] - wanted).max(2)
    moving = int(np.nonzero(distances.min(1) < 2e-3)[0][-1]) + 1
    places = distances[:moving].argmin(1)
    assert distances[:moving].min(1).max() < 2e-3
    assert (np.diff(places) > 0).all()
    assert len(places) > 0.8 * len(wanted)
    resting = np.linalg.norm(got[moving:], axis=1)
    assert len(resting) <= REST_S * fps + RESTING + fps / 10
    assert (np.diff(resting) <= 0).all()
    assert not resting[-RESTING:].any()


def test_the_pose_reaches_every_receiver_and_the_take(tmp_path: Path) -> None:
    save(tiny_model(), tmp_path / "tiny.safetensors", {})
    soundfile.write(tmp_path / "talk.wav", sound(16_000 * SECONDS), 16_000)
    (tmp_path / "config.yaml").write_text(f"takes: {tmp_path / 'takes'}\n", encoding="utf-8")
    publisher = free_udp_port()
    subscriber = zmq.Context.instance().socket(zmq.SUB)
    subscriber.subscribe(b"")
    subscriber.connect(f"tcp://127.0.0.1:{publisher}")
    with ExitStack() as stack:
        ports, came = zip(*(stack.enter_context(receiver()) for _ in range(5)), strict=True)
        sinks = [
            f"livelink://127.0.0.1:{ports[0]}?fps=60",
            f"vmc://127.0.0.1:{ports[1]}?eyes=on&vrm0=off",
            f"osc://127.0.0.1:{ports[2]}",
            f"osc://127.0.0.1:{ports[3]}?style=message&fps=24",
            f"osc://127.0.0.1:{ports[4]}?style=facecap",
            f"zmq://127.0.0.1:{publisher}",
        ]
        options = ["--config", str(tmp_path / "config.yaml"), "--checkpoint", str(tmp_path / "tiny.safetensors")]
        options += [argument for sink in sinks for argument in ("--sink", sink)]
        given = ["--input", str(tmp_path / "talk.wav"), "--no-preview", "--record"]
        done = process("run", *given, *options, code=POSED)
        assert done.returncode == 0, done.stdout + done.stderr
    frames = []
    while subscriber.poll(300):
        frames.append(zeromq.decode(subscriber.recv_multipart())[1])
    subscriber.close(0)

    check([livelink.decode(datagram).pose for datagram in came[0]], 60, ROTATIONS)
    check([each.pose for each in vmc.decode(came[1])], 30, ROTATIONS)
    for datagrams, fps in ((came[2], 30), (came[3], 24), (came[4], 30)):
        assembly = osc.Assembly()
        check([each.pose for datagram in datagrams for each in assembly.push(datagram)], fps, ALL)
    shown = [frame for frame in frames if frame.index < 30 * SECONDS]
    assert len(shown) > 30
    for frame in shown:
        np.testing.assert_allclose(frame.pose, poses_at([frame.index])[0], atol=1e-4)

    (csv,) = (tmp_path / "takes").glob("*.csv")
    take = takes.read(csv)
    check([*take.poses], 30, ROTATIONS)
    assert soundfile.info(csv.with_suffix(".wav")).duration == pytest.approx(len(take.poses) / 30, abs=0.01)
