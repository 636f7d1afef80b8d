import asyncio
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from daemon.preview import connections, server
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings


@pytest.fixture
def preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Preview]:
    monkeypatch.setattr(connections, "CONNECTIONS", 4)
    monkeypatch.setattr(server, "BATCH", 1)
    running = Preview(LiveSettings(DaemonConfig(preview_port=0, takes=tmp_path), tmp_path / "config.yaml"))
    yield running
    running.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def ask(connection: socket.socket, port: int) -> bytes:
    """A request on a connection that stays; its answer's first line."""
    connection.sendall(f"GET /names.js HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    answer = b""
    while b"];" not in answer:
        piece = connection.recv(65_536)
        if not piece:
            break
        answer += piece
    return answer.split(b"\r\n")[0]


def closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it by now."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True


def wait_until_closed(connection: socket.socket) -> None:
    end_s = time.monotonic() + 20
    while not closed(connection):
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_one_too_many_closes_the_one_that_was_idle_longest(preview: Preview, caplog: pytest.LogCaptureFixture) -> None:
    port = preview.spec.port
    with ExitStack() as stack:
        first, *others = [stack.enter_context(connected(port)) for _ in range(4)]
        assert ask(first, port) == b"HTTP/1.1 200 OK"
        for unused in others:
            newest = stack.enter_context(connected(port))
            assert ask(newest, port) == b"HTTP/1.1 200 OK"
            wait_until_closed(unused)
        assert not closed(first)
        assert ask(stack.enter_context(connected(port)), port) == b"HTTP/1.1 200 OK"
        wait_until_closed(first)
    assert [record.message for record in caplog.records if record.name != "asyncio"] == [
        "the preview has 4 connections: idle ones are closed to make room"
    ]


def test_pages_are_never_closed_for_others(preview: Preview) -> None:
    async def visit() -> None:
        async with aiohttp.ClientSession() as session:
            pages = [await session.ws_connect(preview.url + "ws") for _ in range(4)]
            refused = connected(preview.spec.port)
            await asyncio.to_thread(wait_until_closed, refused)
            refused.close()
            preview.say("still here")
            for page in pages:
                told = [(await page.receive_json())["type"] for _ in range(3)]
                assert told == ["hello", "settings", "said"]
            await pages[0].close()
            async with session.get(preview.url + "names.js") as answer:
                assert answer.status == 200

    asyncio.run(visit())


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHo"])
def test_an_idle_connection_is_closed(asks: bool, sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.3)
    running = Preview(LiveSettings(DaemonConfig(preview_port=0, takes=tmp_path), tmp_path / "config.yaml"))
    with connected(running.spec.port) as connection:
        if asks:
            assert ask(connection, running.spec.port) == b"HTTP/1.1 200 OK"
        connection.sendall(sent)
        wait_until_closed(connection)
    running.close()


CROWDED = """
import logging, resource, sys
from pathlib import Path
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]),) * 2)
logging.basicConfig(level=logging.INFO)
preview = Preview(LiveSettings(DaemonConfig(preview_port=0), Path(sys.argv[1])))
print(preview.spec.port, flush=True)
sys.stdin.read()
preview.close()
"""


@pytest.mark.parametrize(
    ("descriptors", "count", "told"),
    [(256, 300, "idle ones are closed to make room"), (48, 100, "Too many open files")],
)
def test_a_crowd_of_idle_connections_is_survived_and_told_once(
    descriptors: int, count: int, told: str, tmp_path: Path
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 512:
        pytest.skip("this system lets a process open too few files")
    command = [sys.executable, "-c", CROWDED, str(tmp_path / "config.yaml"), str(descriptors)]
    pipe = subprocess.PIPE
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with ExitStack() as stack:
            crowd = [stack.enter_context(connected(port)) for _ in range(count)]
            if descriptors > connections.CONNECTIONS:
                with connected(port) as mine:
                    assert ask(mine, port) == b"HTTP/1.1 200 OK"
                wait_until_closed(crowd[0])
            else:
                time.sleep(2.5)  # asyncio tries again every second
        with connected(port) as mine:  # they have gone
            assert ask(mine, port) == b"HTTP/1.1 200 OK"
        _, errors = process.communicate()
    assert process.returncode == 0
    assert [line for line in errors.splitlines() if told in line] == errors.splitlines()
    assert len(errors.splitlines()) == 1
