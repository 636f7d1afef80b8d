"""The page and the real program use the same names: all that the page reads is sent, all that is sent is read."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.daemon.preview.running import program
from tests.peers.browser import browser, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

WATCHED = """
window.names = { sent: new Set(), read: new Set(), missing: new Set() };
const { sent, read, missing } = window.names;
const list = (value, path) => {
  if (Array.isArray(value)) for (const each of value) list(each, path);
  else if (value && typeof value === "object")
    for (const [name, each] of Object.entries(value)) list(each, `${path}.${name}`), sent.add(`${path}.${name}`);
};
const watched = (value, path) => !value || typeof value !== "object" ? value : new Proxy(value, {
  get(target, name) {
    if (typeof name === "symbol") return target[name];
    if (Array.isArray(target)) return watched(target[name], path);
    (name in target ? read : missing).add(`${path}.${name}`);
    return watched(target[name], `${path}.${name}`);
  },
});
const parse = JSON.parse;
JSON.parse = (text) => {
  const message = parse(text);
  if (!message?.type) return message;
  list(message, message.type);
  return watched(message, message.type);
};
"""


def names(page: "Page", kind: str) -> set[str]:
    return set(page.evaluate(f"[...window.names.{kind}]"))


def test_the_page_reads_what_the_program_sends_and_no_more(tmp_path: Path) -> None:
    with program(tmp_path) as url, browser() as chromium:
        page = chromium.new_page()
        page.add_init_script(f"{{{WATCHED}}}")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        until(page, "window.facewire?.frames > 60 && document.querySelectorAll('#match .bar').length")
        page.keyboard.press("r")
        page.wait_for_selector("#recording:visible")
        until(page, "document.querySelector('#recording').innerText.trim() > '0.5'")
        assert re.fullmatch(r"\d\.\d s", page.locator("#recording").inner_text().strip())
        assert page.locator("#save").is_disabled()  # recording is nothing to be saved
        shown = page.locator("body").inner_text()
        assert not re.search(r"undefined|NaN|null|\[object|Infinity", shown), shown
        page.keyboard.press("r")
        page.wait_for_selector("#toast:text('recorded')")
        read = names(page, "read")
        assert names(page, "missing") == set()
        assert names(page, "sent") == read
        assert {"hello.phase", "settings.now.performance.mood", "status.recording.seconds", "said.text"} < read
        assert complaints == []
