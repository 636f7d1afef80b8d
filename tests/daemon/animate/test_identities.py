"""The folder of identities: what is in it, what is refused, and how a running face follows it."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle, takewhile
from pathlib import Path
from threading import Event, Thread

import aiohttp
import numpy as np
import pytest

from daemon import app
from daemon.animate.face import begin
from daemon.animate.identities import Identities
from daemon.animate.offline import perform
from daemon.animate.worker import animate
from daemon.line.blocks import AudioChunk
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.preview.server import Preview
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from daemon.sound import files
from model import identity_file
from model.checkpoint import save
from model.identity_file import SUFFIX, Identity
from model.torch_runtime import TorchRuntime
from model.windows import Samples
from protocols.errors import FacewireError
from protocols.frame import Frame
from protocols.sinks import SinkSpec
from tests.daemon.sounds import sound
from tests.model import test_voices
from tests.model.test_library import carla
from tests.model.tiny import tiny_model, tiny_runtime

taught = test_voices.taught
HOP = 1_600
OTHERS = tiny_runtime(seed=1)
SPOKEN = np.concatenate([test_voices.DULL[:64_000], test_voices.SILENCE, test_voices.BRIGHT[:64_000]])


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    model = tiny_model()
    model.face_std.fill_(0.02)  # all it makes is within [0, 1], where fading is a weighted mean of two faces
    return TorchRuntime(model)


def still(runtime: TorchRuntime, level: float) -> Identity:
    """Carla, whose face rests at a level whatever is said, and is unknown's beside that."""
    features = runtime.library.styles[-1, :16]
    flat = {"scale": np.zeros(52, np.float32), "offset": np.full(52, level, np.float32)}
    return carla(runtime, features=features, **flat)


def put(folder: Path, identity: Identity, name: str | None = None) -> Path:
    path = folder / f"{name or identity.name}{SUFFIX}"
    identity_file.save(identity, path)
    return path


def chunks_of(samples: Samples, size: int) -> Iterator[AudioChunk]:
    for start in range(0, len(samples), size):
        piece = samples[start : start + size]
        yield AudioChunk(piece, start, (start + len(piece)) * 62_500)


def test_no_folder_no_identities(runtime: TorchRuntime, tmp_path: Path) -> None:
    identities = Identities(runtime, tmp_path / "none")
    assert identities.library.names == ("alma", "bruno")
    assert not identities.look()


def test_what_is_in_the_folder_can_be_chosen_and_what_is_of_no_use_is_told_once(
    runtime: TorchRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, carla(runtime))
    put(tmp_path, carla(runtime), "copy")
    put(tmp_path, carla(OTHERS, name="dora"))
    put(tmp_path, carla(runtime, name="eva", voice=np.zeros(3, np.float32)))
    (tmp_path / f"fay{SUFFIX}").write_text("hello", encoding="utf-8")
    (tmp_path / f"folder{SUFFIX}").mkdir()  # nor is this
    (tmp_path / "notes.txt").write_text("nothing of ours", encoding="utf-8")
    identities = Identities(runtime, tmp_path)
    assert identities.library.names == ("alma", "bruno", "carla")
    for name, told in {
        "copy": "'carla' is in",
        "dora": "'dora' was enrolled for another checkpoint",
        "eva": "a damaged identity",
        "fay": "not an identity file",
    }.items():
        (line,) = [each.getMessage() for each in caplog.records if f"{name}{SUFFIX}:" in each.getMessage()]
        assert told in line
        assert line.startswith(str(tmp_path))
    caplog.clear()
    assert not identities.look()
    put(tmp_path, carla(runtime, name="gil"))
    assert identities.look()
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    (tmp_path / f"fay{SUFFIX}").write_text("hello again", encoding="utf-8")
    assert identities.look()
    assert [each.levelno for each in caplog.records].count(logging.WARNING) == 1


