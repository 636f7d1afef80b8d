import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model import checkpoint, stream, timbre
from model.encoder import pretrained
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert, tiny_model

SOUND = np.sin(np.arange(16_000, dtype=np.float32) / 9)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "face.safetensors"
    checkpoint.save(tiny_model(), path, {"data": "noise"})
    return path


def face_of(model: FaceModel) -> np.ndarray:
    return stream.render(TorchRuntime(model), SOUND).weights


def rewrite(path: Path, head: dict[str, object]) -> None:
    save_file(load_file(path), path, metadata={"facewire": json.dumps(head)})


def test_a_loaded_model_makes_the_same_face(saved: Path) -> None:
    loaded = checkpoint.load(saved)
    assert not loaded.training
    np.testing.assert_array_equal(face_of(loaded), face_of(tiny_model()))
    assert checkpoint.header(saved)["provenance"] == {"data": "noise"}
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_missing_and_truncated_files_say_so(saved: Path) -> None:
    with pytest.raises(FacewireError, match="no such checkpoint"):
        checkpoint.load(saved.with_name("other"))
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(FacewireError, match="not a whole safetensors file"):
        checkpoint.load(saved)
    saved.write_bytes(b"hello")
    with pytest.raises(FacewireError, match="not a whole safetensors file"):
        checkpoint.header(saved)


def test_a_strange_safetensors_file_is_refused(saved: Path) -> None:
    save_file({"x": torch.zeros(1)}, saved)
    with pytest.raises(FacewireError, match="not a facewire checkpoint"):
        checkpoint.load(saved)


def test_a_header_or_weights_that_do_not_fit_are_refused(saved: Path) -> None:
    head = checkpoint.header(saved)
    rewrite(saved, head | {"config": head["config"] | {"hidden": 25}})
    with pytest.raises(FacewireError, match="do not fit"):
        checkpoint.load(saved)
    rewrite(saved, head | {"config": head["config"] | {"stepz": 4}})
    with pytest.raises(FacewireError, match="stepz"):
        checkpoint.load(saved)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    model = tiny_model()
    model.denoiser.regions[0].out.bias[3] = torch.nan
    checkpoint.save(model, tmp_path / "nan", {})
    with pytest.raises(FacewireError, match=r"denoiser\.regions\.0\.out\.bias"):
        checkpoint.load(tmp_path / "nan")


@pytest.mark.parametrize(("newer", "hint"), [(1, "update facewire"), (-7, "fetch or train it again")])
def test_other_formats_are_refused(saved: Path, newer: int, hint: str) -> None:
    rewrite(saved, checkpoint.header(saved) | {"format": checkpoint.FORMAT + newer})
    with pytest.raises(FacewireError, match=hint):
        checkpoint.load(saved)


def test_what_format_4_knew_of_voices_it_still_knows(saved: Path) -> None:
    """Its projection saw the two layers of 16 alone."""
    tensors, new = load_file(saved), checkpoint.load(saved)
    layers = np.r_[:32, 32 + timbre.WIDTH : 64 + timbre.WIDTH]
    for name in ("voice.mean", "voice.std", "voice.matrix"):
        tensors[name] = tensors[name][..., layers].contiguous()
    save_file(tensors, saved, metadata={"facewire": json.dumps(checkpoint.header(saved) | {"format": 4})})
    old = TorchRuntime(checkpoint.load(saved)).projection
    assert old
    assert new.voice
    pooled = np.random.default_rng(0).standard_normal((3, len(old.mean))).astype(np.float32)
    unit = pooled[:, layers] @ new.voice.matrix.numpy()[:, layers].T
    np.testing.assert_allclose(old(pooled), unit / np.linalg.norm(unit, axis=1, keepdims=True), atol=1e-5)


def test_faces_of_format_5_stay_as_they_were(saved: Path) -> None:
    tensors = {name: value for name, value in load_file(saved).items() if name[-5:] not in ("scale", "ffset")}
    assert len(tensors) == len(load_file(saved)) - 2
    save_file(tensors, saved, metadata={"facewire": json.dumps(checkpoint.header(saved) | {"format": 5})})
    np.testing.assert_array_equal(face_of(checkpoint.load(saved)), face_of(tiny_model()))


def test_an_encoder_beside_the_checkpoint_must_be_the_right_one(tmp_path: Path) -> None:
    for seed in (1, 2):
        tiny_hubert(seed).save_pretrained(tmp_path / f"hubert{seed}")
    model = tiny_model(encoder=pretrained(tmp_path / "hubert1"))
    path = tmp_path / "face.safetensors"
    checkpoint.save(model, path, {})
    assert not any(name.startswith("encoder.") for name in load_file(path))
    np.testing.assert_array_equal(face_of(checkpoint.load(path)), face_of(model))
    checkpoint.load(path, encoder=tmp_path / "hubert1")
    with pytest.raises(FacewireError, match=r"it wants .*hubert1"):
        checkpoint.load(path, encoder=tmp_path / "hubert2")


def test_a_missing_encoder_names_the_command_that_fetches_it() -> None:
    with pytest.raises(FacewireError, match="hf download facebook/hubert-base-ls960 --revision dba3bb02"):
        pretrained("facebook/hubert-base-ls960")
