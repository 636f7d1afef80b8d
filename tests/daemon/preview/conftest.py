import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.blendshapes import COUNT, INDEX
from protocols.takes import Take
from tests.daemon.preview.fed import FPS, Daemon
from tests.peers.browser import browser as running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


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
