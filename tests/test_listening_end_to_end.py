"""The real program listens: whom it hears in a second source, it answers with nods after their phrases."""

import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zmq

from daemon.animate.offline import perform
from daemon.settings.config import DaemonConfig
from daemon.sound.files import DEMO
from model.audio import read_audio
from model.checkpoint import load, save
from model.performance import listening, phrases
from model.torch_runtime import TorchRuntime
from protocols import livelink, zeromq
from tests.daemon.commands.shell import process
from tests.model.performance.voice import hear
from tests.model.tiny import tiny_model
from tests.peers.osc import free_udp_port
from tests.peers.pulse import virtual_microphone
from tests.test_end_to_end import facewire, introduction, udp_receiver

pytestmark = pytest.mark.slow

SECONDS = 9
SEED = 3
STILL = {"seed": SEED, "liveliness": 0, "performance": {"gaze": 0, "blinks": 0}, "latency_ms": 800}
"""Settings with which a head does little but nod; on a busy machine, too, no frame is late."""
PITCH = 1


def answered(samples: np.ndarray, frames: int) -> np.ndarray:
    """The frames (n,) within a second after phrases that are long enough for an answer."""
    phrase, after = phrases.Phrase(), np.zeros(frames, bool)
    for frame, sound in enumerate(hear(samples).sounds()[0]):
        phrase, cue = phrases.follow(phrase, 1 / 30, *sound)
        if cue.phrase_ended_s >= listening.PHRASE_S:
            after[frame : frame + 30] = True
    return after


def speed(pitch: np.ndarray) -> np.ndarray:
    """Degrees per second (n,) at each frame."""
    return np.abs(np.diff(pitch, prepend=pitch[:1])) * 30


def settings_file(folder: Path, settings: dict[str, object]) -> str:
    file = folder / "config.yaml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()), encoding="utf-8")
    return str(file)


def test_the_head_nods_after_the_phrases_of_whom_it_listens_to(tmp_path: Path) -> None:
    save(tiny_model(), tmp_path / "tiny.safetensors", {})
    own, other = np.zeros(16_000 * SECONDS, np.float32), read_audio(DEMO)
    soundfile.write(tmp_path / "own.wav", own, 16_000)
    publisher = free_udp_port()
    subscriber = zmq.Context.instance().socket(zmq.SUB)
    subscriber.subscribe(b"")
    subscriber.connect(f"tcp://127.0.0.1:{publisher}")
    given = ["--config", settings_file(tmp_path, STILL), "--checkpoint", str(tmp_path / "tiny.safetensors")]
    given += ["--input", str(tmp_path / "own.wav"), "--listen-to", str(DEMO), "--no-preview"]
    done = process("run", *given, "--sink", f"zmq://127.0.0.1:{publisher}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"listens   to {DEMO} (16000 Hz)" in done.stdout
    frames = []
    while subscriber.poll(300):
        frames.append(zeromq.decode(subscriber.recv_multipart())[1])
    subscriber.close(0)

    config = DaemonConfig.model_validate(STILL)
    runtime = TorchRuntime(load(tmp_path / "tiny.safetensors"))
    with_other = perform(runtime, own, config, other=other).poses
    alone = perform(runtime, own, config).poses
    shown = [frame for frame in frames if frame.index < len(with_other) - 1]
    assert len(shown) > 0.8 * len(with_other)
    indices = [frame.index for frame in shown]
    poses = np.array([frame.pose for frame in shown])
    live = np.abs(poses - with_other[indices]).max(1) < 1e-4
    assert live.mean() > 0.95  # live is offline, but for frames that are held when the machine is busy
    after = answered(other, len(with_other))[indices]
    assert 0.1 < after.mean() < 0.5
    nodding = speed(with_other[:, PITCH])[indices]
    assert nodding[after].mean() > 3 * speed(alone[:, PITCH])[indices][after].mean()
    assert nodding[after].mean() > 3 * nodding[~after].mean()


def test_a_second_device_is_heard_beside_the_microphone(tmp_path: Path) -> None:
    voice = np.tile(read_audio(DEMO), 2)  # eight phrases: not each is answered
    soundfile.write(tmp_path / "call.wav", np.concatenate([voice, np.zeros(16_000, np.float32)]), 16_000)
    given = ["--config", settings_file(tmp_path, STILL), "--input", "mic", "--listen-to", "mic:call"]
    with (
        udp_receiver() as (port, heard),
        virtual_microphone(tmp_path, call=True) as environment,
        facewire(*given, "--sink", f"livelink://127.0.0.1:{port}", environment=environment) as process,
    ):
        assert "listens   to call (" in introduction(process)
        time.sleep(4.0)  # on a busy machine devices are slow to start
        before = len(heard.datagrams)
        play = ["paplay", "--device=call", "--latency-msec=50", str(tmp_path / "call.wav")]
        subprocess.run(play, env=environment, check=True)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
        assert process.returncode == 0, output + errors
    pose = np.array([livelink.decode(data).pose for _, data in heard.datagrams[before:]])
    assert np.ptp(pose[:, PITCH]) > 1.5, errors  # one that is alone moves by less than a degree
