"""The program as a whole, with a tiny random model: from a sound to packets and a clean end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from daemon import app
from daemon.animate import face, worker
from daemon.commands.cli import app as command_line
from daemon.line.blocks import AudioChunk
from daemon.line.queues import DropOldestQueue
from daemon.send.claims import claimed
from daemon.settings.config import DaemonConfig, RuntimeChoice
from daemon.settings.live import LiveSettings
from model.checkpoint import save
from model.runtime import Runtime
from protocols import blendshapes, livelink, takes
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.sinks import SinkSpec, parse
from tests.daemon.sounds import sound
from tests.model.tiny import tiny_model
from tests.peers.osc import free_udp_port

ROOT = Path(__file__).parents[2]
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save(tiny_model(), path, {})
    return path


@dataclass
class Receiver:
    """A Live Link port and what came there."""

    socket: socket.socket

    @property
    def url(self) -> str:
        return f"livelink://127.0.0.1:{self.socket.getsockname()[1]}"

    def faces(self) -> np.ndarray:
        """All that has arrived, (n, 52)."""
        self.socket.setblocking(False)
        faces = []
        while True:
            try:
                faces.append(livelink.decode(self.socket.recv(2000)).weights)
            except BlockingIOError:
                return np.array(faces)

    def ages_ms(self) -> Iterator[float]:
        """How long after its sound each frame arrives, as it comes; ends when none has come for two seconds."""
        self.socket.settimeout(60)
        while True:
            try:
                packet = livelink.decode(self.socket.recv(2000))
            except TimeoutError:
                return
            now = datetime.now()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self.socket.settimeout(2)
            yield 1000 * ((now - midnight).total_seconds() - packet.time_s)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield Receiver(bound)


def config(checkpoint: Path, receiver: Receiver, **settings: object) -> DaemonConfig:
    given = {"checkpoint": checkpoint, "sinks": [receiver.url], "preview_port": 0, **settings}
    return DaemonConfig.model_validate(given)


def test_a_file_is_played_to_its_end_and_the_face_left_neutral(
    checkpoint: Path, receiver: Receiver, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "a.wav", sound(8_000), 16_000)
    said: list[str] = []
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav")), said.append)
    faces = receiver.faces()
    assert len(faces) > 1
    assert faces[:-3].any()
    assert not faces[-3:].any()
    assert f"input     {tmp_path / 'a.wav'} (16000 Hz)" in said[0]
    assert f"identity: mean of all\nsends to  {receiver.url[11:]} (livelink), 30 frames per second\n" in said[0]
    assert "latency   measured over the first 3 seconds of sound" in said[0]
    assert said[0].endswith("READY     Ctrl-C stops")


@pytest.mark.slow
def test_the_latency_is_told_when_it_has_been_measured(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(64_000), 16_000)
    said: list[str] = []
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav")), said.append)
    introduction, told = said
    assert "as audio delay in OBS" not in introduction
    ((total_ms, compute_ms),) = re.findall(r"^latency   (\d+) ms = chunk 10 \+ .* \+ compute (\d+)\n", told)
    assert int(total_ms) == 10 + 100 + 160 + 5 + int(compute_ms)
    assert f"set {total_ms} ms as audio delay in OBS" in told


def test_a_latency_that_is_set_is_told_at_once_and_kept(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(8_000), 16_000)
    said: list[str] = []
    arrived: list[float] = []
    listening = Thread(target=lambda: arrived.extend(receiver.ages_ms()))
    listening.start()
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav"), latency_ms=600), said.append)
    listening.join()
    assert "latency   600 ms = chunk 10 + hop 100 + lookahead 160 + tail 5 + compute" in said[0]
    assert "set 600 ms as audio delay in OBS" in said[0]
    assert len(said) == 1
    assert np.median(arrived) == pytest.approx(600, abs=60)


def test_a_latency_that_cannot_be_is_refused_with_the_least(
    checkpoint: Path, receiver: Receiver, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "a.wav", sound(8_000), 16_000)
    with pytest.raises(FacewireError, match=r"latency_ms: 200 is too little.* at least \d+ ms = chunk 10 \+ hop 100"):
        app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav"), latency_ms=200), lambda text: None)


def test_what_one_sink_needs_delays_no_other(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(8_000), 16_000)
    other = f"osc://127.0.0.1:{free_udp_port()}?fps=24&delay_ms=100"
    said: list[str] = []
    settings = config(checkpoint, receiver, input=str(tmp_path / "a.wav"), latency_ms=500, sinks=[receiver.url, other])
    app.run(settings, said.append)
    assert "latency   500 ms = chunk 10" in said[0]
    assert "(livelink), 30 frames per second\n" in said[0]
    later = "24 frames per second, 125 ms later than the stated latency (interpolation 25 + delay_ms 100)\n"
    assert later in said[0]


def test_sound_that_is_not_made_of_numbers_ends_nothing(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    wild = sound(16_000).copy()
    wild[4_000:9_000] = np.nan
    wild[12_000:14_000] = 1e30
    soundfile.write(tmp_path / "a.wav", wild, 16_000, subtype="FLOAT")
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav")), lambda text: None)
    assert len(receiver.faces()) > 30


def test_a_second_program_to_the_same_receivers_is_refused(checkpoint: Path, receiver: Receiver) -> None:
    taken = config(checkpoint, receiver, input="demo")
    with claimed([parse(receiver.url)], None):
        with pytest.raises(FacewireError, match=r"another facewire .* already sends a face to"):
            app.run(taken, lambda text: None)
        named = taken.model_copy(update={"name": "bob", "checkpoint": Path("none")})
        with pytest.raises(FacewireError, match="no such checkpoint"):  # it got as far as that
            app.run(named, lambda text: None)


def test_the_command_line_has_latency_and_name() -> None:
    result = CliRunner().invoke(command_line, ["run", "--latency-ms", "fast", "--name", "x" * 65])
    assert result.exit_code == 1
    assert "2 errors" in result.stderr
    assert "latency_ms: must be auto or whole milliseconds, 1 to 5000 (is 'fast')" in result.stderr
    assert "name: livelink subject 'xxx" in result.stderr


def test_a_name_is_the_live_link_subject(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(4_000), 16_000)
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav"), name="bob"), lambda text: None)
    assert livelink.decode(receiver.socket.recv(2000)).subject == "bob"


def test_a_stage_that_fails_ends_the_program_with_its_cause_and_a_neutral_face(
    checkpoint: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, steps = worker.stream.step, iter(range(100))

    def breaks_later(*arguments: object, **options: object) -> object:
        if next(steps) == worker.WARM_UP_HOPS + 2:
            raise ArithmeticError("cosmic ray")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(worker.stream, "step", breaks_later)
    with pytest.raises(FacewireError, match="the worker failed: ArithmeticError: cosmic ray"):
        app.run(config(checkpoint, receiver, input="demo"), lambda text: None)
    assert not receiver.faces()[-1].any()


class Microphone:
    """A source that hears two hops and then nothing, until it is stopped."""

    name, rate_hz, latency_ms = "fake", 16_000, 0.0

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        now_ns = app.SYSTEM.now_ns()
        chunks.put(AudioChunk(sound(6_000), 0, now_ns))
        stop.wait(1.0)


def test_the_face_listens_to_a_file_and_says_so(checkpoint: Path, receiver: Receiver, tmp_path: Path) -> None:
    own, other = tmp_path / "own.wav", tmp_path / "other.wav"
    soundfile.write(own, sound(8_000), 16_000)
    soundfile.write(other, sound(24_000), 48_000)
    said: list[str] = []
    app.run(config(checkpoint, receiver, input=str(own), listen_to=str(other)), said.append)
    assert f"input     {own} (16000 Hz)\nlistens   to {other} (16000 Hz)\n" in said[0]
    assert receiver.faces()[:-3].any()
    with pytest.raises(FacewireError, match=r"listen_to 'none\.wav': no such file"):
        app.run(config(checkpoint, receiver, input=str(own), listen_to="none.wav"), said.append)


def test_a_device_to_listen_to_is_heard_and_may_fail(
    checkpoint: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Breaking(Microphone):
        def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
            chunks.put(AudioChunk(sound(1_600), 0, app.SYSTEM.now_ns()))
            raise FacewireError("the sound service hangs")

    heard: list[int] = []
    real = worker.stream.step

    def step(*arguments: object, others: np.ndarray | None = None, **options: object) -> object:
        heard.append(0 if others is None else np.count_nonzero(others))
        return real(*arguments, others=others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(worker.stream, "step", step)
    monkeypatch.setattr(app, "open_source", lambda *arguments: Microphone())
    monkeypatch.setattr(app, "open_other", lambda *arguments: Breaking())
    app.run(config(checkpoint, receiver, listen_to="mic:cable"), lambda text: None)
    assert max(heard) > 1_000
    assert "fake is heard no more: the sound service hangs" in caplog.text
    assert len(receiver.faces()) > 12  # as long as the input goes on


def test_packets_go_on_while_no_sound_comes(
    checkpoint: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_source", lambda *arguments: Microphone())
    app.run(config(checkpoint, receiver), lambda text: None)
    assert len(receiver.faces()) > 12


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_leaves_the_face_neutral_and_exit_code_0(
    checkpoint: Path, receiver: Receiver, number: signal.Signals, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo"]
    command += ["--checkpoint", str(checkpoint), "--sink", receiver.url, "--no-preview"]
    receiver.socket.settimeout(60)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        receiver.socket.recv(2000)  # it sends
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert not receiver.faces()[-1].any()
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals on Windows")
def test_a_closed_terminal_leaves_the_face_neutral_and_the_take_written(
    checkpoint: Path, receiver: Receiver, tmp_path: Path
) -> None:
    import fcntl
    import pty
    import termios

    (tmp_path / "config.yaml").write_text(f"takes: {tmp_path / 'takes'}\nrecord: true\n", "utf-8")
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo"]
    command += ["--config", str(tmp_path / "config.yaml"), "--checkpoint", str(checkpoint), "--sink", receiver.url]
    window, terminal = pty.openpty()
    receiver.socket.settimeout(60)
    with subprocess.Popen(
        [*command, "--no-preview"],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(terminal)
        for _ in range(30):
            receiver.socket.recv(2000)  # it sends
        os.close(window)
        assert process.wait(60) == 0
    faces = receiver.faces()
    assert faces[:-3].any()
    assert not faces[-3:].any()
    assert sorted(path.suffix for path in (tmp_path / "takes").iterdir()) == [".csv", ".wav"]


@pytest.mark.slow
def test_a_damaged_checkpoint_is_told_on_standard_error_with_exit_code_1(receiver: Receiver, tmp_path: Path) -> None:
    broken = tiny_model()
    broken.face_mean.fill_(float("nan"))
    save(broken, tmp_path / "nan.safetensors", {})
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo"]
    command += ["--checkpoint", str(tmp_path / "nan.safetensors"), "--sink", receiver.url, "--no-preview"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "facewire: " in done.stderr
    assert "not finite" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_piped_sound_is_played_and_ends_the_program(checkpoint: Path, receiver: Receiver) -> None:
    pcm = np.round(sound(8_000) * 32768).astype("<i2").tobytes()
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", "run", "--input", "-"]
    command += ["--checkpoint", str(checkpoint), "--sink", receiver.url, "--no-preview"]
    done = subprocess.run(command, cwd=ROOT, input=pcm, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    faces = receiver.faces()
    assert faces[:-1].any()
    assert not faces[-1].any()


class Page:
    """A page that keeps what it is told, and turns the settings when the first frame comes."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings, self.url = settings, "http://127.0.0.1:1/"
        self.spec = SinkSpec("preview", "127.0.0.1", 1, None, 0)
        self.hello: dict[str, object] = {}
        self.status: dict[str, object] = {}
        self.frames: list[Frame] = []
        self.said: list[str] = []

    def introduce(self, hello: dict[str, object]) -> None:
        self.hello |= hello

    def tell(self, status: dict[str, object]) -> None:
        self.status = status

    def send(self, frame: Frame) -> None:
        if not self.frames:
            self.settings.change({"identity": "bruno", "gains": {"brows": 0.0}, "record": True})
        self.frames.append(frame)

    def say(self, text: str) -> None:
        self.said.append(text)

    def close(self) -> None:
        pass


