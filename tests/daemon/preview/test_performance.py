"""The page's panel for the performance: what the eyes, brows and head do beside the words, and the mood."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from daemon.settings.config import Performance
from model.performance.settings import MOODS
from protocols.blendshapes import COUNT, INDEX
from tests.daemon.preview.fed import Daemon, opened, slide, until, until_true
from tests.daemon.preview.running import program
from tests.peers.browser import until as until_patiently

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.slow  # a browser for each

SMILE = [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]
HEAD = slice(COUNT, COUNT + 6)
NEWEST = 30
"""Frames that tell how the face is now: a second of them."""


class Heard:
    """The frames that a page has received."""

    def __init__(self, page: "Page") -> None:
        self._frames: list[bytes] = []
        page.on("websocket", lambda link: link.on("framereceived", self._hear))

    def _hear(self, data: bytes | str) -> None:
        if isinstance(data, bytes):
            self._frames.append(data)

    def newest(self) -> np.ndarray:
        """(NEWEST, 62): weights and pose."""
        return np.array([np.frombuffer(data, "<f4", offset=8) for data in self._frames[-NEWEST:]])


def mood(page: "Page") -> str:
    return page.locator("#mood option:checked").inner_text()


def test_every_part_and_every_mood_can_be_set_and_the_mood_comes_first(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    keys = page.locator("section:has(#strengths) [data-key]").evaluate_all("all => all.map((each) => each.dataset.key)")
    parts = [key.removeprefix("performance.") for key in keys]
    assert parts[:2] == ["mood", "mood_intensity"]
    assert set(parts) == {*Performance.model_fields, "liveliness"}
    assert page.locator("#mood option").all_inner_texts() == list(MOODS)
    assert mood(page) == "neutral"
    assert page.locator("output[for=performance-mood_intensity]").inner_text() == "0.6"


def test_a_second_page_follows_and_a_double_click_resets(daemon: Daemon, context: "BrowserContext") -> None:
    first, second = context.new_page(), context.new_page()
    opened(first, daemon)
    opened(second, daemon)
    first.select_option("#mood", label="afraid")
    slide(first, "performance.head", 0)
    until(second, lambda: mood(second) == "afraid" and second.input_value("#performance-head") == "0")
    assert second.input_value("#performance-brows") == "1"  # of the others, nothing has changed
    second.dblclick("#performance-head")
    until_true(first, "document.querySelector('#performance-head').value === '1'")
    assert mood(first) == "afraid"


def test_it_is_set_by_keyboard(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    page.focus("#mood")
    page.keyboard.press("ArrowDown")
    until(page, lambda: daemon.settings.now.performance.mood == "happy")
    page.keyboard.type("sur")  # letters choose here, and are no shortcuts
    until(page, lambda: daemon.settings.now.performance.mood == "surprised")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "performance-mood_intensity"
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    now = Performance(mood="surprised", mood_intensity=1, blinks=0.95)
    until(page, lambda: daemon.settings.now.performance == now)
    page.keyboard.press("m")
    until(page, lambda: daemon.settings.now.mute)


def test_it_is_saved(daemon: Daemon, page: "Page", tmp_path: Path) -> None:
    opened(page, daemon)
    page.select_option("#mood", label="tired")
    slide(page, "performance.gaze", 1.25)
    until(page, lambda: page.inner_text("#settings-lines").strip() == "performance: {gaze: 1.25, mood: tired}")
    page.click("#save")
    page.wait_for_selector("#save:disabled")
    saved = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert saved == {"performance": {"mood": "tired", "gaze": 1.25}}


def test_the_running_program_smiles_and_holds_its_head_still(page: "Page", tmp_path: Path) -> None:
    heard = Heard(page)
    with program(tmp_path) as url:
        page.goto(url)
        until_patiently(page, "window.facewire?.frames > 60")
        until(page, lambda: np.ptp(heard.newest()[:, HEAD], axis=0)[:3].max() > 0.3)
        assert heard.newest()[:, SMILE].min() < 0.2
        page.select_option("#mood", label="happy")
        slide(page, "performance.mood_intensity", 1)
        until(page, lambda: heard.newest()[:, SMILE].min() > 0.35)
        slide(page, "performance.head", 0)
        until(page, lambda: not heard.newest()[:, HEAD].any())
        until(page, lambda: np.ptp(heard.newest()[:, INDEX["jawOpen"]]) > 0.05)  # and it speaks on
        assert not heard.newest()[:, HEAD].any()
        assert "mood: happy" in page.inner_text("#settings-lines")
        slide(page, "performance.head", 1)
        until(page, lambda: np.ptp(heard.newest()[:, HEAD], axis=0)[:3].max() > 0.3)
        page.close()  # before the program ends, of which it would complain
