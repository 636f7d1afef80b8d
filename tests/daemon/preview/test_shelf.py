import asyncio
import base64
import json
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import soundfile

from daemon.preview import shelf as module
from daemon.preview.server import Preview
from daemon.preview.shelf import Shelf
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.takes import Take
from tests.model.posed import poses_at

TAKE = Take(np.random.default_rng(0).uniform(0, 1, (40, 52)).astype(np.float32), Fraction(30), poses_at(range(40)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Takes b, a, c from newest to oldest; c has sound."""
    folder = tmp_path / "takes"
    folder.mkdir()
    for age, name in enumerate(("b.npz", "a.json", "c.npz")):
        takes.write(folder / name, TAKE)
        os.utime(folder / name, (1_000_000 - age, 1_000_000 - age))
    soundfile.write(folder / "c.wav", np.zeros(1600), 16_000)
    (folder / ".hidden.csv").write_text("", encoding="utf-8")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    (folder / "folder.csv").mkdir()
    return folder


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    preview = Preview(LiveSettings(DaemonConfig(preview_port=0, takes=folder)))
    yield preview.url
    preview.close()


def asked(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
    """Status, kind and body of an answer."""

    async def ask() -> tuple[int, str, bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.request("GET" if data is None else "POST", url, data=data, headers=headers) as response,
        ):
            return response.status, response.content_type, await response.read()

    return asyncio.run(ask())


def numbers_of(answer: bytes) -> np.ndarray:
    take = json.loads(answer)
    return np.frombuffer(base64.b64decode(take["numbers"]), "<f4").reshape(take["frames"], 62)


def test_takes_are_listed_newest_first(url: str) -> None:
    assert asked(url + "takes") == (200, "application/json", b'{"takes": ["b.npz", "a.json", "c.npz"]}')


def test_no_folder_no_takes(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "none").contents() == {}


def test_a_take_is_given_with_its_weights_and_its_pose(url: str) -> None:
    status, kind, answer = asked(url + "takes/c.npz")
    assert (status, kind) == (200, "application/json")
    assert {key: value for key, value in json.loads(answer).items() if key != "numbers"} == {
        "name": "c.npz",
        "fps": 30.0,
        "frames": 40,
    }
    np.testing.assert_array_equal(numbers_of(answer), np.concatenate([TAKE.weights, TAKE.poses], 1))


@pytest.mark.parametrize("name", ["none.csv", "notes.txt", ".hidden.csv", "folder.csv", "c.wav"])
def test_only_takes_are_given(name: str, url: str) -> None:
    assert asked(f"{url}takes/{name}")[0] == 404
    assert asked(f"{url}takes/{name}/sound")[0] == 404


def test_sound_beside_a_take_is_given_and_can_be_sought_in(url: str, folder: Path) -> None:
    assert asked(url + "takes/c.npz/sound") == (200, "audio/wav", (folder / "c.wav").read_bytes())
    part = asked(url + "takes/c.npz/sound", headers={"Range": "bytes=8-11"})
    assert part == (206, "audio/wav", b"WAVE")
    assert asked(url + "takes/b.npz/sound")[0] == 204


@pytest.mark.parametrize("suffix", ["csv", "json", "npz"])
def test_an_upload_comes_back_as_a_take(suffix: str, url: str, folder: Path, tmp_path: Path) -> None:
    takes.write(tmp_path / f"x.{suffix}", TAKE)
    data = (tmp_path / f"x.{suffix}").read_bytes()
    status, kind, answer = asked(f"{url}take?name=My%20Take.{suffix.upper()}", data)
    assert (status, kind, json.loads(answer)["name"]) == (200, "application/json", f"My Take.{suffix.upper()}")
    take = takes.read(tmp_path / f"x.{suffix}")
    np.testing.assert_array_equal(numbers_of(answer), np.concatenate([take.weights, take.poses], 1))
    assert take.poses[:, :3].any(axis=0).all()
    assert asked(url + "takes")[2] == b'{"takes": ["b.npz", "a.json", "c.npz"]}'  # it is not kept


@pytest.mark.parametrize(
    ("query", "data", "told"),
    [
        ("?name=x.csv", b"", "x.csv"),
        ("?name=x.csv", b"\xff\xfe\x00nonsense", "x.csv"),
        ("?name=x.json", b"[" * 100_000, "x.json: not a take"),
        ("?name=x.json", b'{"names": ["jawOpen"], "frames": []}', "x.json"),
        ("?name=x.npz", b"PK\x03\x04 broken", "x.npz: not an npz"),
        ("?name=x.npz", b"\x80\x04\x95", "x.npz: not an npz"),
        ("?name=x.exe", b"", "x.exe: must end in .csv"),
        ("?name=../../etc/passwd", b"", "passwd: must end in"),
        ("?name=..%2F..%2Fy.npz", b"", "y.npz: not an npz"),
        ("?name=%00.npz", b"", "must end in"),
        ("?name=", b"", "without a name"),
        ("", b"", "without a name"),
    ],
)
def test_a_broken_upload_is_told_by_its_name(query: str, data: bytes, told: str, url: str, tmp_path: Path) -> None:
    status, kind, answer = asked(f"{url}take{query}", data)
    assert (status, kind) == (400, "text/plain")
    assert told in answer.decode()
    assert "upload" not in answer.decode()
    assert "Traceback" not in answer.decode()


def test_an_upload_has_its_limit(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLOAD_BYTES", 300_000)
    status, _, told = asked(url + "take?name=x.csv", b"x" * 300_001)
    assert status == 413
    assert b"64 MiB" in told


def test_takes_that_are_named_come_first_each_once(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.npz"
    takes.write(other, TAKE)
    shelf = Shelf(folder, [folder / "c.npz", other, other])
    assert list(shelf.contents()) == ["c.npz", "b.npz", "b (2).npz", "b (3).npz", "a.json"]
    assert shelf.contents()["b.npz"] == other
    assert shelf.contents()["b (3).npz"] == folder / "b.npz"
    assert shelf.sound("c.npz") == folder / "c.wav"


def test_a_given_sound_goes_with_the_takes_that_are_named(folder: Path, tmp_path: Path) -> None:
    shelf = Shelf(folder, [folder / "a.json"], tmp_path / "talk.flac")
    assert shelf.sound("a.json") == tmp_path / "talk.flac"
    assert shelf.sound("c.npz") == folder / "c.wav"
    assert shelf.sound("b.npz") is None
