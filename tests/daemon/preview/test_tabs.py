"""The tabs Replay and Shapes in a real browser, against the real server."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.blendshapes import NAMES
from tests.daemon.preview.fed import OPEN, SHUT, Daemon, cavity, until, until_true

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow  # a browser for each


@pytest.mark.usefixtures("two_takes")
def test_two_takes_are_played_side_by_side(daemon: Daemon, page: "Page") -> None:
    page.goto(f"{daemon.url}?replay=a.csv&beside=b.npz")
    page.wait_for_selector("#difference .bar")
    until_true(page, "document.querySelectorAll('#replay-faces canvas').length === 2")
    assert page.locator("figcaption").all_inner_texts() == [
        "a.csv · 30 fps · 0:02.00",
        "b.npz · 60 fps · 0:02.00 · dashed",
    ]
    assert page.locator("#sound-name").inner_text() == "with sound"
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
