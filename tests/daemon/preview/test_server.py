import asyncio
import json
import select
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import aiohttp
import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from daemon.preview import pages
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols.errors import FacewireError
from protocols.frame import Frame

Page = ClientWebSocketResponse


@pytest.fixture
def settings(tmp_path: Path) -> LiveSettings:
    config = DaemonConfig(preview_port=0, takes=tmp_path / "takes")
    return LiveSettings(config, tmp_path / "config.yaml")


@pytest.fixture
def preview(settings: LiveSettings) -> Iterator[Preview]:
    running = Preview(settings)
    yield running
    running.close()


def frame(index: int, weight: float = 0.5) -> Frame:
    return Frame(index, Fraction(30), 0, np.full(52, weight, np.float32))


def with_pages(preview: Preview, count: int, visit: Callable[..., Awaitable[None]]) -> None:
    """Call `visit` with so many pages that have been greeted with hello and settings."""

    async def opened() -> None:
        async with aiohttp.ClientSession() as session:
            pages = [await session.ws_connect(preview.url + "ws") for _ in range(count)]
            for page in pages:
                assert (await message(page))["type"] == "hello"
                assert (await message(page))["type"] == "settings"
            await visit(*pages)
            for page in pages:
                await page.close()

    asyncio.run(asyncio.wait_for(opened(), 30))


async def message(page: Page) -> dict[str, Any]:
    """The next text message; frames before it are passed over."""
    while (received := await page.receive()).type is WSMsgType.BINARY:
        pass
    assert received.type is WSMsgType.TEXT, received
    return cast(dict[str, Any], json.loads(received.data))


