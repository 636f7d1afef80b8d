"""Which runtime computes the face, and what is kept of its preparation."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.animate import exports, face
from daemon.animate.exports import cache_folder
from daemon.animate.face import open_face
from daemon.animate.offline import perform
from daemon.settings.config import DaemonConfig, RuntimeChoice
from model import checkpoint as checkpoints
from model import onnx_export
from model.encoder import pretrained
from model.face import FaceModel
from model.onnx_folder import DENOISER, ENCODER, FACE
from model.onnx_session import NoOnnxError
from model.windows import Samples
from protocols.errors import FacewireError
from tests.daemon.sounds import sound
from tests.model.tiny import tiny_hubert, tiny_model, without_graphs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SAMPLES = sound(20_000)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty, here and in processes that are started."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(exports, "user_cache_path", lambda *_, **__: tmp_path / "cache" / "facewire")
    return tmp_path / "cache" / "facewire"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """One of format 7, which carries no graphs."""
    path = tmp_path / "tiny.safetensors"
    checkpoints.save(tiny_model(), path, {})
    return without_graphs(path)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were exported to."""
    real, seen = onnx_export.export, []

    def noted(model: FaceModel, folder: Path, *, int8: Samples | None) -> object:
        seen.append(folder)
        return real(model, folder, int8=int8)

    monkeypatch.setattr(onnx_export, "export", noted)
    return seen


def test_a_checkpoint_is_prepared_once_and_the_face_is_torchs(checkpoint: Path, exported: list[Path]) -> None:
    faces = [perform(open_face(checkpoint, None), SAMPLES, DaemonConfig()).weights for _ in range(2)]
    assert exported == [cache_folder(checkpoint, None)]
    by_torch = open_face(checkpoint, None, RuntimeChoice.TORCH)
    assert by_torch.name == "torch"
    np.testing.assert_array_equal(faces[0], faces[1])
    np.testing.assert_allclose(faces[0], perform(by_torch, SAMPLES, DaemonConfig()).weights, rtol=0, atol=1e-5)


def test_8_bits_are_another_export_that_is_kept_beside(checkpoint: Path, exported: list[Path]) -> None:
    for _ in range(2):
        assert open_face(checkpoint, None, RuntimeChoice.ONNX_INT8).name == "onnx-int8"
        assert open_face(checkpoint, None).name == "onnx"
    assert exported == [cache_folder(checkpoint, None, int8=int8) for int8 in (True, False)]


@pytest.mark.parametrize("name", [ENCODER, DENOISER, FACE])
def test_what_is_broken_in_the_cache_is_made_anew(checkpoint: Path, exported: list[Path], name: str) -> None:
    open_face(checkpoint, None)
    file = cache_folder(checkpoint, None) / name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert open_face(checkpoint, None).name == "onnx"
    assert len(exported) == 2
    assert len(file.read_bytes()) == len(whole)


def test_another_checkpoint_or_format_or_encoder_is_another_export(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cache_folder(checkpoint, None)
    assert cache_folder(checkpoint, "hubert") != first
    assert cache_folder(checkpoint, None, int8=True) != first
    monkeypatch.setattr(exports, "FORMAT", 0)
    assert cache_folder(checkpoint, None) != first
    monkeypatch.undo()
    checkpoints.save(tiny_model(seed=1), checkpoint, {})
    assert cache_folder(checkpoint, None) != first


def test_a_wrong_encoder_is_refused_though_the_right_one_was_prepared(tmp_path: Path) -> None:
    for seed in (1, 2):
        tiny_hubert(seed).save_pretrained(tmp_path / f"hubert{seed}")
    path = tmp_path / "face.safetensors"
    checkpoints.save(tiny_model(encoder=pretrained(tmp_path / "hubert1")), path, {})
    assert open_face(path, None).name == open_face(path, str(tmp_path / "hubert1")).name == "onnx"
    assert open_face(path, None, RuntimeChoice.ONNX_INT8).name == "onnx-int8"
    with pytest.raises(FacewireError, match=r"it wants .*hubert1"):
        open_face(path, str(tmp_path / "hubert2"))


def test_where_onnx_cannot_be_torch_computes_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = tmp_path / "never-seen.safetensors"  # one that is not in the cache
    checkpoints.save(tiny_model(), checkpoint, {"of": str(tmp_path)})
    without_graphs(checkpoint)

    def without_onnx() -> Iterator[str]:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        yield "pip install onnxruntime"
        monkeypatch.undo()
        monkeypatch.setattr(onnx_export, "find_spec", lambda name: None)
        yield "by the package onnx"
        monkeypatch.undo()
        in_the_way = checkpoint.with_name("file")
        in_the_way.touch()
        monkeypatch.setattr(exports, "user_cache_path", lambda *_, **__: in_the_way)
        yield "cannot be written"

    caplog.set_level(logging.WARNING)
    for reason in without_onnx():
        caplog.clear()
        assert face.open_face(checkpoint, None).name == "torch"
        assert reason in caplog.text
        with pytest.raises(NoOnnxError, match=reason):
            open_face(checkpoint, None, RuntimeChoice.ONNX)


def test_a_checkpoint_that_is_none_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no such checkpoint"):
        open_face(tmp_path / "none.safetensors", None)


def facewire(*arguments: object) -> str:
    code = (
        "import sys; from daemon.commands.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_what_is_prepared_runs_without_torch(checkpoint: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SAMPLES, 16_000)
    said = facewire("export-onnx", checkpoint)
    assert f"{cache_folder(checkpoint, None)}: differs from torch's face by " in said
    options = ["render", tmp_path / "a.wav", "--out", tmp_path / "a.csv", "--checkpoint", checkpoint]
    assert facewire(*options).endswith("False\n")
    assert facewire(*options, "--runtime", "torch").endswith("True\n")
    assert facewire("verify", tmp_path / "a.wav", "--checkpoint", checkpoint).endswith("False\n")
    assert facewire("export-onnx", checkpoint, "--out", tmp_path / "mine").endswith("True\n")
    assert {file.name for file in (tmp_path / "mine").iterdir()} == {ENCODER, DENOISER, FACE}
