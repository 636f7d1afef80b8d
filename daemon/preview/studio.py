"""Draws the face without a window: a headless browser runs the page's own code and returns pictures."""

import base64
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.preview.head import head_bytes
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols.blendshapes import COUNT, NAMES
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.takes import Take

if TYPE_CHECKING:
    from PIL.Image import Image
    from playwright.sync_api import Browser, Playwright

LARGEST: Final = 2160
TOGETHER: Final = 16
"""Frames drawn per call to the browser."""
CELL: Final = 240
FEATURES: Final = (0.19, 0.2, 0.81, 0.82)
"""The part of the picture (left, top, right, bottom) that the sheet shows: brows to chin."""
LABEL: Final = 24
COLUMNS: Final = 9
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
CHANNELS: Final = ("chrome", "msedge")  # found by playwright on Windows and macOS
ARGUMENTS: Final = (
    "--enable-unsafe-swiftshader",  # draws the head without a graphics card; only our own page is opened
    "--disable-accelerated-2d-canvas",  # it only slows down reading the pixels
)

Draw = Callable[[Take], "Iterator[Image]"]
"""Turns each frame of a take into a picture."""


@contextmanager
def browser() -> Iterator["Browser"]:
    """A headless browser for the duration of the context. Raises FacewireError if there is none."""
    if not all(map(find_spec, ("playwright", "av", "PIL"))):
        raise FacewireError("this needs more Python packages: pip install '.[film]'")
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright, _launched(playwright) as running:
            yield running
    except Error as error:
        told = str(error).partition("\n")[0].removeprefix("Page.evaluate: ").removeprefix("Error: ")
        raise FacewireError(f"the browser that draws failed: {told}") from error


@contextmanager
def studio(size: int, head: Path | None) -> Iterator[Draw]:
    """A function that draws pictures of size x size pixels, for the duration of the context. Raises FacewireError."""
    if head is not None:
        head_bytes(head)  # now, where its errors are plain; from then on it is cached
    with browser() as running, closing(Preview(LiveSettings(DaemonConfig(preview_port=0, head=head)))) as preview:
        from PIL import Image

        page = running.new_page()
        page.goto(f"{preview.url}static/film.html")
        page.evaluate("([look, size]) => film.open(look, size)", ["head" if head else "drawn", size])

        def draw(take: Take) -> "Iterator[Image.Image]":
            frames = np.concatenate([take.weights, take.poses], 1).astype("<f4")
            for begin in range(0, len(frames), TOGETHER):
                some = base64.b64encode(frames[begin : begin + TOGETHER].tobytes()).decode()
                for picture in page.evaluate("frames => film.draw(frames)", some):
                    yield Image.open(BytesIO(base64.b64decode(picture)), formats=["JPEG"])

        yield draw


def _launched(playwright: "Playwright") -> "Browser":
    from playwright.sync_api import Error

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is not None:
        return playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    for channel in CHANNELS:
        with suppress(Error):
            return playwright.chromium.launch(channel=channel, args=list(ARGUMENTS))
    raise FacewireError(
        "the face is drawn by a browser: install Chromium, Chrome or Edge (Debian: apt install chromium)"
    )


def contact_sheet(out: Path, head: Path | None = None) -> None:
    """A picture (.png) of the face at rest and of every blendshape at 1, with their names. Raises FacewireError."""
    if out.suffix.lower() != ".png":
        raise FacewireError(f"--out {out}: must end in .png")
    size = 2 * round(CELL / (FEATURES[2] - FEATURES[0]) / 2)
    check_out(out, size)
    left, top, right, bottom = (size * edge for edge in FEATURES)
    labels = ["rest", *NAMES]
    with studio(size, head) as draw, complete_or_not_at_all(out) as partial:
        from PIL import Image, ImageDraw, ImageFont

        rows = math.ceil(len(labels) / COLUMNS)
        sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + LABEL)), "#15171c")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
        for index, picture in enumerate(draw(Take(np.eye(COUNT + 1, COUNT, -1, dtype=np.float32), Fraction(1)))):
            x, y = index % COLUMNS * CELL, index // COLUMNS * (CELL + LABEL)
            sheet.paste(picture.resize((CELL, CELL), box=(left, top, right, bottom)), (x, y))
            pen.text((x + CELL / 2, y + CELL + LABEL / 2), labels[index], "#d6d9e0", font, anchor="mm")
        sheet.save(partial)


def check_out(out: Path, size: int) -> None:
    """Raises FacewireError for an output that cannot be made."""
    if not out.parent.is_dir():
        raise FacewireError(f"--out {out}: there is no folder {out.parent}")
    if size % 2 or not 64 <= size <= LARGEST:
        raise FacewireError(f"--size {size}: must be an even number of pixels, 64 to {LARGEST}")
