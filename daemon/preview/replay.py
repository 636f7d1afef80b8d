"""`facewire replay`: shows takes in the browser, without a microphone or a model."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlencode

from daemon.line.stages import stopped_by_signals
from daemon.preview.server import Preview
from daemon.preview.shelf import Shelf
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.errors import FacewireError

LOOK_EVERY_S: Final = 0.2


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
    """Show takes in the browser, the second beside the first, until Ctrl-C.

    `sound` is played with the takes given; left out, each has the file of the same stem beside it. `folder` holds
    further takes to choose from, `head` is ICT-FaceKit; `host` and `port` as in `DaemonConfig`. `say` is given the
    address. Raises FacewireError for a take or sound that cannot be read, or where the port is in use.
    """
    for path in paths:
        takes.read(path)
    if sound is not None and not sound.is_file():
        raise FacewireError(f"{sound}: no such sound file")
    shelf = Shelf(folder, paths, sound)
    settings = LiveSettings(DaemonConfig(preview_host=host, preview_port=port, head=head, takes=folder))
    stop = Event()
    with closing(Preview(settings, shelf)) as preview, stopped_by_signals(stop):
        preview.introduce({"phase": "replay"})
        shown = urlencode(dict(zip(("replay", "beside"), shelf.first, strict=False)))
        say(f"replay    {preview.url}{'&' if '?' in preview.url else '?'}{shown}\nREADY     Ctrl-C stops")
        while not stop.wait(LOOK_EVERY_S):
            pass
