"""The preview: a web server in a thread of its own that shows the face in the browser and takes settings from there.

It is a sink that can neither slow nor stop the program. The sender hands over a packed frame and goes on; every page
has a short queue that drops its oldest; a page that stops reading is closed; while no page is open nothing is computed.
"""

import asyncio
import json
import logging
import socket
import struct
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import metadata
from threading import Thread
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from daemon.preview.apart import apart
from daemon.preview.connections import BATCH, IDLE_S, QUEUE, Connections
from daemon.preview.head import head_bytes
from daemon.preview.pages import FRAMES, GOODBYE_S, Page, message_text
from daemon.preview.shelf import Shelf
from daemon.preview.web import Guard, application, listen, seen
from daemon.settings.live import LiveSettings
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.sinks import SinkSpec

PAGES: Final = 8
"""That may be open at the same time."""
MESSAGE_BYTES: Final = 4096
HEARTBEAT_S: Final = 20.0
SETTINGS_AFTER_S: Final = 0.05
BAKE_S: Final = 600.0

_LOG = logging.getLogger(__name__)
_SILENT = logging.getLogger(f"{__name__}.http")
_SILENT.setLevel(logging.CRITICAL)  # for aiohttp, which logs a traceback for every malformed request


class Preview:
    """Satisfies `protocols.sinks.Sink`; `introduce`, `tell`, `say`, `send` and `close` may be called by any thread."""

    def __init__(self, settings: LiveSettings, shelf: Shelf | None = None) -> None:
        """Serve on the settings' host and port, with the takes of `shelf` (None: those in the takes folder).

        Raises FacewireError where it cannot listen there.
        """
        now = settings.now
        host = "127.0.0.1" if now.preview_host == "localhost" else now.preview_host
        listener = listen(host, now.preview_port)
        port = listener.getsockname()[1]
        guard = Guard.of(host, port)
        self.spec = SinkSpec("preview", host, port, None, 0, None)
        self.url = f"http://{seen(host)}:{port}/" + (f"?token={guard.token}" if guard.token else "")
        """What the user opens. Where the settings say port 0, this and `spec` have the real one."""
        self._settings = settings
        what = {"type": "hello", "phase": "starting", "version": metadata.version("facewire")}
        later: dict[str, object] = {"input": "", "identities": [], "floor": None, "regions": {}}
        later |= {"lookaheads_ms": [], "lookahead_ms": None, "hops_ms": [], "hop_ms": None}
        self._hello: Mapping[str, object] = {**what, **later, "head": now.head is not None}
        self._status: dict[str, object] | None = None
        self._frames: deque[bytes] = deque(maxlen=FRAMES)
        self._said: deque[str] = deque(maxlen=FRAMES)
        self._woken = False
        self._pages: set[Page] = set()
        self._told: tuple[object, object] = (self._hello, None)
        self._told_version = settings.version
        self._settings_due = False
        self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
        routes = [web.get("/ws", self._talk), web.get("/head.bin", self._get_head)]
        self._connections = Connections()
        app = application(guard, self._connections, [*routes, *(shelf or Shelf(now.takes)).routes()])
        self._thread = Thread(target=self._run, args=(app, listener), name="preview", daemon=True)
        self._thread.start()

    def introduce(self, hello: Mapping[str, object]) -> None:
        """Set fields of the hello message: what is running. Sent to every page now, and to each that opens."""
        self._hello = {**self._hello, **hello}
        self._wake()

    def tell(self, status: Mapping[str, object]) -> None:
        """The fields of a status message: how it runs. Only the newest is sent."""
        self._status = {"type": "status", **status}
        self._wake()

    def send(self, frame: Frame) -> None:
        """Show a frame. Never blocks; does nothing while no page is open."""
        if self._pages:
            numbers = (each.astype("<f4").tobytes() for each in (frame.weights, frame.pose))
            self._frames.append(b"".join((struct.pack("<d", frame.time_s), *numbers)))
            self._wake()

    def say(self, text: str) -> None:
        """Show a message on every page."""
        self._said.append(text)
        self._wake()

    def close(self) -> None:
        """Send the pages what is left and close them; takes about a second at most."""
        with suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(4 * GOODBYE_S)

    def _wake(self) -> None:
        """Have `_deliver` called soon, once for any number of calls."""
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # closed
                self._loop.call_soon_threadsafe(self._deliver)

    # All methods below run in the preview's own thread.

    def _run(self, app: web.Application, listener: socket.socket) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(app, listener))
        except Exception:
            _LOG.exception("the preview failed; all else goes on without it")

    async def _serve(self, app: web.Application, listener: socket.socket) -> None:
        self._loop.set_exception_handler(self._connections.failed)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_SILENT,
            auto_decompress=False,
            keepalive_timeout=IDLE_S,
            shutdown_timeout=GOODBYE_S,
        )
        await runner.setup()
        assert runner.server
        accept = partial(self._connections.accept, runner.server)
        server = await self._loop.create_server(accept, sock=listener, backlog=BATCH)
        listener.listen(QUEUE)  # asyncio has one number for both
        try:
            await self._stop.wait()
            self._deliver()
            await asyncio.gather(*(page.leave() for page in self._pages))
        finally:
            server.close()
            await runner.cleanup()

    def _deliver(self) -> None:
        """Give every page what is new."""
        self._woken = False  # first, so that whatever comes from now on wakes it again
        hello, status = self._told
        self._told = self._hello, self._status
        frames = [self._frames.popleft() for _ in range(len(self._frames))]
        said = [self._said.popleft() for _ in range(len(self._said))]
        if not self._pages:
            return
        if self._hello is not hello:
            self._spread("hello", self._hello)
        if self._settings.version != self._told_version and not self._settings_due:
            # A dragged slider changes them all the time, and each message takes reading the file.
            self._settings_due = True
            self._loop.call_later(SETTINGS_AFTER_S, self._spread_settings)
        if self._status is not None and self._status is not status:
            self._spread("status", self._status)
        for page in self._pages:
            page.frames.extend(frames)
            for text in said:
                page.answer("said", text)
            page.wake.set()

    def _spread(self, kind: str, message: Mapping[str, object]) -> None:
        text = message_text(message)
        for page in self._pages:
            page.states[kind] = text
            page.wake.set()

    def _spread_settings(self) -> None:
        self._settings_due = False
        self._told_version = self._settings.version
        self._spread("settings", self._settings_message())

    def _settings_message(self) -> dict[str, object]:
        try:
            lines = self._settings.lines()
        except FacewireError as error:  # the file has been edited and is broken
            lines = "".join(f"# {line}\n" for line in str(error).splitlines())
        return {"type": "settings", "now": self._settings.live(), "lines": lines, "file": str(self._settings.file)}

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        """GET /ws: one page, from its opening to its closing."""
        ws = web.WebSocketResponse(
            timeout=GOODBYE_S, heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MESSAGE_BYTES, writer_limit=0
        )
        await ws.prepare(request)
        if request.transport is None:  # closed already
            return ws
        if len(self._pages) >= PAGES:
            await ws.send_str(message_text({"type": "error", "text": f"{PAGES} pages are open already; close one"}))
            await ws.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return ws
        page = Page(ws, request.transport)
        page.states = {"hello": message_text(self._hello), "settings": message_text(self._settings_message())}
        if self._status is not None:
            page.states["status"] = message_text(self._status)
        self._pages.add(page)
        try:
            async for message in ws:
                await self._obey(page, message.data if message.type is WSMsgType.TEXT else None)
        finally:
            self._pages.discard(page)
            await page.end()
        return ws

    async def _obey(self, page: Page, text: str | None) -> None:
        """Do what a page asks, and answer it."""
        try:
            match _understood(text):
                case {"set": dict(values)}:
                    self._settings.change(values)
                    self._deliver()
                case {"do": "save"}:
                    path = await asyncio.to_thread(self._settings.save)
                    page.answer("said", f"saved {path}")
                    self._spread_settings()
                case {"do": "calibrate"}:
                    self._settings.calibrate.set()
                case {"do": "measure"}:
                    self._settings.measure.set()
                case _:
                    raise FacewireError('expected {"set": {…}} or {"do": …} with save, calibrate or measure')
        except FacewireError as error:
            page.answer("error", str(error).strip())
        except Exception:
            _LOG.exception("the preview could not do what a page asked")
            page.answer("error", "something went wrong; see facewire's log")

    async def _get_head(self, _request: web.Request) -> web.Response:
        head = self._settings.now.head
        if head is None:
            return web.Response(status=404, text="no head is set; start facewire with --head ICT-FaceKit")
        return web.Response(body=await apart(head_bytes, head, timeout_s=BAKE_S))


def _understood(text: str | None) -> object:
    """A message as JSON; None for anything else."""
    try:
        asked = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return asked if isinstance(asked, dict) and len(asked) == 1 else None