async def closing(page: Page) -> int | None:
    """The code with which the server closes."""
    while (received := await page.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
        pass
    return page.close_code if received.type is not WSMsgType.CLOSE else cast(int, received.data)


def test_whoever_comes_is_told_what_runs_and_the_newest_of_everything(preview: Preview, settings: LiveSettings) -> None:
    preview.introduce({"phase": "starting", "input": "demo voice"})
    preview.introduce(
        {"phase": "live", "floor": 0.5, "identities": ["s1"], "lookaheads_ms": np.array([80, 160])[:0].tolist()}
    )
    preview.tell({"level_db": -10.0})
    preview.tell({"level_db": float("-inf"), "held": np.int64(3), "latency": {"measured_ms": [[np.float32(0.5)]]}})

    async def visit() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(preview.url + "ws") as page:
            hello, now, status = [await message(page) for _ in range(3)]
        assert hello["type"] == "hello"
        told = [hello[key] for key in ("phase", "input", "floor", "identities", "head", "version")]
        assert told == ["live", "demo voice", 0.5, ["s1"], False, "0.1.0"]
        assert now == {"type": "settings", "now": settings.live(), "lines": "", "file": str(settings.file)}
        assert status == {"type": "status", "level_db": None, "held": 3, "latency": {"measured_ms": [[0.5]]}}

    asyncio.run(visit())


def test_frames_come_as_256_bytes_to_every_page(preview: Preview) -> None:
    weights, pose = np.linspace(0, 1, 52, dtype=np.float32), np.linspace(-1, 1, 10, dtype=np.float32)

    async def visit(*pages: Page) -> None:
        preview.send(Frame(7, Fraction(60000, 1001), 0, weights, pose))
        for page in pages:
            data = await page.receive_bytes()
            assert len(data) == 256
            assert struct.unpack("<d", data[:8])[0] == float(Fraction(7 * 1001, 60000))
            np.testing.assert_array_equal(np.frombuffer(data, "<f4", offset=8), [*weights, *pose])

    with_pages(preview, 2, visit)


def test_news_reach_pages_that_are_open(preview: Preview) -> None:
    async def visit(first: Page, second: Page) -> None:
        preview.introduce({"phase": "ended"})
        for page in (first, second):
            assert (await message(page))["phase"] == "ended"
        preview.tell({"held": 4})
        for page in (first, second):
            assert await message(page) == {"type": "status", "held": 4}

    with_pages(preview, 2, visit)


def test_a_change_reaches_the_settings_and_every_page(preview: Preview, settings: LiveSettings) -> None:
    async def visit(first: Page, second: Page) -> None:
        await first.send_str('{"set": {"liveliness": 0.25, "gains": {"jaw": 1.5}}}')
        for page in (first, second):
            told = await message(page)
            assert told["type"] == "settings"
            assert told["now"]["liveliness"] == 0.25
            assert told["now"]["gains"] == settings.live()["gains"]
            assert "liveliness: 0.25\n" in told["lines"]
        assert settings.now.gains.jaw == 1.5

    with_pages(preview, 2, visit)


def test_a_change_made_elsewhere_is_told_too(preview: Preview, settings: LiveSettings) -> None:
    async def visit(page: Page) -> None:
        settings.change({"record": True})
        preview.tell({"held": 0})
        told = [await message(page), await message(page)]
        assert [each["now"]["record"] for each in told if each["type"] == "settings"] == [True]

    with_pages(preview, 1, visit)


def test_a_refused_change_is_told_to_the_asker_alone(preview: Preview, settings: LiveSettings) -> None:
    async def visit(first: Page, second: Page) -> None:
        await first.send_str('{"set": {"liveliness": 7}}')
        told = await message(first)
        assert told["type"] == "error"
        assert "liveliness" in told["text"]
        await first.send_str('{"set": {"checkpoint": "/etc/passwd"}}')
        assert "cannot be changed while running" in (await message(first))["text"]
        preview.tell({"held": 1})
        assert (await message(second))["type"] == "status"
        assert settings.version == 0

    with_pages(preview, 2, visit)


def test_settings_are_saved_on_request(preview: Preview, settings: LiveSettings) -> None:
    async def visit(first: Page, second: Page) -> None:
        await first.send_str('{"set": {"style": 0.5, "record": true}}')
        for page in (first, second):
            assert (await message(page))["lines"] == "style: 0.5\n"
        await first.send_str('{"do": "save"}')
        told = [await message(first), await message(first)]
        assert {"type": "said", "text": f"saved {settings.file}"} in told
        assert (await message(second))["lines"] == ""
        assert settings.file.read_text(encoding="utf-8") == "style: 0.5\n"

    with_pages(preview, 2, visit)


@pytest.mark.parametrize(
    "text", ["liveliness: [\n", "seed: 2023-99-99\n", "seed: !!int x\n", f"seed: {'9' * 5000}\n", "[" * 5000]
)
def test_a_file_that_cannot_be_read_is_told_in_the_lines(text: str, preview: Preview, settings: LiveSettings) -> None:
    settings.file.write_text(text, encoding="utf-8")

    async def visit(page: Page) -> None:
        await page.send_str('{"set": {"mute": true}}')
        assert (await message(page))["lines"].startswith("# ")
        await page.send_str('{"do": "save"}')
        assert (await message(page))["type"] == "error"

    with_pages(preview, 1, visit)


def test_a_fault_of_ours_is_told_and_harms_nobody(
    preview: Preview, settings: LiveSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "save", lambda: 1 / 0)

    async def visit(page: Page) -> None:
        await page.send_str('{"do": "save"}')
        assert await message(page) == {"type": "error", "text": "something went wrong; see facewire's log"}
        preview.send(frame(0))
        assert len(await page.receive_bytes()) == 256

    with_pages(preview, 1, visit)
    assert "ZeroDivisionError" in caplog.text


def test_calibration_is_asked_for(preview: Preview, settings: LiveSettings) -> None:
    async def visit(page: Page) -> None:
        await page.send_str('{"do": "calibrate"}')
        assert await asyncio.to_thread(settings.calibrate.wait, 10)
        await page.send_str('{"do": "measure"}')
        assert await asyncio.to_thread(settings.measure.wait, 10)

    with_pages(preview, 1, visit)


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "7", "[]", "{}", '{"set": 7}', '{"set": {}, "do": "save"}', '{"do": "quit"}', '{"do": ["save"]}',
     "[" * 4000, '{"a": NaN}', '{"set": {"": 1}}', '{"set": {"gains": []}}', '{"set": {"gains": {"jaw": NaN}}}',
     '{"set": {"record": "\\ud800"}}', '{"set": {"identity": {"a": {}}}}', '{"set": {"lookahead_ms": 1e400}}'],
)  # fmt: skip
def test_nonsense_is_answered_and_harms_nobody(text: str, preview: Preview, settings: LiveSettings) -> None:
    async def visit(page: Page) -> None:
        await page.send_str(text)
        assert (await message(page))["type"] == "error"
        await page.send_bytes(text.encode())
        assert (await message(page))["type"] == "error"
        assert settings.version == 0
        preview.send(frame(0))
        assert len(await page.receive_bytes()) == 256

    with_pages(preview, 1, visit)


def test_a_message_that_is_too_long_closes_its_page_only(preview: Preview) -> None:
    async def visit(first: Page, second: Page) -> None:
        await first.send_str(json.dumps({"set": {"identity": "x" * 5000}}))
        assert await closing(first) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        preview.send(frame(0))
        assert len(await second.receive_bytes()) == 256

    with_pages(preview, 2, visit)


def test_one_page_too_many_is_told_so(preview: Preview) -> None:
    async def visit(*pages: Page) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(preview.url + "ws") as page:
            assert "8 pages are open already" in (await message(page))["text"]
            assert await closing(page) == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        await pages[0].close()
        async with aiohttp.ClientSession() as session:
            while True:  # until the server has seen it go
                async with session.ws_connect(preview.url + "ws") as page:
                    if (await message(page))["type"] == "hello":
                        break

    with_pages(preview, 8, visit)


