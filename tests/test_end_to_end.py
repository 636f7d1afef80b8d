"""The real program, started as a user starts it, hears real speech; what it sends is read by other people's decoders.

Speech and curves are recordings that the shipped model never saw (split `test`).
"""

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zmq
from pylivelinkface import FaceBlendShape, PyLiveLinkFace

from protocols import takes
from protocols.blendshapes import NAMES
from tests.peers.browser import browser, until
from tests.peers.osc import free_udp_port, osc_min
from tests.peers.pulse import virtual_microphone
from training.datasets.clips import joined
from training.datasets.splits import split_of
from training.prepare import npz_folder

pytestmark = pytest.mark.slow

GRID = Path(__file__).parents[2] / "shared" / "data" / "grid_s1"
FACEWIRE = Path(sys.executable).with_name("facewire")
JAW = NAMES.index("jawOpen")
EASE = 11
"""Frames at 30 per second in which the face comes to rest at the end."""


@dataclass
class Take:
    """Clips in a row, their real jaw at 30 fps, and the sound as a file."""

    path: Path
    jaw: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.jaw) / 30


@pytest.fixture(scope="session")
def take(tmp_path_factory: pytest.TempPathFactory) -> Take:
    if not GRID.is_dir():
        pytest.skip(f"no recordings with real curves at {GRID}")
    paths = [path for path in sorted(GRID.glob("*.npz")) if split_of(path.stem) == "test"][:3]
    clips = [npz_folder.read(path, "s1", "CC BY 4.0").clip(offset_ms=10) for path in paths]
    path = tmp_path_factory.mktemp("take") / "three clips.wav"
    sound, curves = joined(clips, 30)
    soundfile.write(path, sound, 16_000)
    return Take(path, curves[:, JAW])


@dataclass
class Heard:
    """What arrived at a port: (time of arrival, data)."""

    datagrams: list[tuple[float, bytes]] = field(default_factory=list)


@contextmanager
def udp_receiver() -> Iterator[tuple[int, Heard]]:
    heard, port = Heard(), free_udp_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.bind(("127.0.0.1", port))
        receiver.settimeout(0.2)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    data = receiver.recv(65_536)
                except TimeoutError:
                    continue
                heard.datagrams.append((time.time(), data))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield port, heard
        finally:
            done.set()
            thread.join()


