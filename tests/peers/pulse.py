"""A microphone made of software: PulseAudio's null sink, whose monitor PortAudio hears through ALSA's pulse plugin."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ASOUND = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
CALL = """\
pcm.call {
    type pulse
    device "call.monitor"
    hint { show on description "call" }
}
"""


@contextmanager
def virtual_microphone(folder: Path, *, call: bool = False) -> Iterator[dict[str, str]]:
    """The environment in which `paplay` speaks into the default microphone.

    With `call` there is another device, `call`, that hears what `paplay --device=call` plays.
    """
    for tool in ("pulseaudio", "paplay", "pactl"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2")
    (folder / "asound.conf").write_text(ASOUND + CALL * call, encoding="utf-8")
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder / "pulse")}
    environment = {**os.environ, **home, "ALSA_CONFIG_PATH": str(folder / "asound.conf")}
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-target=stderr"]
    modules = ["module-native-protocol-unix", "module-null-sink sink_name=studio"]
    modules += ["module-null-sink sink_name=call"] * call
    loads = [argument for module in modules for argument in ("-L", module)]
    with subprocess.Popen([*command, *loads], env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            _wait_until_ready(server, environment)
            subprocess.run(["pactl", "set-default-source", "studio.monitor"], env=environment, check=True)
            subprocess.run(["pactl", "set-default-sink", "studio"], env=environment, check=True)
            yield environment
        finally:
            server.terminate()


def _wait_until_ready(server: "subprocess.Popen[str]", environment: dict[str, str]) -> None:
    for _ in range(100):
        asked = subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False)
        if asked.returncode == 0:
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    server.terminate()
    assert server.stderr is not None
    pytest.fail(f"pulseaudio did not start: {server.stderr.read()}")