def test_nothing_is_done_while_no_page_is_open(preview: Preview) -> None:
    preview.send(cast(Frame, object()))  # which has neither time nor weights to be packed

    async def visit(page: Page) -> None:
        with pytest.raises(AttributeError):
            preview.send(cast(Frame, object()))
        preview.send(frame(3))
        assert struct.unpack("<d", (await page.receive_bytes())[:8]) == (0.1,)

    with_pages(preview, 1, visit)


class SlowPage:
    """A page that reads only when it is told to."""

    def __init__(self, preview: Preview) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", preview.spec.port))
        key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        host = f"Host: 127.0.0.1:{preview.spec.port}"
        request = f"GET /ws HTTP/1.1\r\n{host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n\r\n"
        self._socket.sendall(request.encode())
        self._file = self._socket.makefile("rb")
        while self._file.readline() != b"\r\n":
            pass
        assert b"hello" in self._message()[1]
        assert b"settings" in self._message()[1]

    def frames_until(self, last: int) -> list[int]:
        """Indices of the frames that come, up to the last one."""
        found: list[int] = []
        while not found or found[-1] != last:
            opcode, data = self._message()
            if opcode == 0x82:
                found.append(round(struct.unpack("<d", data[:8])[0] * 30))
        return found

    def _message(self) -> tuple[int, bytes]:
        opcode, length = self._file.read(2)
        return opcode, self._file.read(int.from_bytes(self._file.read(2), "big") if length == 126 else length)

    def gone(self) -> bool:
        """Whether the server has dropped the connection."""
        poll = select.poll()
        poll.register(self._socket, 0)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def test_a_slow_page_misses_frames_but_sees_the_newest(preview: Preview) -> None:
    page = SlowPage(preview)
    page.frames_until(_sent(preview, lambda index: index == 0))
    last = _sent(preview, lambda index: index == 2000)
    frames = page.frames_until(last)
    page.close()
    assert frames == sorted(set(frames))
    assert len(frames) < 1000
    assert frames[-1] == last


def test_a_page_that_never_reads_is_closed_and_others_see_every_frame(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STALLED_S", 0.2)
    page = SlowPage(preview)
    assert not page.gone()

    async def visit(other: Page) -> None:
        index = 0
        while not page.gone():
            preview.send(frame(index))
            assert struct.unpack("<d", (await other.receive_bytes())[:8])[0] == pytest.approx(index / 30)
            index += 1

    with_pages(preview, 1, visit)
    page.close()


def test_a_page_that_breaks_off_harms_nobody(preview: Preview, caplog: pytest.LogCaptureFixture) -> None:
    async def visit(page: Page) -> None:
        for index in range(20):
            slow = SlowPage(preview)
            preview.send(frame(index))
            slow.close()
            preview.send(frame(index))
        preview.tell({"held": 9})
        assert (await message(page))["held"] == 9

    with_pages(preview, 1, visit)
    assert [record for record in caplog.records if record.name != "asyncio"] == []


def test_the_last_frame_is_seen_before_the_end(preview: Preview) -> None:
    async def visit(page: Page) -> None:
        preview.introduce({"phase": "ended"})
        preview.send(frame(90, 0.0))
        await asyncio.to_thread(preview.close)
        assert (await message(page))["phase"] == "ended"
        assert struct.unpack("<d", (await page.receive_bytes())[:8]) == (3.0,)
        assert await closing(page) == aiohttp.WSCloseCode.GOING_AWAY

    with_pages(preview, 1, visit)


def test_the_end_waits_for_no_page_and_frees_the_port(preview: Preview, settings: LiveSettings) -> None:
    page = SlowPage(preview)
    _sent(preview, lambda index: index == 1000)
    preview.close()
    with socket.create_server(("127.0.0.1", preview.spec.port)):
        pass
    page.close()
    preview.close()
    preview.send(frame(0))
    preview.tell({})
    preview.introduce({})


def test_a_second_preview_cannot_have_the_same_port(preview: Preview) -> None:
    with pytest.raises(FacewireError, match="in use"):
        Preview(LiveSettings(DaemonConfig(preview_port=preview.spec.port)))


def test_the_head_is_served_as_it_was_baked(tmp_path: Path) -> None:
    broken = tmp_path / "kit"
    broken.mkdir()
    preview = Preview(LiveSettings(DaemonConfig(preview_port=0, head=broken)))

    async def visit() -> None:
        async with aiohttp.ClientSession() as session, session.get(preview.url + "head.bin") as response:
            assert response.status == 400
            assert str(broken) in await response.text()

    asyncio.run(visit())
    preview.close()


def _sent(preview: Preview, enough: Callable[[int], bool]) -> int:
    """Send frame after frame, at a rate that the preview can follow; returns the last one's index."""
    index = 0
    while True:
        preview.send(frame(index))
        time.sleep(0.0005)
        if enough(index):
            return index
        index += 1


def test_what_happens_is_told_to_every_page(preview: Preview) -> None:
    async def visit(first: Page, second: Page) -> None:
        preview.say("recorded a take")
        for page in (first, second):
            assert await message(page) == {"type": "said", "text": "recorded a take"}

    with_pages(preview, 2, visit)