@pytest.mark.slow
def test_the_preview_is_told_all_and_acts_on_the_running_program(
    checkpoint: Path, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Page] = []

    def page(settings: LiveSettings) -> Page:
        pages.append(Page(settings))
        return pages[0]

    monkeypatch.setattr(app, "Preview", page)
    soundfile.write(tmp_path / "a.wav", sound(24_000), 16_000)
    said: list[str] = []
    app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav"), takes=tmp_path / "takes"), said.append)
    assert "see it    http://127.0.0.1:1/\n" in said[0]
    (shown,) = pages
    assert shown.hello["phase"] == "ended"
    assert shown.hello["identities"] == ("alma", "bruno")
    assert shown.status["identity"] == "bruno"
    assert shown.status["sinks"][0]["sent"] > 10  # type: ignore[index]
    assert len(shown.frames) == pytest.approx(45 + 9 + 2, abs=3)
    brows = list(blendshapes.REGIONS["brows"])
    assert shown.frames[0].weights[brows].any()
    assert not shown.frames[5].weights[brows].any()
    csv, wav = sorted((tmp_path / "takes").iterdir())
    length_s = soundfile.info(wav).duration
    assert length_s == pytest.approx(len(takes.read(csv).weights) / 30, abs=0.01)
    assert length_s == pytest.approx(1.5 + 0.4, abs=0.3)


