"""An encoder that knows phones: what a feature holds, its files, its checkpoint and its graph."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from model import checkpoint, effort, phones, stream
from model.encoder import Encoder, embed, pretrained
from model.onnx_checkpoint import open_checkpoint
from model.phones import LEAST, PhoneHead
from model.stream_state import dump, restore
from model.torch_runtime import TorchRuntime
from model.windower import windows_of
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert, tiny_model, tiny_runtime

NAMES = ("p", "a", "i", "sil")
SOUND = (np.random.default_rng(0).standard_normal(20_000) * np.linspace(0, 0.2, 20_000)).astype(np.float32)


@pytest.fixture
def encoder() -> Encoder:
    hubert = tiny_hubert()
    head = PhoneHead(16, 3, NAMES)
    torch.nn.init.normal_(head.phones.weight, std=20)
    return embed(hubert, head)


def test_a_feature_holds_bottleneck_phones_and_loudness(encoder: Encoder) -> None:
    windows = torch.from_numpy(SOUND[:16_080])[None]
    features, hidden = encoder.encode_layers(windows, (1,))
    assert features.shape == (1, 50, encoder.config.width) == (1, 50, 3 + 4 + 1)
    assert hidden.shape == (1, 50, encoder.config.hidden_width) == (1, 50, 16)
    narrow, told, loud = features.split([3, 4, 1], -1)
    assert encoder.head is not None
    torch.testing.assert_close(narrow, encoder.head.bottleneck(encoder.hubert(windows).last_hidden_state))
    wanted = functional.log_softmax(encoder.head.phones(functional.silu(narrow)), -1)
    torch.testing.assert_close(told, wanted.clamp(min=LEAST))
    assert float(told.min()) == LEAST
    decibels = 20 * loud[0, :, 0].numpy()
    at_30 = 10 * np.log10(np.mean(SOUND[30 * 320 : 30 * 320 + 400] ** 2) + 1e-6)
    np.testing.assert_allclose(decibels[30], at_30, atol=1e-3)


def test_a_checkpoint_keeps_the_phones(encoder: Encoder, tmp_path: Path) -> None:
    model = tiny_model(encoder=encoder)
    checkpoint.save(model, tmp_path / "face.safetensors", {})
    loaded, by_onnx = checkpoint.load(tmp_path / "face.safetensors"), open_checkpoint(tmp_path / "face.safetensors")
    assert loaded.config.encoder.phones == NAMES
    window = model.config.window(80)
    windows = windows_of(window, SOUND).sound[None]
    torch.testing.assert_close(
        loaded.features(torch.from_numpy(windows), window)[0], model.features(torch.from_numpy(windows), window)[0]
    )
    wanted = model.features(torch.from_numpy(windows), window)[0].numpy()
    np.testing.assert_allclose(by_onnx.features(windows, window)[0], wanted, atol=2e-3)


def test_the_law_holds(encoder: Encoder) -> None:
    runtime = tiny_runtime(encoder=encoder)
    whole = stream.render(runtime, SOUND).weights
    state, faces = stream.start(runtime, seeds=[0], identities=[None]), []
    for window in windows_of(state.window, SOUND):
        state, face = stream.step(runtime, state, window[None, None])
        faces.append(face.weights[0])
    np.testing.assert_allclose(np.concatenate(faces)[: len(whole)], whole, rtol=0, atol=1e-5)


def test_a_folder_keeps_the_phones(encoder: Encoder, tmp_path: Path) -> None:
    encoder.hubert.save_pretrained(tmp_path)
    assert pretrained(tmp_path).config.phones == ()
    assert encoder.head is not None
    phones.save(encoder.head, tmp_path)
    again = pretrained(tmp_path)
    assert again.config.phones == NAMES
    assert again.config.sha256 == encoder.config.sha256
    windows = torch.from_numpy(SOUND[:16_080])[None]
    torch.testing.assert_close(again.encode(windows), encoder.encode(windows))
    assert again.config.hidden_width == 16
    narrower = PhoneHead(8, 3, NAMES)
    phones.save(narrower, tmp_path)
    with pytest.raises(FacewireError, match="another encoder"):
        pretrained(tmp_path)
    (tmp_path / phones.FILE).write_bytes(b"no")
    with pytest.raises(FacewireError, match="phones"):
        pretrained(tmp_path)


@pytest.fixture
def humming(encoder: Encoder) -> TorchRuntime:
    """An encoder that hears a p now and then, and a face whose mouth stands open."""
    model = tiny_model(encoder=encoder)
    model.audio_mean[3:7], model.audio_std[3:7] = -4, 2
    model.face_mean[INDEX["jawOpen"]], model.face_std[INDEX["mouthClose"]] = 0.9, 0.05
    return TorchRuntime(model)


def test_lips_close_where_the_encoder_is_sure_of_a_p_at_any_articulation(humming: TorchRuntime) -> None:
    window = humming.config.window()
    audio = humming.features(windows_of(window, SOUND).sound[None], window)[0]
    assert humming.phones is not None
    sure = humming.phones.sure(audio)[0, :, 0, 0] == 1
    assert 0.02 < sure.mean() < 0.95
    deaf = TorchRuntime(humming.model)
    deaf.__dict__["phones"] = None
    for size in (0.5, 1.0, 1.5):
        gaps = []
        for each in (humming, deaf):
            face = stream.render(each, SOUND, articulation=size).weights
            gaps.append((face[:, INDEX["jawOpen"]] - face[:, INDEX["mouthClose"]])[sure[: len(face)]])
        assert gaps[1].min() > 0.1
        assert np.abs(gaps[0]).max() < 1e-6


def test_a_raised_voice_is_as_good_as_more_articulation(humming: TorchRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = []
    for raised, articulation in ((1.3, 1.0), (1.0, 1.3), (1.0, 1.0)):
        monkeypatch.setattr(
            effort, "follow", lambda spec, windows, speech, heard, fps, size=raised: (np.float32(size), heard)
        )
        faces.append(stream.render(humming, SOUND, articulation=articulation).weights)
    np.testing.assert_array_equal(faces[0], faces[1])
    assert np.abs(faces[0] - faces[2]).max() > 0.02


def test_closures_go_on_where_a_stream_was_cut(humming: TorchRuntime) -> None:
    whole = stream.render(humming, SOUND, articulation=1.2).weights
    state, faces = stream.start(humming, seeds=[0], identities=[None], articulation=1.2), []
    for window in windows_of(state.window, SOUND):
        state, face = stream.step(humming, restore(dump(state)), window[None, None])
        faces.append(face.weights[0])
    np.testing.assert_allclose(np.concatenate(faces)[: len(whole)], whole, rtol=0, atol=1e-5)
