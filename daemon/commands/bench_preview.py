"""`facewire bench --preview`: how soon the page shows a moving face, and what serving it costs."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Final

import aiohttp
import numpy as np

from daemon.commands.bench_stages import environment
from daemon.preview import studio
from daemon.settings.config import DaemonConfig
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MEASURE_S: Final = 20.0
SETTLE_S: Final = 3.0
MOVED: Final = 0.05
"""A jaw that is visibly open."""
TURNS: Final = 3


@dataclass(frozen=True)
class PreviewReport:
    """What the page costs and how soon it moves."""

    moving_s: float
    """From the start of `facewire run` until the page, opened as soon as it is served, shows a moving jaw."""
    silent_s: float
    """The part of it during which the demo voice is silent."""
    core_without: float
    """Share of one core that the program uses without a preview,"""
    core_served: float
    """with a preview that no page is connected to,"""
    core_watched: float
    """and with one page open."""
    frames_per_s: float
    """Frames per second that the page gets."""


def bench_preview() -> PreviewReport:
    """Measure with the demo voice and the checkpoint that ships; about two minutes. Raises FacewireError."""
    port = _free_port()
    silent_s = _silence_s()
    with studio.browser() as chromium, _program("--preview-port", str(port)) as began_s:
        _wait_until_shown(chromium, port, silent_s)
        moving_s = time.monotonic() - began_s
    rounds: list[tuple[float, float, float, float]] = []
    for _ in range(TURNS):  # in turn, so that a busy moment of the machine is nobody's fault
        without, _ = _share_of_core(None, watched=False)
        served, _ = _share_of_core(_free_port(), watched=False)
        watched, frames = _share_of_core(_free_port(), watched=True)
        rounds.append((without, served, watched, frames / MEASURE_S))
    middle = [statistics.median(values) for values in zip(*rounds, strict=True)]
    return PreviewReport(moving_s, silent_s, *middle)


def live_cpu(port: str) -> None:
    """What the measured process does: run the demo voice, and print its processor time per second."""
    from daemon import app

    said = DaemonConfig.model_validate(
        {"input": "demo", "sinks": ["vmc://127.0.0.1:9"], "preview": bool(port), "preview_port": int(port or 0)}
    )

    def measure() -> None:
        time.sleep(SETTLE_S)
        print("measuring", flush=True)
        before_s = time.process_time()
        time.sleep(MEASURE_S)
        print(json.dumps((time.process_time() - before_s) / MEASURE_S), flush=True)
        os._exit(0)

    measuring = Thread(target=measure, daemon=True)
    app.run(said, lambda text: None if measuring.is_alive() else measuring.start())  # more is said later


def _share_of_core(port: int | None, *, watched: bool) -> tuple[float, int]:
    """Share of one core that a live program uses, and the frames that a page got meanwhile."""
    code = "import sys; from daemon.commands.bench_preview import live_cpu; live_cpu(sys.argv[1])"
    command = [sys.executable, "-c", code, str(port or "")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "measuring":
                raise FacewireError("bench: the measured program did not start; try `facewire check`")
            frames = asyncio.run(_watch(port, MEASURE_S)) if port and watched else 0
            return float(process.stdout.readline()), frames
        finally:
            process.kill()


@contextmanager
def _program(*options: str) -> Iterator[float]:
    """`facewire run` with the demo voice; yields the time of its start."""
    command = [sys.executable, "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo", *options]
    command += ["--sink", "vmc://127.0.0.1:9"]
    began_s = time.monotonic()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment(), stdout=quiet, stderr=quiet) as process:
        try:
            yield began_s
        finally:
            process.kill()


def _wait_until_shown(chromium: "Browser", port: int, audio_s: float) -> None:
    """Return when a page in the browser shows the face of this audio time."""
    from playwright.sync_api import Error

    page = chromium.new_page()
    give_up_s = time.monotonic() + 60
    served = False
    while time.monotonic() < give_up_s:
        try:
            if not served:
                page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
                served = True
            elif page.evaluate("window.facewire?.timeS ?? -1") >= audio_s:
                return
        except Error:  # not yet
            pass
        time.sleep(0.03)
    raise FacewireError("bench: the page showed no moving face within a minute; try `facewire check`")


async def _watch(port: int, seconds: float) -> int:
    """Frames that a page gets in this time."""
    frames = 0
    end_s = time.monotonic() + seconds
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/ws") as page:
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                frames += (await page.receive(left_s)).type == aiohttp.WSMsgType.BINARY
            except TimeoutError:
                break
    return frames


def _silence_s() -> float:
    """From the demo voice's first sample to the first frame that counts as moving."""
    from daemon.animate.face import open_face
    from daemon.animate.offline import perform
    from daemon.sound.files import DEMO
    from model.audio import read_audio

    model = open_face(None, None)
    made = perform(model, read_audio(DEMO)[: 16_000 * 5], DaemonConfig())
    return float(np.argmax(made.weights[:, INDEX["jawOpen"]] > MOVED)) / model.config.fps


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
