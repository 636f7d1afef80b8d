"""The page on phones, a tablet and a desktop: nothing lies beside the screen, and fingers find all controls."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.daemon.preview.fed import OPEN, SHUT, Daemon, cavity, status, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("two_takes")]

SCREENS = {"phone": (390, 844), "small phone": (320, 568), "tablet": (768, 1024), "desktop": (1400, 900)}
LIVE, REPLAY, TWO, SHAPES, SHAPE = "", "?replay=a.csv", "?replay=a.csv&beside=b.npz", "?face=all", "?face=jawOpen:0.9"
FACES = {
    LIVE: "#face canvas",
    REPLAY: "[data-side=take] canvas",
    TWO: "[data-side=beside] canvas",
    SHAPES: "[data-shape=rest] canvas",
    SHAPE: "#inspect .face canvas",
}
FINGER_PX = 44
SHOWN = """(selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility()).map(
  (each) => ({ ...each.getBoundingClientRect().toJSON(), name: each.id || each.className || each.textContent })
)"""


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest, browser: "Browser", complaints: list[str]) -> Iterator["Page"]:
    yield from _screen(browser, request.param, complaints)


@pytest.fixture
def phone(browser: "Browser", complaints: list[str]) -> Iterator["Page"]:
    yield from _screen(browser, "phone", complaints)


def _screen(browser: "Browser", name: str, complaints: list[str]) -> Iterator["Page"]:
    width, height = SCREENS[name]
    touch = name != "desktop"
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch)
    context.set_default_timeout(20_000)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert not complaints


def opened(page: "Page", daemon: Daemon, tab: str) -> None:
    page.goto(daemon.url + tab)
    page.wait_for_selector(FACES[tab])
    page.wait_for_selector({LIVE: "#sinks td", TWO: "#difference .bar"}.get(tab, FACES[tab]))


@pytest.mark.parametrize("tab", FACES)
def test_nothing_lies_beside_the_screen_and_the_face_is_on_it(daemon: Daemon, screen: "Page", tab: str) -> None:
    long = "a studio's microphone with a name that is longer than any screen is wide, and then some"
    daemon.preview.introduce({"input": long, "head": True})
    daemon.status = status(recording={"seconds": 1234.5})
    opened(screen, daemon, tab)
    width, height = screen.evaluate("[document.documentElement.clientWidth, window.innerHeight]")
    assert screen.evaluate("document.documentElement.scrollWidth") == width
    shown = screen.evaluate(SHOWN, "header *, main:not([hidden]) *:not(canvas, option)")
    assert [each["name"] for each in shown if each["left"] < -0.5 or each["right"] > width + 0.5] == []
    (face, *_) = screen.evaluate(SHOWN, FACES[tab])
    assert face["width"] > {SHAPES: 130, TWO: 140}.get(tab, 0.5 * min(width, height))
    assert face["height"] > 130
    assert face["top"] + 0.5 * face["height"] < height
    if screen.evaluate("matchMedia('(pointer: coarse)').matches"):
        controls = screen.evaluate(SHOWN, "button, select, summary, nav a, input[type=range]")
        assert [each["name"] for each in controls if min(each["width"], each["height"]) < FINGER_PX - 0.5] == []


def test_on_a_phone_the_face_stays_in_sight_while_its_settings_are_changed(daemon: Daemon, phone: "Page") -> None:
    opened(phone, daemon, LIVE)
    until(phone, lambda: cavity(phone) < SHUT)
    slider = phone.locator("[data-key='gains.jaw']")
    slider.scroll_into_view_if_needed()
    assert phone.evaluate("window.scrollY") > 300
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    until(phone, lambda: daemon.settings.now.gains.jaw == pytest.approx(1.5, abs=0.1))
    (face,) = phone.evaluate(SHOWN, "#face canvas")
    assert face["top"] >= 0
    daemon.jaw = 0.8
    until(phone, lambda: cavity(phone) > OPEN)
    phone.locator("button[data-key=mute]").tap()
    until(phone, lambda: daemon.settings.now.mute)


def test_on_a_phone_shapes_are_chosen_from_a_sheet(daemon: Daemon, phone: "Page") -> None:
    opened(phone, daemon, LIVE)
    phone.locator("#curves-legend summary").tap()
    width, height = phone.evaluate("[innerWidth, innerHeight]")
    (sheet,) = phone.evaluate(SHOWN, "#curves-legend .choices")
    assert sheet["left"] >= 0
    assert sheet["right"] <= width
    assert sheet["top"] >= 0
    assert sheet["bottom"] <= height
    assert phone.locator("#curves-legend .choices").evaluate("each => each.scrollWidth - each.clientWidth") == 0
    phone.locator("#curves-legend label", has_text="browInnerUp").tap()
    phone.wait_for_selector("#curves-legend .chip:has-text('browInnerUp')")


@pytest.mark.parametrize("phase", ["starting", "ended"])
def test_a_message_fits_a_phone(daemon: Daemon, phone: "Page", phase: str) -> None:
    phone.clock.install()
    daemon.preview.introduce({"phase": phase})
    phone.goto(daemon.url)
    phone.wait_for_selector(f"#note[data-kind={phase}]:visible")
    phone.clock.fast_forward(10_000)
    (stage,) = phone.evaluate(SHOWN, "#live .stage")
    if phase == "starting":
        until(phone, lambda: "converts it for onnxruntime" in phone.locator("#note").inner_text())
    (note,) = phone.evaluate(SHOWN, "#note")
    assert note["width"] > 250
    assert stage["left"] < note["left"]
    assert note["right"] < stage["right"]
    assert stage["top"] < note["top"]
    assert note["bottom"] < stage["bottom"]
