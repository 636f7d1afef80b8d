"""Takes over HTTP, for the page to play: those in the takes folder, those named on the command line, and uploads."""

import asyncio
import base64
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from aiohttp import StreamReader, web

from daemon.preview.apart import apart
from protocols import takes
from protocols.errors import FacewireError

KINDS: Final = (".csv", ".json", ".npz")
SOUNDS: Final = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
UPLOAD_BYTES: Final = 64 * 2**20
UPLOAD_S: Final = 60.0


class Shelf:
    """The takes that the page can ask for, by name."""

    def __init__(self, folder: Path, first: Sequence[Path] = (), sound: Path | None = None) -> None:
        """The takes in `first`, with `sound` if that is given, then those of a folder, newest first."""
        self._folder = folder
        self._sound = sound
        self.first: dict[str, Path] = {}
        """Names are unique: of two takes with the same file name the second is called `name (2).csv`."""
        for path in first:
            self.first[_unique(path, self.first)] = path

    def contents(self) -> dict[str, Path]:
        """Every take by its name; none where the folder does not exist."""
        try:
            found = [path for path in self._folder.iterdir() if path.suffix.lower() in KINDS and path.is_file()]
            found = [path for path in found if not path.name.startswith(".")]
            found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        except OSError:
            found = []
        mine = {path.resolve() for path in self.first.values()}
        return self.first | {_unique(path, self.first): path for path in found if path.resolve() not in mine}

    def sound(self, name: str) -> Path | None:
        """The sound of a take: the one given for it, or the file of the same stem beside it."""
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
        if path is None:  # not 404 for a take without sound: the browser would log an error
            return web.Response(status=204 if name in self.contents() else 404)
        kind = SOUNDS.get(path.suffix.lower(), "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})


def beside(take: Path) -> Path | None:
    """The sound file of the same stem beside a take, if there is one."""
    return next(filter(Path.is_file, map(take.with_suffix, SOUNDS)), None)


def take_json(path: Path, name: str) -> bytes:
    """A take as JSON for the page; numbers are base64 of little-endian float32 (n, 62), weights and then pose.

    Raises FacewireError.
    """
    take = takes.read(path)
    numbers = base64.b64encode(np.concatenate([take.weights, take.poses], 1).astype("<f4").tobytes()).decode()
    values = {"name": name, "fps": float(take.fps), "frames": len(take.weights), "numbers": numbers}
    return json.dumps(values).encode()


async def _post_take(request: web.Request) -> web.Response:
    name = Path(request.query.get("name", "")).name
    kind = Path(name).suffix.lower()
    if kind not in KINDS or not name.isprintable():  # it becomes an argument of another process
        raise FacewireError(f"{name or 'a take without a name'}: must end in {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory(prefix="facewire-") as folder:
        path = Path(folder) / f"upload{kind}"
        try:
            async with asyncio.timeout(UPLOAD_S):
                await _receive(request.content, path)
        except TimeoutError:
            raise FacewireError(f"{name}: not received within {UPLOAD_S:g} s") from None
        return await _take_response(path, name)


async def _receive(content: StreamReader, path: Path) -> None:
    with path.open("wb") as file:
        async for piece in content.iter_any():
            if file.tell() + len(piece) > UPLOAD_BYTES:
                raise web.HTTPRequestEntityTooLarge(UPLOAD_BYTES, text="a take may have 64 MiB at most")
            file.write(piece)


async def _take_response(path: Path, name: str) -> web.Response:
    return web.Response(body=await apart(take_json, path, name), content_type="application/json")


def _unique(path: Path, taken: dict[str, Path]) -> str:
    name, count = path.name, 1
    while name in taken:
        count += 1
        name = f"{path.stem} ({count}){path.suffix}"
    return name