@contextmanager
def facewire(*arguments: str, environment: dict[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    command = [str(FACEWIRE), "run", "--preview-port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def introduction(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("READY"):
            return "".join(lines)
    assert process.stderr is not None
    pytest.fail(f"facewire was never ready: {''.join(lines)}{process.stderr.read()}")


def live_link(heard: Heard) -> tuple[np.ndarray, np.ndarray]:
    """Frame numbers (n,) and weights (n, 61), by pylivelinkface."""
    numbers, weights = [], []
    for _, data in heard.datagrams:
        ok, face = PyLiveLinkFace.decode(data)
        assert ok
        weights.append([face.get_blendshape(FaceBlendShape(index)) for index in range(61)])
        name_bytes = struct.unpack(">i", data[41:45])[0]
        numbers.append(struct.unpack(">i", data[45 + name_bytes : 49 + name_bytes])[0])
    return np.array(numbers), np.array(weights)


def correlation(made: np.ndarray, real: np.ndarray, offset: int) -> float:
    cut = made[offset : offset + len(real)]
    return float(np.corrcoef(cut, real[: len(cut)])[0, 1]) if len(cut) > len(real) // 2 and cut.std() > 0 else -1.0


def test_a_file_reaches_live_link_vmc_and_zeromq_in_time(take: Take) -> None:
    context = zmq.Context.instance()
    with udp_receiver() as (live_port, live), udp_receiver() as (vmc_port, vmc):
        zmq_port = free_udp_port()
        subscriber = context.socket(zmq.SUB)
        subscriber.subscribe(b"")
        subscriber.rcvhwm = 10_000
        subscriber.connect(f"tcp://127.0.0.1:{zmq_port}")
        sinks = [
            f"livelink://127.0.0.1:{live_port}?subject=singer",
            f"vmc://127.0.0.1:{vmc_port}?fps=60",
            f"zmq://127.0.0.1:{zmq_port}?topic=face",
        ]
        options = [argument for sink in sinks for argument in ("--sink", sink)]
        with facewire("--input", str(take.path), "--identity", "s1", *options) as process:
            introduction(process)
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, output + errors
        parts = []
        while subscriber.poll(300):
            parts.append(subscriber.recv_multipart())
        subscriber.close(0)

    numbers, weights = live_link(live)
    assert np.all((weights[:, :52] >= 0) & (weights[:, :52] <= 1))
    steps = np.diff(numbers)
    assert np.all(steps > 0)  # a steady 30 frames per second, and few left out even on a busy machine
    assert np.mean(steps == 1) >= 0.95
    assert len(weights) == pytest.approx(len(take.jaw) + EASE, rel=0.05)
    assert not weights[-3:].any()
    assert correlation(weights[:, JAW], take.jaw, 0) >= 0.6

    headers = [json.loads(header) for _, header, _ in parts]
    faces = np.array([struct.unpack("<52f", payload) for _, _, payload in parts])
    assert {topic for topic, _, _ in parts} == {b"face"}
    assert headers[0]["names"] == list(NAMES)
    shown = np.rint([header["time_s"] * 30 for header in headers]).astype(int)  # a subscriber may join late
    inside = shown < len(take.jaw)
    assert np.corrcoef(faces[inside, JAW], take.jaw[shown[inside]])[0, 1] >= 0.6

    stated_ms = int(re.search(r"latency\s+(\d+) ms", output).group(1))  # type: ignore[union-attr]
    late_ms = [
        1000 * arrived - header["epoch_ns"] / 1e6
        for (arrived, _), header in zip(live.datagrams[-len(headers) :], headers, strict=True)
    ]
    assert np.median(late_ms) == pytest.approx(stated_ms, abs=60)

    messages = [message for datagram in osc_min(data for _, data in vmc.datagrams) for message in datagram]
    blends = [arguments for address, arguments in messages if address == "/VMC/Ext/Blend/Val"]
    assert {name[0].lower() + name[1:] for name, _ in blends if len(str(name)) > 2} >= set(NAMES) - {"tongueOut"}
    opened = np.array([value for name, value in blends if name == "JawOpen"])
    assert len(opened) == pytest.approx(2 * (len(take.jaw) + EASE), rel=0.05)  # a busy machine leaves some out
    assert sum(address == "/VMC/Ext/Blend/Apply" for address, _ in messages) == len(opened)
    assert correlation(opened[::2], take.jaw, 0) >= 0.6
    assert list(opened[-3:]) == [0, 0, 0]


def test_a_microphone_moves_the_face_until_the_program_is_stopped(take: Take, tmp_path: Path) -> None:
    with (
        udp_receiver() as (port, heard),
        virtual_microphone(tmp_path) as environment,
        facewire("--sink", f"livelink://127.0.0.1:{port}", environment=environment) as process,
    ):
        told = introduction(process)
        assert "DEMO" not in told
        before = len(heard.datagrams)
        subprocess.run(["paplay", "--latency-msec=50", str(take.path)], env=environment, check=True)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
        assert process.returncode == 0, output + errors
    numbers, weights = live_link(heard)
    assert np.mean(np.diff(numbers) == 1) > 0.97
    jaw = weights[before:, JAW]
    best = max(range(60), key=lambda offset: correlation(jaw, take.jaw, offset))
    assert correlation(jaw, take.jaw, best) >= 0.6, f"best at {best} frames"
    assert not weights[-1].any()


def test_two_runs_with_one_seed_make_one_face(take: Take, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        command = [str(FACEWIRE), "render", str(take.path), "--out", str(tmp_path / name), "--seed", "3"]
        subprocess.run(command, check=True, capture_output=True)
    a, b = (np.load(tmp_path / name)["bs"] for name in ("a.npz", "b.npz"))
    assert a.shape == (len(take.jaw), 52)
    np.testing.assert_array_equal(a, b)


def test_verify_finds_the_live_and_the_offline_face_equal(take: Take) -> None:
    done = subprocess.run([str(FACEWIRE), "verify", str(take.path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_browser_shows_the_face_and_drives_the_program_across_a_restart(tmp_path: Path) -> None:
    port = free_udp_port()
    (tmp_path / "config.yaml").write_text(f"takes: {tmp_path / 'takes'}\n", encoding="utf-8")
    with browser() as chromium, udp_receiver() as (live_port, heard):
        given = ["--config", str(tmp_path / "config.yaml"), "--input", "demo"]
        given += ["--sink", f"livelink://127.0.0.1:{live_port}", "--preview-port", str(port)]
        with facewire(*given) as process:
            assert f"see it    http://127.0.0.1:{port}/\n" in introduction(process)
            page = chromium.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            until(page, "window.facewire?.frames > 60")
            mouths = {page.locator("#face canvas").screenshot() for _ in range(4)}
            assert len(mouths) > 1  # it moves
            page.keyboard.press("r")
            page.wait_for_selector("[data-key=record][aria-pressed=true]")
            page.wait_for_timeout(1_500)
            page.keyboard.press("r")
            page.wait_for_selector("[data-key=record][aria-pressed=false]")
            page.keyboard.press("f")
            page.wait_for_selector("[data-key=freeze][aria-pressed=true]")
            page.wait_for_timeout(500)
            frozen = len(heard.datagrams)
            page.wait_for_timeout(1_000)
            page.locator("#liveliness").fill("0.5")
            page.locator("#save").click()
            until(page, "document.querySelector('#toast').textContent.includes('config.yaml')")
            _, weights = live_link(heard)
            assert len(weights) > frozen + 15  # packets never stop
            assert np.ptp(weights[frozen:], axis=0).max() == 0
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        page.wait_for_selector("#connection[data-state=waiting]")
        with facewire(*given) as process:
            introduction(process)
            page.wait_for_selector("#connection[data-state=open]")
            until(page, "document.querySelector('#liveliness').value === '0.5'")  # as saved
            page.wait_for_selector("[data-key=freeze][aria-pressed=false]")  # which is never saved
            seen = page.evaluate("window.facewire.frames")
            until(page, f"window.facewire.frames > {seen} + 30")
    csv, wav = sorted((tmp_path / "takes").iterdir())
    recorded = takes.read(csv)
    assert soundfile.info(wav).duration == pytest.approx(len(recorded.weights) / 30, abs=0.01)
    assert 1.0 < len(recorded.weights) / 30 < 5.0
    assert np.ptp(recorded.weights[:, JAW]) > 0.05
