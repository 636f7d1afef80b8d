"""OSC as other people's programs read it, none of them in Python. Tests are skipped, with the reason, without them."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Message = tuple[str, tuple[object, ...]]


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def osc_min(datagrams: Iterable[bytes]) -> list[list[Message]]:
    """The messages of each datagram, by npm's osc-min; floats must have travelled as f, counts as i."""
    if shutil.which("node") is None or not (HERE / "node_modules" / "osc-min").is_dir():
        pytest.skip("no osc-min: npm install --prefix tests/peers --no-package-lock (needs Node.js 20)")
    lines = "".join(datagram.hex() + "\n" for datagram in datagrams)
    command = ["node", str(HERE / "osc_min.mjs")]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, timeout=60)
    return [[_message(*message) for message in json.loads(line)] for line in done.stdout.splitlines()]


def _message(address: str, arguments: list[tuple[str, object]]) -> Message:
    for kind, value in arguments:
        assert kind in ("float", "integer", "string"), (address, kind, value)
        assert (kind == "string") == isinstance(value, str)
    return address, tuple(value for _, value in arguments)


def oscdump(datagrams: Iterable[bytes]) -> list[str]:
    """What liblo's oscdump prints for datagrams sent to its port: `/address sf "text" 0.500000` per message."""
    if shutil.which("oscdump") is None:
        pytest.skip("no oscdump: apt-get install liblo-tools")
    port = free_udp_port()
    command = ["oscdump", "-L", str(port)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            _wait_until_bound(port)
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", port))
            sender.sendto(b"/end\0\0\0\0,\0\0\0", ("127.0.0.1", port))
            texts = (line.split(" ", 1)[1].strip() for line in lines)  # without the time
            return list(iter(lambda: next(texts), "/end"))
        finally:
            process.terminate()


def _wait_until_bound(port: int) -> None:
    """Probe with a connected socket: as long as nobody listens, the second send is refused."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", port))
        for _ in range(500):
            try:
                probe.send(b"\0")
                probe.send(b"\0")
            except ConnectionRefusedError:
                time.sleep(0.01)
            else:
                return
    pytest.fail(f"oscdump did not bind port {port} within 5 s")
