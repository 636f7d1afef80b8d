"""The tab Live in a real browser, against the real server, with made-up faces and the program's own messages."""

import functools
import http.server
import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import yaml

from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols.errors import FacewireError
from tests.daemon.preview.fed import OPEN, REGIONS, SHUT, Daemon, cavity, opened, slide, status, until, until_true

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, WebSocketRoute

pytestmark = pytest.mark.slow  # a browser for each

PERFORMED = ("blinks", "gaze", "head", "brows", "listening")


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


def test_the_panels_show_what_the_daemon_measures(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    page.wait_for_selector("#sinks td")
    assert page.locator("#sinks tbody td").all_inner_texts() == ["127.0.0.1:11111 (livelink)", "30.0", "123", "4"]
    assert page.locator("#counters dd").all_inner_texts() == ["5", "6", "7", "8"]
    assert page.locator("#match .bar span").all_inner_texts() == ["ben", "anna"]
    assert page.locator("#match .bar.strong span").all_inner_texts() == ["ben"]
    assert page.locator("#identity-now").inner_text() == "in use: ben"
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
    page.wait_for_selector("#identity-now:text('by voice: anna')")
    assert page.locator("#match .bar.strong span").all_inner_texts() == ["anna"]
    daemon.status = status(identity="auto", speaking=None)
    page.wait_for_selector("#identity-now:text('by voice: mean of all')")
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
    page.select_option("#hop_ms", label="20 ms")
    slide(page, "style", 1.5)
    slide(page, "articulation", 0.75)
    slide(page, "input_gain_db", 6.5)
    slide(page, "gate_db", -45)
    for region in REGIONS:
        slide(page, f"gains.{region}", 1.5)
    page.select_option("#mood", label="sad")
    slide(page, "performance.mood_intensity", 0.35)
    for part in PERFORMED:
        slide(page, f"performance.{part}", 0.5)
    slide(page, "performance.look_yaw", -12)
    slide(page, "performance.look_pitch", 3)
    for key in ("mute", "freeze", "record"):
        page.click(f"button[data-key={key}]")
    expected = {
        "identity": "anna",
        "lookahead_ms": 40,
        "hop_ms": 20,
        "articulation": 0.75,
        "liveliness": 0.25,
        "style": 1.5,
        "input_gain_db": 6.5,
        "gate_db": -45,
        "performance": dict.fromkeys(PERFORMED, 0.5)
        | {"mood": "sad", "mood_intensity": 0.35, "look_yaw": -12, "look_pitch": 3},
        "gains": dict.fromkeys(REGIONS, 1.5),
        "mute": True,
        "freeze": True,
        "record": True,
    }
    until(page, lambda: live() == expected)

    page.select_option("#identity", label="unknown (mean)")
    page.select_option("#lookahead_ms", label="default (160 ms)")
    page.uncheck("#gate-on")
    page.dblclick("input[data-key='gains.jaw']")
    for key in "mfr":
        page.keyboard.press(key)
    gains = dict.fromkeys(REGIONS, 1.5) | {"jaw": 1}
    off = {"identity": None, "lookahead_ms": None, "gate_db": None, "mute": False, "freeze": False, "record": False}
    until(page, lambda: live() == expected | off | {"gains": gains})
    page.wait_for_selector("#gate_db:disabled")
    figures = {"style": "1.5", "input_gain_db": "6.5 dB", "gains-jaw": "1", "performance-look_yaw": "−12°"}
    shown = {name: page.inner_text(f"output[for={name}]") for name in figures}
    assert shown == figures
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
    assert "the program has ended" in page.locator("#note").inner_text()
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
    assert "no sound from a test" in page.locator("#note").inner_text()
    daemon.status = status()
    page.wait_for_selector("#note", state="hidden")
