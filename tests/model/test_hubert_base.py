"""A face with a HuBERT outside the checkpoint, in both runtimes: small, of hubert-base's size, and with real weights.

The environment variable FACEWIRE_HUBERT names the folder of the real weights: any `transformers.HubertModel` with a
stride of 320.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from model import checkpoint, stream
from model.audio import read_audio
from model.encoder import pretrained
from model.onnx_export import INT8_LIMIT, export, feature_difference
from model.onnx_folder import ENCODER
from model.onnx_graphs import write_encoder
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import onnxruntime
from model.runtime import Runtime
from model.torch_runtime import TorchRuntime
from model.windower import Windower, windows_of
from tests.model.test_encoder import base_like
from tests.model.test_shipped import DEMO
from tests.model.tiny import tiny_model

pytestmark = pytest.mark.slow

LIMIT: Final = 1e-3
"""Of features, whose size is about 1."""
LAW: Final = 1e-5
REAL: Final = "FACEWIRE_HUBERT"
SPEECH: Final = read_audio(DEMO)[:16_000]


def full_size() -> HubertModel:
    """hubert-base's shape, drawn at random: speed and agreement do not ask what weights are worth."""
    torch.manual_seed(0)
    return HubertModel(HubertConfig())


@dataclass(frozen=True)
class Three:
    """One face by three runtimes."""

    torch: TorchRuntime
    onnx: OnnxRuntime
    int8: OnnxRuntime
    folder: Path
    """Where the exports lie, `onnx` and `int8`."""


def three(encoder: Path, folder: Path) -> Three:
    """As `facewire export-onnx` makes them, from a checkpoint that knows its encoder by name and hash alone."""
    checkpoint.save(tiny_model(encoder=pretrained(encoder)), folder / "face.safetensors", {})
    model = checkpoint.load(folder / "face.safetensors")
    onnx, int8 = export(model, folder / "onnx")[0], export(model, folder / "int8", int8=SPEECH)[0]
    return Three(TorchRuntime(model), onnx, int8, folder)


def saved(hubert: HubertModel, folder: Path, *, normalize: bool) -> Path:
    hubert.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalize).save_pretrained(folder)
    return folder


def real(folder: Path) -> Path:
    if not os.environ.get(REAL):
        pytest.skip(f"{REAL} names no folder with a HubertModel: real weights are not tested")
    return Path(os.environ[REAL])


SOURCES: Final[dict[str, Callable[[Path], Path]]] = {
    "small": lambda folder: saved(base_like(), folder, normalize=False),
    "small, normalised windows": lambda folder: saved(base_like(), folder, normalize=True),
    "full size, normalised windows": lambda folder: saved(full_size(), folder, normalize=True),
    "real": real,
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name.startswith("small") else pytest.mark.slow) for name in SOURCES],
)
def faces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Three:
    folder = tmp_path_factory.mktemp("face")
    return three(SOURCES[request.param](folder / "hubert"), folder)


def most(one: Runtime, other: Runtime) -> float:
    """The largest difference of any feature of speech, with the shortest and the longest window."""
    far = []
    for lookahead_ms in (0, 240):
        window = one.config.window(lookahead_ms)
        windows = windows_of(window, SPEECH).sound[None, -4:]
        made, wanted = (each.features(windows, window)[0] for each in (one, other))
        assert np.abs(wanted).max() > 0.3
        assert wanted.std(1).max() > 0.1
        far.append(np.abs(made - wanted).max())
    return float(max(far))


def test_features_are_torchs(faces: Three) -> None:
    assert not faces.torch.config.encoder.embedded
    assert most(faces.onnx, faces.torch) <= LIMIT


def test_in_8_bits_they_stay_within_the_limit(faces: Three) -> None:
    assert faces.int8.name == "onnx-int8"
    assert 1e-4 < feature_difference(faces.int8, faces.torch, SPEECH) <= INT8_LIMIT
    sizes = [(faces.folder / name / ENCODER).stat().st_size for name in ("int8", "onnx")]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("name", ["onnx", "int8"])
def test_any_cutting_of_the_stream_gives_the_same_face(faces: Three, name: str) -> None:
    runtime: Runtime = getattr(faces, name)
    whole = stream.render(runtime, SPEECH).weights
    cuts = np.sort(np.random.default_rng(0).integers(0, len(SPEECH), 9))
    state, made = stream.start(runtime, seeds=[0], identities=[None]), []
    windower = Windower.at(state.window)
    for piece in [*np.split(SPEECH, cuts), None]:
        windower, windows = (windower, windower.flush()) if piece is None else windower.push(piece)
        for window in windows:
            state, face = stream.step(runtime, state, window[None, None])
            made.append(face.weights[0])
    np.testing.assert_allclose(np.concatenate(made)[: len(whole)], whole, rtol=0, atol=LAW)
    assert np.abs(np.diff(whole, axis=0)).max() > 1e-3


def test_full_size_without_normalised_windows(tmp_path: Path) -> None:
    model = tiny_model(encoder=pretrained(saved(full_size(), tmp_path / "hubert", normalize=False)))
    assert not model.config.encoder.normalize
    write_encoder(model, tmp_path / ENCODER)
    windows = windows_of(model.config.window(), SPEECH).sound[-4:]
    with torch.inference_mode():
        wanted = model.encoder.encode(torch.from_numpy(windows)).numpy()
    made = onnxruntime().InferenceSession(tmp_path / ENCODER).run(None, {"windows": windows})[0]
    np.testing.assert_allclose(made, wanted, rtol=0, atol=LIMIT)
