"""The latency on the page: stated, measured again, set, and later for some receivers."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from daemon.line import timing
from daemon.line.blocks import Motion
from daemon.line.metrics import Delay, Metrics
from daemon.line.status import report
from daemon.line.timing import Timing
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model.windows import WindowSpec
from protocols.blendshapes import COUNT
from protocols.pose import POSE_COUNT
from tests.daemon.preview.fed import Daemon, opened, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow  # a browser for each


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
    still = np.zeros((3, COUNT), np.float32), np.zeros((3, POSE_COUNT), np.float32)
    settled = start
    for hop in range(40):
        settled = settled.hear(Motion(3 * hop, *still, 0, 160, 100, made_ns=(100 * hop + 275 + 20) * 1_000_000))
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
