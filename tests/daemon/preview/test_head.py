import base64
import http.server
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.preview import head
from model import ict
from model.ict import PARTS, FaceKit
from protocols.blendshapes import NAMES
from protocols.errors import FacewireError
from tests.model.test_ict import REAL, write_kit
from tests.peers.browser import browser

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = Path(head.__file__).parent / "page"


@pytest.fixture(scope="module")
def kit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_kit(tmp_path_factory.mktemp("kit") / "ICT-FaceKit")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(head, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache"


@cache
def real() -> tuple[FaceKit, bytes]:
    if not REAL.is_file():
        pytest.skip("no ICT-FaceKit in ../shared/data")
    kit = ict.read(REAL)
    return kit, head.bake(kit)


def unpack(baked: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Reads what the module's docstring says, and nothing else."""
    length = int.from_bytes(baked[:4], "little")
    header = json.loads(baked[4 : 4 + length])
    body = baked[4 + length :]
    return header, {
        name: np.frombuffer(body, place["type"], int(np.prod(place["shape"])), place["offset"]).reshape(place["shape"])
        for name, place in header["arrays"].items()
    }


def test_the_baked_head_moves_like_the_kit() -> None:
    kit, baked = real()
    header, arrays = unpack(baked)
    assert (header["format"], header["names"]) == (head.FORMAT, list(NAMES))
    weights = np.random.default_rng(3).uniform(0, 1, 52).astype(np.float32)
    moved = arrays["position"].copy()
    for shape, weight in enumerate(weights):
        part = slice(*arrays["delta_start"][shape : shape + 2])
        moved[arrays["delta_vertex"][part]] += weight * arrays["delta_scale"][shape] * arrays["delta"][part]
    whole = kit.neutral + np.tensordot(weights, kit.displacements, 1)
    seen = PARTS["face"]  # comes first and keeps its order
    np.testing.assert_allclose(moved[seen], whole[seen], atol=52 * 0.005)
    assert np.abs(moved[seen] - whole[seen]).mean() < 0.01
    np.testing.assert_array_equal(header["landmarks"], kit.landmarks)


def test_the_baked_head_is_whole_and_small() -> None:
    kit, baked = real()
    header, arrays = unpack(baked)
    assert len(baked) < 4_000_000
    assert arrays["index"].max() < len(arrays["position"])
    spans = sorted(header["parts"].values())
    assert [begin + count for begin, count in spans] == [*(begin for begin, _ in spans[1:]), arrays["index"].size]
    assert set(header["parts"]) == {"skin", "mouth", "teeth", "eye_right", "eye_left", "lashes"}
    left_out = {*range(PARTS["lacrimal_left"].start, PARTS["eye_occlusion_right"].stop)}
    drawn = sum(not left_out & set(face) for face in kit.faces.tolist())
    irises = sum(all(_in_iris(index) for index in face) for face in kit.faces.tolist())
    assert arrays["index"].size == 3 * (drawn - irises)


def _in_iris(index: int) -> bool:
    return any(PARTS[name].start <= index < PARTS[name].stop for name in ("iris_left", "iris_right"))


def test_light_reaches_the_brow_and_not_the_throat() -> None:
    _, baked = real()
    header, arrays = unpack(baked)
    shut, dropped = arrays["light"].T.astype(float) / 255
    brow, tongue = header["landmarks"][27], _vertices(header, arrays, "mouth")[-200:]
    assert shut[brow] > 0.6
    assert shut[tongue].mean() < 0.05
    assert dropped[tongue].mean() > 2 * shut[tongue].mean()


def test_eyes_look_straight_ahead() -> None:
    _, baked = real()
    header, arrays = unpack(baked)
    for part, centre, sign in zip(("eye_right", "eye_left"), header["eyes"], (-1, 1), strict=True):
        eye = arrays["position"][_vertices(header, arrays, part)] - centre
        turned = np.stack([eye[:, 0], eye[:, 2]], axis=1)[eye[:, 2] > 1.6]
        assert abs(turned[:, 0].max() + turned[:, 0].min()) < 0.06, "the cornea bulges in the middle"
        assert sign * centre[0] > 2


def _vertices(header: dict[str, Any], arrays: dict[str, NDArray[Any]], part: str) -> NDArray[Any]:
    begin, count = header["parts"][part]
    return np.unique(arrays["index"].ravel()[begin : begin + count])


def test_a_kit_is_baked_once(kit_folder: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "bake", lambda kit: b"baked %d" % len(kit.faces))
    assert head.head_bytes(kit_folder) == b"baked 3"
    with monkeypatch.context() as patched:
        patched.setattr(ict, "read", lambda path: pytest.fail("read again"))
        assert head.head_bytes(kit_folder) == b"baked 3"
        for broken in (b"", b"\x00" * 40, b"baked 3"):
            next(cache_folder.iterdir()).write_bytes(broken)
            with pytest.raises(pytest.fail.Exception, match="read again"):
                head.head_bytes(kit_folder)
    assert head.head_bytes(kit_folder) == b"baked 3"
    assert len(list(cache_folder.iterdir())) == 1, "and nothing temporary is left"


def test_another_kit_and_another_format_are_baked_anew(
    kit_folder: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "bake", lambda kit: b"first")
    head.head_bytes(kit_folder)
    monkeypatch.setattr(head, "bake", lambda kit: b"second")
    file = kit_folder / "FaceXModel" / "jawOpen.obj"
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))
    assert head.head_bytes(kit_folder) == b"second"
    monkeypatch.setattr(head, "bake", lambda kit: b"third")
    monkeypatch.setattr(head, "FORMAT", head.FORMAT + 1)
    assert head.head_bytes(kit_folder) == b"third"


