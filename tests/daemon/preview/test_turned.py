"""The head that the page draws turns with the pose of the frames, live and replayed."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.blendshapes import COUNT, INDEX
from protocols.takes import Take
from tests.daemon.preview.fed import FPS, OPEN, Daemon, cavity, opened, place, until
from tests.protocols.faces import posed

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow  # a browser for each


def moved(before: tuple[float, float], now: tuple[float, float], to: tuple[int, int]) -> bool:
    """At least so far to the right and down."""
    return all((now[k] - before[k]) / to[k] >= 1 for k in (0, 1) if to[k])


def settled(page: "Page") -> tuple[float, float]:
    """Where the mouth is when it no longer moves."""
    seen = [place(page)]
    until(page, lambda: seen.append(place(page)) or seen[-4:] == 4 * seen[-1:])
    return seen[-1]


@pytest.mark.parametrize(
    ("pose", "to"),
    [
        ({"head_yaw": 15}, (-6, 0)),  # its own right is the viewer's left
        ({"head_yaw": -15}, (6, 0)),
        ({"head_pitch": 10}, (0, 6)),
        ({"head_x": 0.02}, (-10, 0)),
        ({"head_y": -0.02}, (0, 10)),
    ],
    ids=str,
)
def test_the_drawn_head_turns_with_the_frames(
    pose: dict[str, float], to: tuple[int, int], daemon: Daemon, page: "Page"
) -> None:
    opened(page, daemon)
    daemon.jaw = 0.6
    until(page, lambda: cavity(page) > OPEN)
    before = settled(page)
    daemon.pose = posed(**pose)
    until(page, lambda: moved(before, place(page), to))
    daemon.pose = posed()
    until(page, lambda: place(page) == pytest.approx(before, abs=0.5))


def test_the_angles_are_shown_in_degrees(daemon: Daemon, page: "Page") -> None:
    opened(page, daemon)
    daemon.pose = posed(head_yaw=12.34, head_pitch=-4, head_roll=-0.4, left_eye_yaw=9)
    legend = page.locator("#pose-legend")
    until(page, lambda: legend.inner_text().split() == ["yaw", "12°", "pitch", "−4°", "roll", "0°"])
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join()"
    before = page.locator("#pose-curves").evaluate(drawn)
    daemon.pose = posed(head_yaw=-15)
    until(page, lambda: page.locator("#pose-curves").evaluate(drawn) != before)


def test_a_take_replays_its_pose_and_an_old_one_has_none(daemon: Daemon, page: "Page", settings: LiveSettings) -> None:
    folder = settings.now.takes
    folder.mkdir()
    weights = np.zeros((2 * FPS, COUNT), np.float32)
    weights[:, INDEX["jawOpen"]] = 0.6
    poses = np.zeros((2 * FPS, 10), np.float32)
    poses[FPS:] = posed(head_yaw=20)
    takes.write(folder / "turned.csv", Take(weights, Fraction(FPS), poses))
    np.savez(folder / "old.npz", bs=weights, names=np.array([*INDEX]), fps=FPS)
    page.goto(f"{daemon.url}?replay=turned.csv&beside=old.npz")
    left, right = "[data-side=take] canvas", "[data-side=beside] canvas"
    page.wait_for_selector(right)
    until(page, lambda: cavity(page, left) > OPEN and cavity(page, right) > OPEN)
    assert place(page, left) == pytest.approx(place(page, right), abs=0.5)
    assert page.locator("#replay-pose-legend").inner_text().split()[:4] == ["yaw", "0°", "|", "0°"]
    page.locator("#scrub").fill("1.5")
    until(page, lambda: place(page, left)[0] < place(page, right)[0] - 6)
    until(page, lambda: page.locator("#replay-pose-legend").inner_text().split()[:4] == ["yaw", "20°", "|", "0°"])
