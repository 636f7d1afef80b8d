"""The page and the real program use the same names: all that the page reads is sent, all that is sent is read."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.browser import browser, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
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


@contextmanager
def program(folder: Path) -> Iterator[str]:
    """`facewire run` with the demo voice; gives the page's address."""
    (folder / "config.yaml").write_text(
        f"identity: auto\ntakes: {folder / 'takes'}\nsinks: ['vmc://127.0.0.1:9']\n", encoding="utf-8"
    )
    command = [sys.executable, "-u", "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo"]
    command += ["--config", str(folder / "config.yaml"), "--preview-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line.split()[-1] for line in process.stdout if line.startswith("see it"))
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


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
        assert {"hello.phase", "settings.now.gains.jaw", "status.recording.seconds", "said.text"} < read
        assert complaints == []
