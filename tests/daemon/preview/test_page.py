"""The preview page in a real browser, against the real server, with made-up faces and the program's own messages."""

import base64
import functools
import http.server
import os
import socket
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import yaml

from daemon.line import timing
from daemon.line.blocks import Motion
from daemon.line.metrics import Delay, Metrics
from daemon.line.status import report
from daemon.line.timing import Timing
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model.windows import WindowSpec
from protocols import takes
from protocols.blendshapes import COUNT, INDEX, NAMES
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.takes import Take
from tests.daemon.preview import messages
from tests.peers.browser import browser as running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute

pytestmark = pytest.mark.slow  # a browser for each

FPS = 30
REGIONS = {
    "jaw": [name for name in NAMES if name.startswith("jaw")],
    "mouth": [name for name in NAMES if name.startswith(("mouth", "tongue"))],
    "brows": [name for name in NAMES if name.startswith("brow")],
    "eyes": [name for name in NAMES if name.startswith("eye")],
    "cheeks": [name for name in NAMES if name.startswith(("cheek", "nose"))],
}


def hello() -> dict[str, Any]:
    return messages.hello(
        input="a test",
        identities=["anna", "ben"],
        lookaheads_ms=[0, 40, 160],
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


class Daemon:
    """The real server, fed with faces whose jaw is as far open as `jaw` says."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.jaw = 0.0
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
            self.preview.send(Frame(index, Fraction(FPS), 0, weights))
            if index % 3 == 0:
                self.preview.tell(self.status)
            index += 1


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with running_browser() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> LiveSettings:
    return LiveSettings(DaemonConfig(preview_port=0, takes=tmp_path / "takes"), tmp_path / "config.yaml")


@pytest.fixture
def daemon(settings: LiveSettings) -> Iterator[Daemon]:
    running = Daemon(settings)
    yield running
    running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained of; a test may take out what it expected."""
    return []


@pytest.fixture
def context(browser: "Browser", complaints: list[str]) -> Iterator["BrowserContext"]:
    context = browser.new_context(viewport={"width": 720, "height": 520})
    context.set_default_timeout(20_000)
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert not complaints


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    return context.new_page()


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


def slide(page: "Page", key: str, value: float) -> None:
    """As if dragged there."""
    page.locator(f"input[data-key='{key}']").evaluate(
        "(slider, value) => { slider.value = value; for (const kind of ['input', 'change'])"
        " slider.dispatchEvent(new Event(kind, { bubbles: true })); }",
        value,
    )


def test_the_drawn_mouth_opens_with_the_jaw(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    until(page, lambda: cavity(page) < SHUT)
    daemon.jaw = 0.8
    until(page, lambda: cavity(page) > OPEN)
    assert page.locator("#note").is_hidden()
    assert page.locator("#connection").get_attribute("data-state") == "open"
    assert page.locator("#curves-legend").inner_text().split()[:2] == ["jawOpen", "0.80"]


def test_dragging_turns_the_head_and_a_double_click_turns_it_back(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    picture = "canvas => canvas.toDataURL()"
    canvas = page.locator("#face canvas")
    straight = canvas.evaluate(picture)
    box = page.locator("#face").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 60, steps=4)
    page.mouse.up()
    until(page, lambda: canvas.evaluate(picture) != straight)
    page.mouse.dblclick(box["x"] + 160, box["y"] + 60)
    until(page, lambda: canvas.evaluate(picture) == straight)


def latency(now: Timing) -> dict[str, Any]:
    """What the program tells of the latency."""
    metrics = Metrics()
    metrics.delays.append(Delay(200.0, 20.0, 67.0))
    told = report(metrics, LiveSettings(DaemonConfig()), now, [], 0.0, {"sound": 0, "motion": 0}, None)
    return {"latency": told["latency"]}


def test_the_latency_is_shown_when_it_is_settled_and_can_be_measured_again(daemon: Daemon, page: "Page") -> None:
    start = timing.begin("auto", 0, WindowSpec(740, 100, 160), 20, 30)
    daemon.status = daemon.status | latency(start)
    opened(page, daemon)
    page.wait_for_selector("#latency-total:text('measuring…')")
    page.wait_for_selector("#measure:disabled")
    assert "Delay the sound" not in page.locator("#latency-hint").inner_text()
    faces = np.zeros((3, COUNT), np.float32)
    settled = start
    for hop in range(40):
        settled = settled.hear(Motion(3 * hop, faces, 0, 160, made_ns=(100 * hop + 275 + 20) * 1_000_000))
    daemon.status = daemon.status | latency(settled)
    page.wait_for_selector("#latency-total:text('315 ms')")
    until(page, lambda: "Delay the sound by 315 ms" in page.locator("#latency-hint").inner_text())
    page.click("#measure")
    until(page, daemon.settings.measure.is_set)
    daemon.status = daemon.status | latency(settled.again())
    page.wait_for_selector("#measure:disabled:text('measuring…')")
    assert page.locator("#latency-total").inner_text() == "315 ms"  # in force meanwhile


def test_a_latency_that_is_set_is_shown_and_not_measured(daemon: Daemon, page: "Page") -> None:
    daemon.status = daemon.status | latency(timing.begin(400, 0, WindowSpec(740, 100, 160), 20, 30))
    opened(page, daemon)
    page.wait_for_selector("#latency-total:text('400 ms')")
    page.wait_for_selector("#measure:disabled:text('Set by latency_ms')")


def test_a_receiver_that_is_sent_to_later_says_so(daemon: Daemon, page: "Page") -> None:
    sinks = [{**daemon.status["sinks"][0], "later_ms": 25}]
    daemon.status = daemon.status | {"sinks": sinks}
    opened(page, daemon)
    page.wait_for_selector("#sinks td:text('127.0.0.1:11111 (livelink), 25 ms later')")


def test_the_panels_show_what_the_daemon_measures(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    page.wait_for_selector("#sinks td")
    assert page.locator("#sinks tbody td").all_inner_texts() == ["127.0.0.1:11111 (livelink)", "30.0", "123", "4"]
    assert page.locator("#counters dd").all_inner_texts() == ["5", "6", "7", "8"]
    assert page.locator("#match .bar span").all_inner_texts() == ["ben", "anna"]
    assert page.locator("#match .bar.strong span").all_inner_texts() == ["ben"]
    assert page.locator("#identity-now").inner_text() == "in force: ben"
    assert page.locator("#level").inner_text() == "−20 dB"
    assert page.locator("#latency-total").inner_text() == "300 ms"
    assert [text.split() for text in page.locator("#latency-parts span").all_inner_texts()] == [
        ["capture", "13"], ["window", "216"], ["compute", "20"], ["send", "51"],
    ]  # fmt: skip
    daemon.status = status(recording={"seconds": 3.21})
    page.wait_for_selector("#recording:visible")
    assert page.locator("#recording").inner_text().strip() == "3.2 s"


def test_the_match_shows_whose_voice_was_found_and_the_floor(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    page.wait_for_selector("#match em")
    shares = """panel => [...panel.querySelectorAll("em")].map((mark) => {
      const [{ x, width }, bar] = [mark, mark.parentElement].map((each) => each.getBoundingClientRect());
      return (x + width / 2 - bar.x) / bar.width;
    })"""
    assert page.locator("#match").evaluate(shares) == pytest.approx([0.5, 0.5], abs=0.01)
    daemon.status = status(identity="auto", speaking="anna")
    page.wait_for_selector("#identity-now:text('by the voice: anna')")
    assert page.locator("#match .bar.strong span").all_inner_texts() == ["anna"]
    daemon.status = status(identity="auto", speaking=None)
    page.wait_for_selector("#identity-now:text('by the voice: the mean of all')")
    assert page.locator("#match .bar.strong").count() == 0
    daemon.preview.introduce({"floor": None})
    until(page, lambda: page.locator("#match em").count() == 0)
    assert page.locator("#identity option").nth(1).is_disabled()  # this face tells no voices apart


def test_who_can_be_chosen_is_who_is_there_now(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    options = page.locator("#identity option")
    assert options.all_inner_texts() == ["unknown (mean)", "auto (by voice)", "anna", "ben"]
    page.select_option("#identity", label="ben")
    until(page, lambda: daemon.settings.now.identity == "ben")
    daemon.preview.introduce({"identities": ["anna", "ben", "carla"]})
    until(page, lambda: options.count() == 5)
    until(page, lambda: page.input_value("#identity") == '"ben"')
    page.select_option("#identity", label="carla")
    until(page, lambda: daemon.settings.now.identity == "carla")
    page.select_option("#identity", label="auto (by voice)")
    until(page, lambda: daemon.settings.now.identity == "auto")


def test_a_head_that_cannot_be_had_leaves_the_drawn_face(daemon: Daemon, page: "Page", complaints: list[str]) -> None:
    daemon.preview.introduce({"head": True})  # and yet there is none
    opened(page, daemon)
    page.click("#looks button[data-look=head]")
    page.wait_for_selector("#toast[data-kind=error]:visible")
    assert "no head" in page.locator("#toast").inner_text()
    page.wait_for_selector("#looks button[data-look=drawn][aria-pressed=true]")
    daemon.jaw = 0.8
    until(page, lambda: cavity(page) > OPEN)
    complaints[:] = [text for text in complaints if "404" not in text]


def test_every_control_changes_the_settings(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    live = daemon.settings.live
    page.select_option("#identity", label="anna")
    page.select_option("#lookahead_ms", label="40 ms")
    slide(page, "liveliness", 0.25)
    slide(page, "style", 1.5)
    slide(page, "input_gain_db", 6.5)
    slide(page, "gate_db", -45)
    for region in REGIONS:
        slide(page, f"gains.{region}", 1.5)
    for key in ("mute", "freeze", "record"):
        page.click(f"button[data-key={key}]")
    expected = {
        "identity": "anna",
        "lookahead_ms": 40,
        "liveliness": 0.25,
        "style": 1.5,
        "input_gain_db": 6.5,
        "gate_db": -45,
        "gains": dict.fromkeys(REGIONS, 1.5),
        "mute": True,
        "freeze": True,
        "record": True,
    }
    until(page, lambda: live() == expected)

    page.select_option("#identity", label="unknown (mean)")
    page.select_option("#lookahead_ms", label="as trained (160 ms)")
    page.uncheck("#gate-on")
    page.dblclick("input[data-key='gains.jaw']")
    for key in "mfr":
        page.keyboard.press(key)
    gains = dict.fromkeys(REGIONS, 1.5) | {"jaw": 1}
    off = {"identity": None, "lookahead_ms": None, "gate_db": None, "mute": False, "freeze": False, "record": False}
    until(page, lambda: live() == expected | off | {"gains": gains})
    page.wait_for_selector("#gate_db:disabled")
    page.check("#gate-on")
    until(page, lambda: live()["gate_db"] == -45)

    page.click("#calibrate")
    until(page, daemon.settings.calibrate.is_set)
    daemon.status = status(calibrating=True)
    page.wait_for_selector("#calibrate:disabled")


def test_a_control_shows_what_is_in_force_not_what_was_refused(daemon: Daemon, page: "Page") -> None:
    def refuse(_config: DaemonConfig) -> None:
        raise FacewireError("liveliness: not today")

    daemon.settings.check = refuse
    opened(page, daemon)
    slide(page, "liveliness", 0.2)
    page.wait_for_selector("#toast[data-kind=error]:visible")
    assert page.locator("#toast").inner_text() == "liveliness: not today"
    assert page.input_value("#liveliness") == "0.75"


def test_a_control_stays_as_it_was_set_until_the_daemon_has_heard_of_it(
    daemon: Daemon, page: "Page", settings: LiveSettings
) -> None:
    waiting: list[Callable[[], None]] = []

    def slowly(link: "WebSocketRoute") -> None:
        server = link.connect_to_server()
        link.on_message(lambda text: waiting.append(lambda: server.send(text)))

    page.route_web_socket("**/ws*", slowly)
    page.clock.install()
    settings.change({"gate_db": -45})
    opened(page, daemon)
    page.wait_for_selector("#gate-on:checked")
    assert "gate_db: -45" in page.inner_text("#settings-lines")
    page.clock.pause_at(time.time() + 60)  # patience ends when we say so, however slow the machine
    page.uncheck("#gate-on")
    page.keyboard.press("m")
    settings.change({"style": 0.5})  # somebody else does, and all pages are told what is in force
    until(page, lambda: page.input_value("#style") == "0.5")
    assert page.locator("#gate-on:checked").count() == 0
    assert page.get_attribute("button[data-key=mute]", "aria-pressed") == "true"
    until(page, lambda: len(waiting) == 2)
    waiting[0]()
    until(page, lambda: settings.now.gate_db is None)
    until(page, lambda: "gate_db: -45" not in page.inner_text("#settings-lines"))  # the page has heard of it too
    assert page.get_attribute("button[data-key=mute]", "aria-pressed") == "true"
    page.clock.fast_forward(1000)
    page.wait_for_selector("button[data-key=mute][aria-pressed=false]")  # never heard of: in the end it shows that
    assert page.locator("#gate-on:checked").count() == 0


def test_what_was_set_can_be_saved(daemon: Daemon, page: "Page", tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("input: demo  # for now\n", encoding="utf-8")
    opened(page, daemon)
    for key in "mfr":
        page.keyboard.press(key)
    until(page, lambda: daemon.settings.now.record)
    assert page.locator("#save").is_disabled()  # these hold for the moment, and are never saved
    slide(page, "liveliness", 0.5)
    until_true(page, "document.querySelector('#settings-lines').textContent.trim() === 'liveliness: 0.5'")
    page.click("#save")
    page.wait_for_selector("#toast:visible")
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert "# for now" in text
    assert yaml.safe_load(text) == {"input": "demo", "liveliness": 0.5}
    page.wait_for_selector("#save:disabled")


def test_two_tabs_see_each_others_changes_and_so_does_a_reload(daemon: Daemon, context: "BrowserContext") -> None:
    first, second = context.new_page(), context.new_page()
    opened(first, daemon)
    opened(second, daemon)
    slide(first, "liveliness", 0.3)
    until_true(second, "document.querySelector('#liveliness').value === '0.3'")
    second.click("button[data-key=mute]")
    first.wait_for_selector("button[data-key=mute][aria-pressed=true]")
    first.wait_for_selector("#note[data-kind=muted]:visible")
    first.reload()
    until_true(first, "window.facewire?.frames > 3 && document.querySelector('#liveliness').value === '0.3'")
    first.wait_for_selector("#note[data-kind=muted]:visible")


def test_the_page_comes_back_when_the_daemon_does(settings: LiveSettings, page: "Page", complaints: list[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.now = settings.now.model_copy(update={"preview_port": port})
    daemon = Daemon(settings)
    opened(page, daemon)
    daemon.close()
    page.wait_for_selector("#note[data-kind=waiting]:visible")
    assert "the program has ended; waiting for it" in page.locator("#note").inner_text()
    assert page.locator("#connection").get_attribute("data-state") == "waiting"
    before = page.evaluate("facewire.frames")
    daemon = Daemon(settings)
    try:
        daemon.jaw = 0.8
        page.wait_for_selector("#note", state="hidden")
        until(page, lambda: cavity(page) > OPEN)
        assert page.evaluate("facewire.frames") > before
    finally:
        daemon.close()
    complaints[:] = [text for text in complaints if "ERR_CONNECTION_REFUSED" not in text]


def test_another_origins_page_cannot_connect(
    daemon: Daemon, page: "Page", tmp_path: Path, complaints: list[str]
) -> None:
    (tmp_path / "index.html").write_text("<title>hostile</title><link rel=icon href=data:,>", encoding="utf-8")
    handler = functools.partial(_Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as hostile:
        Thread(target=hostile.serve_forever).start()
        page.goto(f"http://127.0.0.1:{hostile.server_port}/index.html")
        outcome = page.evaluate(
            """(url) => new Promise((resolve) => {
              const socket = new WebSocket(url);
              socket.onopen = () => resolve("open");
              socket.onerror = () => resolve("refused");
            })""",
            daemon.url.replace("http", "ws") + "ws",
        )
        hostile.shutdown()
    assert outcome == "refused"
    assert any("403" in text for text in complaints)
    complaints.clear()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_page_with_a_token_hands_it_on(settings: LiveSettings, page: "Page") -> None:
    settings.now = settings.now.model_copy(update={"preview_host": "0.0.0.0"})
    daemon = Daemon(settings)
    try:
        page.goto(f"http://127.0.0.1:{daemon.preview.spec.port}/?{daemon.url.partition('?')[2]}")
        until_true(page, "window.facewire?.frames > 3 && document.querySelector('#face canvas')")
        page.click("nav a[data-mode=replay]")
        page.wait_for_selector("#replay-empty:visible")
    finally:
        daemon.close()


@pytest.mark.parametrize(
    ("kind", "phase", "setting"),
    [("starting", "starting", {}), ("ended", "ended", {}), ("frozen", "live", {"freeze": True})],
)
def test_the_face_says_why_it_does_not_move(
    daemon: Daemon, page: "Page", kind: str, phase: str, setting: dict[str, bool]
) -> None:
    daemon.preview.introduce({"phase": phase})
    daemon.settings.change(setting)
    page.goto(daemon.url)
    page.wait_for_selector(f"#note[data-kind={kind}]:visible")


def test_silence_is_told(daemon: Daemon, page: "Page") -> None:
    daemon.status = status(level_db=-80.0)
    opened(page, daemon)
    page.wait_for_selector("#note[data-kind=silent]:visible")
    assert "I hear nothing: a test" in page.locator("#note").inner_text()
    daemon.status = status()
    page.wait_for_selector("#note", state="hidden")


@pytest.fixture
def two_takes(settings: LiveSettings) -> None:
    """a: 2 s at 30 fps, the mouth opens after a second, with sound; b: at 60 fps, it stays closed."""
    folder = settings.now.takes
    folder.mkdir()
    weights = np.zeros((2 * FPS, COUNT), np.float32)
    weights[FPS:, INDEX["jawOpen"]] = 0.8
    takes.write(folder / "a.csv", Take(weights, Fraction(FPS)))
    takes.write(folder / "b.npz", Take(np.zeros((4 * FPS, COUNT), np.float32), Fraction(2 * FPS)))
    os.utime(folder / "b.npz", (1, 1))  # the older one
    soundfile.write(folder / "a.wav", 0.1 * np.sin(np.arange(32_000) / 10), 16_000)


@pytest.mark.usefixtures("two_takes")
def test_two_takes_are_played_side_by_side(daemon: Daemon, page: "Page") -> None:
    page.goto(f"{daemon.url}?replay=a.csv&beside=b.npz")
    page.wait_for_selector("#difference .bar")
    until_true(page, "document.querySelectorAll('#replay-faces canvas').length === 2")
    assert page.locator("figcaption").all_inner_texts() == [
        "a.csv · 30 fps · 0:02.00",
        "b.npz · 60 fps · 0:02.00 · dashed",
    ]
    assert page.locator("#sound-name").inner_text() == "with its sound"
    assert page.locator("#difference .bar").first.inner_text().split() == ["jawOpen", "0.400"]
    left, right = "[data-side=take] canvas", "[data-side=beside] canvas"
    until(page, lambda: cavity(page, left) < SHUT)
    page.locator("#scrub").fill("1.5")
    until(page, lambda: cavity(page, left) > OPEN)
    assert cavity(page, right) < SHUT
    assert page.locator("#time").inner_text() == "0:01.50 / 0:02.00"
    page.keyboard.press("ArrowLeft")
    until_true(page, "document.querySelector('#time').textContent.startsWith('0:01.47')")
    page.locator("#replay-curves").click(position={"x": 1, "y": 20})
    until(page, lambda: cavity(page, left) < SHUT)
    page.keyboard.press("Space")
    page.wait_for_selector("#play[aria-label=pause]")
    until(page, lambda: cavity(page, left) > OPEN)
    until_true(page, "document.querySelector('#time').textContent.startsWith('0:02.00')")
    page.wait_for_selector("#play[aria-label=play]")


@pytest.mark.usefixtures("two_takes")
def test_local_files_are_opened(daemon: Daemon, page: "Page", settings: LiveSettings, tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    takes.write(own, takes.read(settings.now.takes / "a.csv"))
    page.goto(f"{daemon.url}?replay=a.csv")
    page.wait_for_selector("[data-side=take] canvas")
    with page.expect_file_chooser() as chooser:
        page.click("#beside-open")
    chooser.value.set_files(own)
    page.wait_for_selector("[data-side=beside] canvas")
    assert page.locator("#difference-mean").inner_text() == "0.000"
    dropped = {"name": "other.wav", "data": base64.b64encode((settings.now.takes / "a.wav").read_bytes()).decode()}
    page.evaluate(
        """({ name, data }) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
        }""",
        dropped,
    )
    until_true(page, "document.querySelector('#sound-name').textContent === 'other.wav'")
    page.click("#speed button[data-speed='0.5']")
    page.click("#play")
    until_true(page, "document.querySelector('#scrub').valueAsNumber > 0.3")


@pytest.mark.usefixtures("two_takes")
def test_a_daemon_that_only_replays_has_no_live_page(daemon: Daemon, page: "Page") -> None:
    daemon.preview.introduce({"phase": "replay"})
    page.goto(daemon.url)
    page.wait_for_selector("[data-side=take] canvas")
    assert page.locator("#live").is_hidden()
    page.wait_for_selector("nav a[data-mode=live]", state="hidden")


def test_shapes_are_shown_by_themselves(daemon: Daemon, page: "Page") -> None:
    sockets: list[object] = []
    page.on("websocket", lambda opened: sockets.append(opened))
    canvas = "#inspect canvas"
    page.goto(f"{daemon.url}?face=rest")
    until(page, lambda: page.locator(canvas).count() and cavity(page, canvas) < SHUT)
    page.goto(f"{daemon.url}?face=jawOpen:0.9")
    until(page, lambda: page.locator(canvas).count() and cavity(page, canvas) > OPEN)
    assert page.locator("#inspect h1").inner_text() == "jawOpen 0.9"
    page.goto(f"{daemon.url}?face=all")
    until(page, lambda: cavity(page, "[data-shape=jawOpen] canvas") > OPEN)
    assert page.locator("#inspect a").all_inner_texts() == ["rest", *NAMES]
    assert not sockets
    page.goto(f"{daemon.url}?face=jawDrop")
    page.wait_for_selector("h1:has-text('jawDrop')")


PLAYED = """async () => {
  const { Playback } = await import("/static/playback.js");
  const playback = new Playback();
  const late = (n) => [0, 0.004, 0.02, 0.001][n % 4];
  const frames = Array.from({ length: 90 }, (_, n) => ({ timeS: n / 30, nowS: 5 + n / 30 + late(n) }));
  const shown = [];
  for (let tick = 0; tick < 60 * 4; tick++) {
    const nowS = 5 + tick / 60;
    while (frames.length && frames[0].nowS <= nowS) {
      const { timeS, nowS: arrivedS } = frames.shift();
      playback.push(timeS, new Float32Array(52).fill(timeS), arrivedS);
    }
    if (playback.at(nowS)) shown.push([nowS - 5, playback.timeS, playback.at(nowS)[0]]);
  }
  playback.push(0.5, new Float32Array(52), 20);
  playback.at(20);
  return { shown, restarted: playback.timeS };
}"""


def test_frames_that_come_unevenly_are_played_evenly(daemon: Daemon, page: "Page") -> None:
    page.goto(f"{daemon.url}?face=rest")
    played = page.evaluate(PLAYED)
    now, time_s, value = np.array(played["shown"]).T
    assert np.allclose(value, time_s, atol=1e-6)  # interpolated on audio time
    steps = np.diff(time_s)
    assert (steps >= 0).all()
    playing = (now[1:] > 0.5) & (now[1:] < 2.9)
    assert np.abs(steps[playing] - 1 / 60).max() < 0.005
    behind = (now - time_s)[1:][playing]
    assert behind.min() >= 1 / 30
    assert behind.max() < 0.08  # two frame intervals, and what a display frame adds
    assert time_s[-1] == pytest.approx(89 / 30)  # it holds
    assert played["restarted"] < 0.6  # another stream