def test_without_a_place_for_the_cache_it_bakes_each_time(
    kit_folder: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_folder.write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(head, "bake", lambda kit: b"baked")
    assert head.head_bytes(kit_folder) == head.head_bytes(kit_folder) == b"baked"


def test_a_missing_kit_is_said(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="nowhere"):
        head.head_bytes(tmp_path / "nowhere")


class Files(http.server.BaseHTTPRequestHandler):
    """The page's files and the baked head, as the daemon serves them."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        if path == "/":
            content = b"<!doctype html><link rel=icon href='data:,'><canvas></canvas>"
        elif path == "/head.bin":
            content = real()[1] if query == "token=a%26b" else b""
        else:
            content = (PAGE / path.removeprefix("/static/")).read_bytes()
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content or b"no head is set")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator["Page"]:
    real()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    Thread(target=server.serve_forever, daemon=True).start()
    with browser(webgl=True) as running:
        page = running.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/?token=a%26b")
        yield page
    server.shutdown()
    server.server_close()


OPEN = """async () => {
  const { createFace } = await import("/static/head/face.js");
  const canvas = document.querySelector("canvas");
  window.face = await createFace(canvas);
  face.resize(80, 80, 2);
  const flat = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  flat.canvas.width = flat.canvas.height = 160;
  window.draw = (weights, pose) => {
    face.draw(Float32Array.from(weights), { yaw: 0, pitch: 0, roll: 0, x: 0, y: 0, z: 0, ...pose });
    flat.drawImage(canvas, 0, 0);
    const pixels = flat.getImageData(0, 0, 160, 160).data;
    return btoa(Array.from(pixels, (value) => String.fromCharCode(value)).join(""));
  };
}"""


def drawn(page: "Page", pose: dict[str, float] | None = None, **weights: float) -> NDArray[np.float64]:
    """The picture (160, 160, 3) 0..1."""
    values = [weights.get(name, 0.0) for name in NAMES]
    pixels = page.evaluate("([weights, pose]) => draw(weights, pose)", [values, pose or {}])
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(160, 160, 4)[:, :, :3] / 255


def test_every_shape_shows_on_the_page(page: "Page") -> None:
    page.evaluate(OPEN)
    rest = drawn(page)
    assert rest[80, 80].mean() > 2 * rest[4, 4].mean() > 0, "a face before a dark ground"
    np.testing.assert_array_equal(rest, drawn(page))
    for name in NAMES:
        changed = np.abs(drawn(page, **{name: 1.0}) - rest).max(axis=2) > 0.1
        assert changed.sum() > 8, name
        column = np.nonzero(changed)[1].mean()
        if name.endswith("Left") and not name.startswith(("jaw", "mouthLeft")):
            assert column > 80, f"{name} is on the viewer's right"
        if name.endswith("Right") and not name.startswith(("jaw", "mouthRight")):
            assert column < 80, f"{name} is on the viewer's left"
    np.testing.assert_array_equal(rest, drawn(page), "and it comes back to rest")


def test_the_head_turns_as_the_pose_says(page: "Page") -> None:
    page.evaluate(OPEN)
    rows, columns = np.mgrid[:160, :160]
    lips = {}
    poses: dict[str, dict[str, float]] = {"rest": {}, "yaw": {"yaw": 0.4}, "pitch": {"pitch": 0.3}}
    poses |= {"aside": {"x": 0.02}, "raised": {"y": 0.02}}
    for name, pose in poses.items():
        change = np.abs(drawn(page, pose, jawOpen=0.6) - drawn(page, pose)).sum(axis=2)
        lips[name] = ((change * columns).sum() / change.sum(), (change * rows).sum() / change.sum())
    assert lips["yaw"][0] > lips["rest"][0] + 6, "to its own left, the viewer's right"
    assert lips["pitch"][1] < lips["rest"][1] - 3, "up"
    assert lips["aside"][0] > lips["rest"][0] + 4, "to the viewer's right"
    assert lips["raised"][1] < lips["rest"][1] - 4, "up"
    for roll in (0.3, -0.3):
        crown = drawn(page, {"roll": roll})[14:24].sum(axis=(0, 2))
        assert (crown[86:].sum() > crown[:74].sum()) == (roll > 0), "tilted to its own left"


def test_no_head_is_said(page: "Page") -> None:
    failed = """async (url) => {
      history.replaceState(null, "", url);
      const { createFace } = await import("/static/head/face.js");
      return createFace(document.createElement("canvas")).then(() => "drawn", (error) => error.message);
    }"""
    assert page.evaluate(failed, "/") == "no realistic head: no head is set"
    page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    assert "WebGL 2" in page.evaluate(failed, "/?token=a%26b")
