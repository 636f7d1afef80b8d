"""Takes over http, for the page to play: those of the takes folder, those named on the command line, and uploads.

A take is read by a process of its own: parsing a long one would hold the interpreter, and with it the sender of a
live face, for up to seconds; and what a broken or hostile file does to memory it does there.
"""

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from daemon.line.stages import stopped_by_signals
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.errors import FacewireError

KINDS: Final = (".csv", ".json", ".npz")
SOUNDS: Final = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
UPLOAD_BYTES: Final = 64 * 2**20
READ_S: Final = 60
"""A take that takes longer to read is given up."""
LOOK_EVERY_S: Final = 0.2

_CHILD: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from daemon.preview.shelf import child; child(*sys.argv[2:])"
)


class Shelf:
    """The takes that can be asked for, by name."""

    def __init__(self, folder: Path, first: Sequence[Path] = (), sound: Path | None = None) -> None:
        """Those of a folder, newest first; before them those in `first`, with `sound` if that is given."""
        self._folder = folder
        self._sound = sound
        self.first: dict[str, Path] = {}
        """By unique names: of two takes with the same file name the second is called `name (2).csv`."""
        for path in first:
            self.first[_unique(path, self.first)] = path

    def contents(self) -> dict[str, Path]:
        """Every take by its name. A folder that does not exist holds none."""
        try:
            found = [path for path in self._folder.iterdir() if path.suffix.lower() in KINDS and path.is_file()]
            found = [path for path in found if not path.name.startswith(".")]
            found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        except OSError:
            found = []
        mine = {path.resolve() for path in self.first.values()}
        return self.first | {_unique(path, self.first): path for path in found if path.resolve() not in mine}

    def sound(self, name: str) -> Path | None:
        """The sound of a take: a file of the same stem beside it."""
        if self._sound is not None and name in self.first:
            return self._sound
        path = self.contents().get(name)
        return None if path is None else beside(path)

    def routes(self) -> list[web.RouteDef]:
        """GET /takes, /takes/NAME, /takes/NAME/sound; POST /take?name=FILE."""
        return [
            web.get("/takes", self._get_list),
            web.get("/takes/{name}", self._get_take),
            web.get("/takes/{name}/sound", self._get_sound),
            web.post("/take", _post_take),
        ]

    async def _get_list(self, _request: web.Request) -> web.Response:
        return web.json_response({"takes": [*self.contents()]})

    async def _get_take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        path = self.contents().get(name)
        if path is None:
            return web.Response(status=404, text="there is no such take")
        return await _take_response(path, name)

    async def _get_sound(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = self.sound(name)
        if path is None:  # a take without sound is nothing to complain of in the browser's console
            return web.Response(status=204 if name in self.contents() else 404)
        kind = SOUNDS.get(path.suffix.lower(), "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})


def beside(take: Path) -> Path | None:
    """The sound file of the same stem beside a take, if there is one."""
    return next(filter(Path.is_file, map(take.with_suffix, SOUNDS)), None)


def take_json(path: Path, name: str) -> bytes:
    """A take as the page reads it; weights are base64 of little-endian float32 (n, 52). FacewireError if broken."""
    take = takes.read(path)
    weights = base64.b64encode(take.weights.astype("<f4").tobytes()).decode()
    values = {"name": name, "fps": float(take.fps), "frames": len(take.weights), "weights": weights}
    return json.dumps(values).encode()


async def apart(function: Callable[..., bytes], path: Path, *rest: str, seconds: float = READ_S) -> bytes:
    """`function(path, *rest)` computed by another process. Raises FacewireError if it does, or takes longer."""
    name = rest[0] if rest else str(path)
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-P", "-c", _CHILD, root, function.__module__, function.__name__, str(path), *rest]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        async with asyncio.timeout(seconds):
            result, complaint = await process.communicate()
    except TimeoutError:
        raise FacewireError(f"{name}: takes longer than {seconds:g} s to read; try a smaller one") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        told = complaint.decode(errors="replace").strip() or f"reading {name} ended with {process.returncode}"
        raise FacewireError(told.replace(str(path), name))
    return result


def child(module: str, function: str, path: str, *rest: str) -> None:
    """What the other process does: the result goes to standard output, what is wrong to standard error."""
    try:
        sys.stdout.buffer.write(getattr(import_module(module), function)(Path(path), *rest))
    except FacewireError as error:
        sys.exit(str(error))
    except Exception as error:  # MemoryError among them
        sys.exit(f"{path}: cannot be read: {error!r}")


def replay(
    paths: Sequence[Path],
    *,
    sound: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    head: Path | None = None,
    folder: Path = Path("takes"),
    say: Callable[[str], None] = print,
) -> None:
    """Show takes in the browser, the second beside the first, until Ctrl-C; no microphone, no model.

    `sound` is played with the takes given; left out, each has the file of its stem beside it. `folder` holds further
    takes to choose from, `head` is ICT-FaceKit; `host` and `port` as in `DaemonConfig`. `say` is told the address.
    Raises FacewireError for a take or sound that cannot be read, or where the port is in use.
    """
    from daemon.preview.server import Preview  # which imports this module

    for path in paths:
        takes.read(path)
    if sound is not None and not sound.is_file():
        raise FacewireError(f"{sound}: no such sound file")
    shelf = Shelf(folder, paths, sound)
    settings = LiveSettings(DaemonConfig(preview_host=host, preview_port=port, head=head, takes=folder))
    stop = Event()
    preview = Preview(settings, shelf)
    with stopped_by_signals(stop):
        preview.introduce({"phase": "replay"})
        shown = urlencode(dict(zip(("replay", "beside"), shelf.first, strict=False)))
        say(f"replay    {preview.url}{'&' if '?' in preview.url else '?'}{shown}\nREADY     Ctrl-C stops")
        while not stop.wait(LOOK_EVERY_S):
            pass
    preview.close()


async def _post_take(request: web.Request) -> web.Response:
    name = Path(request.query.get("name", "")).name
    kind = Path(name).suffix.lower()
    if kind not in KINDS or not name.isprintable():  # it becomes an argument of another process
        raise FacewireError(f"{name or 'a take without a name'}: must end in {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory(prefix="facewire-") as folder:
        path = Path(folder) / f"upload{kind}"
        with path.open("wb") as file:
            async for piece in request.content.iter_any():
                if file.tell() + len(piece) > UPLOAD_BYTES:
                    raise web.HTTPRequestEntityTooLarge(UPLOAD_BYTES, text="a take may have 64 MiB at most")
                file.write(piece)
        return await _take_response(path, name)


async def _take_response(path: Path, name: str) -> web.Response:
    return web.Response(body=await apart(take_json, path, name), content_type="application/json")


def _unique(path: Path, taken: dict[str, Path]) -> str:
    name, count = path.name, 1
    while name in taken:
        count += 1
        name = f"{path.stem} ({count}){path.suffix}"
    return name