def test_without_a_free_port_the_face_moves_all_the_same(
    checkpoint: Path, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    soundfile.write(tmp_path / "a.wav", sound(8_000), 16_000)
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app.run(config(checkpoint, receiver, input=str(tmp_path / "a.wav"), preview_port=port), said.append)
    assert "NO PREVIEW" in caplog.text
    assert "see it" not in said[0]
    assert receiver.faces()[:-1].any()


def test_while_the_face_is_loading_nothing_can_be_changed(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "talk.wav", sound(5_000), 16_000)
    config = DaemonConfig(
        input=str(tmp_path / "talk.wav"), sinks=["vmc://127.0.0.1:9"], checkpoint=checkpoint, takes=tmp_path
    )
    opened: list[LiveSettings] = []
    monkeypatch.setattr(app, "open_preview", opened.append)
    load = face.open_face

    def loading(path: Path | None, encoder: str | None, runtime: RuntimeChoice) -> Runtime:
        with pytest.raises(FacewireError, match="still loading"):
            opened[0].change({"identity": "nobody"})
        return load(path, encoder, runtime)

    monkeypatch.setattr(face, "open_face", loading)
    app.run(config, lambda text: None)
    with pytest.raises(FacewireError, match="nobody"):
        opened[0].change({"identity": "nobody"})
    opened[0].change({"identity": "bruno"})
