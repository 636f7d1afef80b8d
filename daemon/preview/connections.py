"""How many connections the preview holds open: when there are too many, the one that has been idle longest is closed.

Connections come before any token does, and each takes one of the file descriptors that the face needs, too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

CONNECTIONS: Final = 64
"""Enough for eight pages: a browser opens six at most, and one of them stays."""
BATCH: Final = 16
"""Connections that are accepted in one go, before they are counted."""
QUEUE: Final = 128
"""Connections that the system keeps waiting to be accepted."""
IDLE_S: Final = 20.0
"""A connection without a request for so long is closed."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = logging.getLogger(__name__)


class Connections:
    """The open connections of one server: a middleware that sees which are in use, and the making of new ones."""

    def __init__(self) -> None:
        self._busy: set[asyncio.BaseProtocol] = set()
        self._used: dict[asyncio.BaseProtocol, int] = {}
        """The number of its last request, counted over all connections."""
        self._requests = 0
        self._warned: set[str] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A connection is busy while a request of its is answered; with a websocket, until that closes."""
        self._requests += 1
        self._used[request.protocol] = self._requests
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)

    def accept(self, server: web.Server) -> asyncio.BaseProtocol:
        """The protocol for one more connection to `server`."""
        connections = [each for each in server.connections if each.transport and not each.transport.is_closing()]
        self._used = {each: self._used.get(each, 0) for each in connections}
        if len(connections) < CONNECTIONS:
            return server()
        self.warn_once(f"the preview has {CONNECTIONS} connections: idle ones are closed to make room")
        idle = [each for each in connections if each not in self._busy]
        if not idle:
            return _Refused()
        oldest = min(idle, key=self._used.__getitem__).transport
        if oldest:
            oldest.abort()
        return server()

    def failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's exception handler: while descriptors lack, asyncio reports every try to accept."""
        if "socket.accept()" in context["message"]:
            self.warn_once(f"the preview cannot be connected to: {context['exception']}")
        else:
            loop.default_exception_handler(context)

    def warn_once(self, text: str) -> None:
        """Log a warning, unless it was logged before."""
        if text not in self._warned:
            self._warned.add(text)
            _LOG.warning("%s", text)


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it at once."""
        transport.close()
