"""The real server, fed with made-up faces and the program's own messages; and what a browser makes of them."""

import time
from collections.abc import Callable
from fractions import Fraction
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from daemon.preview.server import Preview
from daemon.settings.live import LiveSettings
from protocols.blendshapes import COUNT, INDEX, NAMES
from protocols.frame import Frame
from protocols.pose import AT_REST
from tests.daemon.preview import messages

if TYPE_CHECKING:
    from playwright.sync_api import Page

FPS = 30
REGIONS = {
    "jaw": [name for name in NAMES if name.startswith("jaw")],
    "mouth": [name for name in NAMES if name.startswith(("mouth", "tongue"))],
    "brows": [name for name in NAMES if name.startswith("brow")],
    "eyes": [name for name in NAMES if name.startswith("eye")],
    "cheeks": [name for name in NAMES if name.startswith(("cheek", "nose"))],
}
SHUT, OPEN = 0.002, 0.01
# How many pixels, of all, in the middle of the lower face are as dark as the inside of a mouth.
CAVITY = """(canvas) => {
  const [x, y, w, h] = [0.4, 0.5, 0.2, 0.35].map(
    (share, i) => Math.round(share * [canvas.width, canvas.height][i % 2]));
  const { data } = canvas.getContext("2d").getImageData(x, y, w, h);
  let dark = 0;
  for (let i = 0; i < data.length; i += 4) dark += data[i] + data[i + 1] + data[i + 2] < 100;
  return dark / (w * h);
}"""
# Where that is, in millimetres of the drawn head from the middle of the canvas, right and down.
PLACE = """(canvas) => {
  const unit = Math.min(canvas.width, canvas.height) / 350;
  const [x, y] = [canvas.width / 2 - 45 * unit, canvas.height / 2 + 15 * unit].map(Math.round);
  const [w, h] = [90 * unit, 75 * unit].map(Math.round);
  const { data } = canvas.getContext("2d").getImageData(x, y, w, h);
  const [columns, rows] = [[], []];
  for (let i = 0; i < w * h; i++)
    if (data[4 * i] + data[4 * i + 1] + data[4 * i + 2] < 100) columns.push(i % w), rows.push(Math.floor(i / w));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [(x + mean(columns) - canvas.width / 2) / unit, (y + mean(rows) - canvas.height / 2) / unit];
}"""


def hello() -> dict[str, Any]:
    return messages.hello(
        input="a test",
        identities=["anna", "ben"],
        lookaheads_ms=[0, 40, 160],
        hops_ms=[20, 100],
        hop_ms=100,
        lookahead_ms=160,
        floor=0.5,
        regions=REGIONS,
    )


def status(**values: object) -> dict[str, Any]:
    stated = {"device": 3, "chunk": 10, "hop": 100, "lookahead": 160, "tail": 5, "compute": 22, "spare": 0}
    usual = {
        "level_db": -20.0,
        "gate": 1.0,
        "gate_db": -60.0,
        "latency": {
            "stated_ms": stated | {"total": 300},
            "settled": True,
            "measuring": False,
            "set": False,
            "measured_ms": [[13, 200, 20, 67], [13, 232, 20, 35]],
        },
        "sinks": [{"name": "127.0.0.1:11111 (livelink)", "fps": 30.0, "later_ms": 0, "sent": 123, "skipped": 4}],
        "held": 5,
        "late": 6,
        "dropped": {"sound": 7, "motion": 8},
        "match": {"anna": 0.25, "ben": 0.75},
        "identity": "ben",
        "speaking": "ben",
        "recording": None,
    }
    return messages.status(**(usual | values))


class Daemon:
    """The real server, fed with faces whose jaw is as far open as `jaw` says, and that are turned as `pose` says."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.jaw = 0.0
        self.pose = AT_REST
        self.status = status()
        self.preview = Preview(settings)
        self.preview.introduce(hello())
        self._stop = Event()
        self._thread = Thread(target=self._feed)
        self._thread.start()

    @property
    def url(self) -> str:
        return self.preview.url

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.preview.close()

    def _feed(self) -> None:
        index = 0
        while not self._stop.wait(1 / FPS):
            weights = np.zeros(COUNT, np.float32)
            weights[INDEX["jawOpen"]] = self.jaw
            self.preview.send(Frame(index, Fraction(FPS), 0, weights, self.pose))
            if index % 3 == 0:
                self.preview.tell(self.status)
            index += 1


def until(page: "Page", true: Callable[[], object]) -> None:
    """Wait, the browser going on meanwhile, until something has become true."""
    end_s = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end_s
        page.wait_for_timeout(30)


def until_true(page: "Page", expression: str) -> None:
    """Playwright's own `wait_for_function` needs an eval that the page's security policy refuses."""
    until(page, lambda: page.evaluate(expression))


def opened(page: "Page", daemon: Daemon) -> None:
    page.goto(daemon.url)
    until_true(page, "window.facewire?.frames > 3 && document.querySelector('#face canvas')")


def cavity(page: "Page", canvas: str = "#face canvas") -> float:
    share = page.locator(canvas).first.evaluate(CAVITY)
    assert isinstance(share, float | int)
    return share


def place(page: "Page", canvas: str = "#face canvas") -> tuple[float, float]:
    """Of the inside of an open mouth."""
    x, y = page.locator(canvas).first.evaluate(PLACE)
    return x, y


def slide(page: "Page", key: str, value: float) -> None:
    """As if dragged there."""
    page.locator(f"input[data-key='{key}']").evaluate(
        "(slider, value) => { slider.value = value; for (const kind of ['input', 'change'])"
        " slider.dispatchEvent(new Event(kind, { bubbles: true })); }",
        value,
    )
