"""What the documents tell people to type is there, and the example receives a face."""

import json
import re
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from daemon.commands.cli import app as facewire
from protocols import sinks, zeromq
from protocols.frame import Frame
from tests.peers.osc import free_udp_port
from training.cli import app as facewire_train

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {"facewire": get_command(facewire), "facewire-train": get_command(facewire_train)}


def fenced(page: Path) -> str:
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_in_the_documents_exists(page: Path) -> None:
    text = fenced(page).replace("\\\n", " ")
    for program, name, rest in re.findall(r"\b(facewire(?:-train)?) ([a-z-]+)([^\n&;]*)", text):
        command = PROGRAMS[program].commands.get(name)  # type: ignore[attr-defined]
        assert command is not None, f"{program} {name}"
        if hasattr(command, "commands"):
            name, _, rest = rest.strip().partition(" ")
            assert name in command.commands, f"{program} … {name}"
            command = command.commands[name]
        known = {o for parameter in command.params for o in (*parameter.opts, *parameter.secondary_opts)}
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", rest.split("facewire")[0]):
            assert option in known, f"{program} {name} {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_sink_in_the_documents_is_understood(page: Path) -> None:
    for url in re.findall(r"`((?:livelink|vmc|osc|zmq)://[^`\s…]+)`", page.read_text(encoding="utf-8")):
        sinks.parse(url)


def test_the_example_receiver_receives() -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "receivers.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    port = free_udp_port()
    receiver = code.group(1).replace("5556", str(port)).replace("while True:", "for _ in range(3):")
    sink = sinks.open_sink(sinks.parse(f"zmq://127.0.0.1:{port}"))
    weights = np.zeros(52, np.float32)
    weights[17] = 0.25
    command = [sys.executable, "-W", "ignore", "-c", receiver]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        index = 0
        while process.poll() is None and index < 2_000:
            sink.send(Frame(index, Fraction(30), 0, weights))
            index += 1
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
        sink.close()
        output = process.communicate()[0]
    assert output.split() == ["0.25"] * 3


def test_the_header_in_the_documents_is_the_header_sent() -> None:
    parts = zeromq.encode(Frame(3, Fraction(30), 0, np.zeros(52, np.float32)), zeromq.Options())
    assert set(json.loads(parts[1])) == {"version", "index", "time_s", "epoch_ns", "fps", "names", "pose"}
    assert len(struct.unpack("<52f", parts[2])) == 52
