"""One open page of the preview: short queues that drop their oldest, and a writer that closes stalled connections."""

import asyncio
import json
import logging
import socket
import struct
import sys
from collections import deque
from collections.abc import Mapping
from typing import Final

from aiohttp import WSCloseCode, web

FRAMES: Final = 16
"""That may wait for one page, half a second; as many answers may."""
UNSENT_BYTES: Final = 16 * 1024
"""That may wait in the socket of a page that reads slowly; the system holds as much again."""
STALLED_S = 10.0
"""A page that reads nothing for so long is closed."""
GOODBYE_S: Final = 0.5
"""How long pages have to read what is left when the program ends."""

log = logging.getLogger(__name__)


class Page:
    """One open page and what is queued for it."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self.states: dict[str, str] = {}
        """The newest message of each kind."""
        self.answers: deque[str] = deque(maxlen=FRAMES)
        self.frames: deque[bytes] = deque(maxlen=FRAMES)
        self.wake = asyncio.Event()
        self.wake.set()
        self._ws = ws
        self._leaving = False
        self._transport = transport
        self._transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._socket = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES)
        self._writer = asyncio.create_task(self._write())

    def answer(self, kind: str, text: str) -> None:
        """Send a message to this page only."""
        self.answers.append(message_text({"type": kind, "text": text}))
        self.wake.set()

    async def end(self) -> None:
        """Clean up after the page has closed, or has answered our closing."""
        if not self._leaving:
            self._writer.cancel()
        await asyncio.wait([self._writer])

    async def leave(self) -> None:
        """Send what is left, if the page reads it at once, and close."""
        self._leaving = True
        self.wake.set()
        await asyncio.wait([self._writer], timeout=GOODBYE_S)
        self._abort()

    async def _write(self) -> None:
        try:
            while not self._leaving:
                await self.wake.wait()
                self.wake.clear()
                async with asyncio.timeout(STALLED_S):
                    await self._send_all()
            await self._ws.close(code=WSCloseCode.GOING_AWAY, message=b"facewire has ended")
        except ConnectionError:
            pass
        except TimeoutError:
            log.info("a page of the preview has stopped reading: closed")
            self._abort()

    async def _send_all(self) -> None:
        while self.states:
            await self._ws.send_str(self.states.pop(next(iter(self.states))))
        while self.answers:
            await self._ws.send_str(self.answers.popleft())
        while self.frames:
            await self._ws.send_bytes(self.frames.popleft())

    def _abort(self) -> None:
        if not self._transport.is_closing():
            # At once: the system, too, discards what it could not send.
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()


def message_text(message: Mapping[str, object]) -> str:
    """JSON for JavaScript, which has no infinity, such as the level of silence, and no NaN: they become null."""
    try:
        return json.dumps(message, default=float, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(message, default=float), parse_constant=lambda _: None))