def test_a_second_file_of_a_name_takes_over_where_the_first_goes(runtime: TorchRuntime, tmp_path: Path) -> None:
    first = put(tmp_path, still(runtime, 0.2))
    put(tmp_path, still(runtime, 0.6), "second")
    identities = Identities(runtime, tmp_path)
    assert identities.library.styles[2, -1] == np.float32(0.2)
    first.unlink()
    assert identities.look()
    assert identities.library.styles[2, -1] == np.float32(0.6)


def test_a_file_that_comes_changes_breaks_and_goes_is_noticed(
    runtime: TorchRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    identities = Identities(runtime, tmp_path / "new")
    before = identities.library

    def told() -> list[str]:
        lines = [each.getMessage().partition(" (")[0] for each in caplog.records if each.levelno == logging.INFO]
        caplog.clear()
        return lines

    path = put(tmp_path / "new", still(runtime, 0.2))
    assert identities.look()
    assert told() == ["identity carla: added"]
    assert before.names == ("alma", "bruno")  # a value
    put(tmp_path / "new", still(runtime, 0.6))  # as large, and within the same second
    assert identities.look()
    assert told() == ["identity carla: changed"]
    assert identities.library.styles[2, -1] == np.float32(0.6)
    path.write_bytes(path.read_bytes()[:-9])
    assert identities.look()
    assert told() == ["identity carla: removed"]
    assert identities.library.names == ("alma", "bruno")
    put(tmp_path / "new", still(runtime, 0.6))
    assert identities.look()
    path.unlink()
    assert identities.look()
    assert told() == ["identity carla: added", "identity carla: removed"]
    (tmp_path / "new").rmdir()
    assert not identities.look()


def test_a_folder_that_is_none_is_told_once(
    runtime: TorchRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    identities = Identities(runtime, tmp_path / "file")
    assert not identities.look()
    (line,) = caplog.messages
    assert line.startswith(f"{tmp_path / 'file'}: the folder of identities cannot be read: ")
    (tmp_path / "file").unlink()
    assert identities.look()
    assert len(caplog.messages) == 1


def test_an_identity_that_nests_too_deep_is_broken_like_any_other(runtime: TorchRuntime, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / f"deep{SUFFIX}"
    save_file({"scale": np.zeros(1, np.float32)}, path, metadata={"facewire-identity": "[" * 30_000})
    with pytest.raises(FacewireError, match="not an identity file"):
        identity_file.read(path)


def live(runtime: TorchRuntime, config: DaemonConfig, samples: Samples, folder: Path, size: int) -> np.ndarray:
    settings, library = LiveSettings(config), Identities(runtime, folder).library
    settings.library = library
    motions = animate(runtime, begin(runtime, config, library), chunks_of(samples, size), settings, Metrics())
    return np.concatenate([motion.weights for motion in motions])


@pytest.mark.parametrize("name", ["auto", "carla"])
def test_live_is_offline_with_half_of_an_identity(
    taught: TorchRuntime, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    put(tmp_path, carla(taught, voice=np.eye(4, dtype=np.float32)[0]))  # she is as bright as Bruno, who came before
    config = DaemonConfig(identity=name, style=0.5)
    library = Identities(taught, tmp_path).library
    whole = perform(taught, SPOKEN, config, library=library).weights
    for size in (160, 7_001):
        np.testing.assert_allclose(live(taught, config, SPOKEN, tmp_path, size), whole, atol=1e-5)
    if name == "auto":
        assert caplog.messages[:2] == ["identity auto: now alma"] * 2  # once for each
    for style in (0.0, 1.0):
        other = perform(taught, SPOKEN, config.model_copy(update={"style": style}), library=library).weights
        assert np.abs(other - whole)[-30:].max() > 1e-3


def test_the_log_tells_whose_voice_it_is_when_that_changes(
    taught: TorchRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    metrics, found = Metrics(), list[str | None]()
    settings = LiveSettings(DaemonConfig(identity="auto"))
    speech = np.concatenate([SPOKEN, test_voices.BRIGHT, test_voices.SILENCE])
    for _ in animate(taught, begin(taught, settings.now), chunks_of(speech, HOP), settings, metrics):
        found.append(metrics.speaking)
    assert list(dict.fromkeys(found)) == [None, "alma", "bruno"]
    assert caplog.messages == ["identity auto: now alma", "identity auto: now bruno"]


@pytest.mark.parametrize(
    ("identity", "change", "carlas_share"),
    [(None, {"identity": "carla"}, (0, 1)), ("carla", {"style": 0.5}, (1, 0.5)), ("carla", {"identity": None}, (1, 0))],
)
def test_a_change_through_the_page_fades_and_drops_no_frame(
    runtime: TorchRuntime,
    tmp_path: Path,
    identity: str | None,
    change: dict[str, object],
    carlas_share: tuple[float, ...],
) -> None:
    put(tmp_path, still(runtime, 0.3))
    config = DaemonConfig(gate_db=None, preview_port=0, takes=tmp_path, identity=identity)
    samples = sound(32_000)
    settings, library = LiveSettings(config, tmp_path / "config.yaml"), Identities(runtime, tmp_path).library
    settings.library = library
    settings.check = lambda changed: begin(runtime, changed, library)

    async def ask(url: str) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}ws") as page:
            await page.send_str(json.dumps({"set": change}))
            for _ in range(100):
                if settings.version:
                    return
                await asyncio.sleep(0.05)

    with closing(Preview(settings)) as preview:
        before = 0

        def chunks() -> Iterator[AudioChunk]:
            nonlocal before
            for chunk in chunks_of(samples, HOP):
                if chunk.start == 10 * HOP:
                    before = len(motions)
                    asyncio.run(ask(preview.url))
                yield chunk

        motions = []
        for motion in animate(runtime, begin(runtime, config, library), chunks(), settings, Metrics()):
            motions.append(motion)
    assert settings.version == 1
    assert [motion.first for motion in motions] == list(range(0, 60, 3))
    plain = perform(runtime, samples, DaemonConfig(gate_db=None)).weights.reshape(20, 3, 52)
    share = np.interp(np.arange(20) - before + 1, [0, 5], carlas_share)[:, None, None]
    assert 0 < before < 14
    expected = plain * (1 - share) + 0.3 * share
    np.testing.assert_allclose([motion.weights for motion in motions], expected, atol=1e-5)


def test_a_change_before_the_first_sound_is_in_force_with_it(runtime: TorchRuntime) -> None:
    """While the model warms up, pages can change settings already."""
    settings = LiveSettings(DaemonConfig())
    state = begin(runtime, settings.now)
    settings.change({"liveliness": 0.0, "lookahead_ms": 0})
    motions = list(animate(runtime, state, chunks_of(sound(8_000), HOP), settings, Metrics()))
    np.testing.assert_allclose(
        np.concatenate([motion.weights for motion in motions]),
        perform(runtime, sound(8_000), settings.now).weights,
        atol=1e-5,
    )


class Speaker:
    """A source that speaks until it is done."""

    name, rate_hz, latency_ms = "fake", 16_000, 0.0

    def __init__(self) -> None:
        self.done = Event()

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        pieces = takewhile(lambda _: not self.done.is_set(), cycle(files.cut(sound(32_000))))
        files.play(pieces, chunks, stop, app.SYSTEM)


class Page:
    """A page that keeps what it is told."""

    url = "http://127.0.0.1:1/"
    spec = SinkSpec("preview", "127.0.0.1", 1, None, 0)

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.hello: dict[str, object] = {}
        self.status: dict[str, object] = {}
        self.said: list[str] = []
        self.face = np.zeros(52)

    def introduce(self, hello: dict[str, object]) -> None:
        self.hello |= hello

    def tell(self, status: dict[str, object]) -> None:
        self.status = status

    def send(self, frame: Frame) -> None:
        self.face = frame.weights

    def say(self, text: str) -> None:
        self.said.append(text)

    def close(self) -> None:
        pass


def until(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.fixture
def on_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The whole program, running, with its folder of identities `there`."""
    save(tiny_model(), tmp_path / "tiny.safetensors", {})
    speaker, opened = Speaker(), list[Page]()

    def open_page(settings: LiveSettings) -> Page:
        opened.append(Page(settings))
        return opened[0]

    monkeypatch.setattr(app, "Preview", open_page)
    monkeypatch.setattr(app, "open_source", lambda *arguments: speaker)
    monkeypatch.setattr(app, "LOOK_EVERY_S", 0.0)
    config = DaemonConfig(
        checkpoint=tmp_path / "tiny.safetensors", sinks=("vmc://127.0.0.1:9",), takes=tmp_path, gate_db=None,
        identities=tmp_path / "there",
    )  # fmt: skip
    failed = list[FacewireError]()

    def run() -> None:
        try:
            app.run(config, lambda text: None)
        except FacewireError as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        until(lambda: failed or (opened and opened[0].hello.get("phase") == "live"))
        yield opened[0]
    finally:
        speaker.done.set()
        thread.join()
    assert not failed


@pytest.mark.slow
def test_a_running_program_follows_its_folder(
    on_air: Page, runtime: TorchRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page, there = on_air, tmp_path / "there"

    def rests_at(level: float) -> bool:
        return bool(np.abs(page.face - level).max() < 1e-3)

    assert page.hello["identities"] == ("alma", "bruno")
    assert page.hello["floor"] == 0.5
    with pytest.raises(FacewireError, match=r"neither this checkpoint .* alma, bruno, unknown"):
        page.settings.change({"identity": "carla"})
    path = put(there, still(runtime, 0.3))  # a new one
    until(lambda: page.hello["identities"] == ("alma", "bruno", "carla"))
    page.settings.change({"identity": "carla"})
    until(lambda: rests_at(0.3))
    assert page.status["speaking"] == page.status["identity"] == "carla"
    put(there, still(runtime, 0.7))  # changed
    until(lambda: rests_at(0.7))
    (tmp_path / "broken").write_text("broken", encoding="utf-8")
    (tmp_path / "broken").replace(path)  # in one go: an empty file would be another broken one
    until(lambda: page.settings.now.identity is None)
    until(lambda: not rests_at(0.7) and page.face.any())
    assert page.said == ["identity carla is there no more: the mean of all from now on"]
    put(there, still(runtime, 0.5))
    until(lambda: "carla" in str(page.hello["identities"]))
    page.settings.change({"identity": "carla"})
    until(lambda: rests_at(0.5))
    path.unlink()  # gone
    until(lambda: page.settings.now.identity is None)
    until(lambda: not rests_at(0.5) and page.face.any())
    assert page.hello["identities"] == ("alma", "bruno")
    assert len([line for line in caplog.messages if "not an identity file" in line]) == 1


def test_an_identity_that_is_gone_before_the_settings_know_is_unknown(runtime: TorchRuntime, tmp_path: Path) -> None:
    """A page may have chosen it in the same moment."""
    put(tmp_path, still(runtime, 0.3))
    config = DaemonConfig(identity="carla", gate_db=None)
    settings, library = LiveSettings(config), Identities(runtime, tmp_path).library
    settings.library = library

    def chunks() -> Iterator[AudioChunk]:
        for chunk in chunks_of(sound(32_000), HOP):
            if chunk.start == 5 * HOP:
                settings.library = runtime.library
            yield chunk

    faces = np.concatenate(
        [each.weights for each in animate(runtime, begin(runtime, config, library), chunks(), settings, Metrics())]
    )
    assert np.ptp(faces[0]) == 0
    plain = perform(runtime, sound(32_000), DaemonConfig(gate_db=None)).weights
    np.testing.assert_allclose(faces[-9:], plain[-9:], atol=1e-5)
