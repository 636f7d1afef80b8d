"""A browser without a window: the system's chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS: Final = (
    "--no-sandbox",  # tests may run as root, where chromium's sandbox refuses to start
    "--disable-gpu-sandbox",
    "--disable-dev-shm-usage",  # containers give 64 MB
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WEBGL: Final = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""In software, which makes all else slower: only where it is needed."""


@contextmanager
def browser(*, webgl: bool = False) -> Iterator["Browser"]:
    """A running browser; skips the test where there is none. For one thread only."""
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e '.[film]'")
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None:
        pytest.skip("no chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        drawing = WEBGL if webgl else ["--disable-gpu"]
        running = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *drawing])
        try:
            yield running
        finally:
            running.close()


def until(page: "Page", true: str) -> None:
    """Not wait_for_function: the page's content security policy forbids what that does."""
    for _ in range(300):
        if page.evaluate(true):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never: {true}")
