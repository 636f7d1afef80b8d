"""The encoder's features equal those of transformers' own pipeline, also with group norm and normalised input."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from model import stream
from model.encoder import Encoder, pretrained
from model.windower import Windower
from model.windows import WindowSpec
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert, tiny_model, tiny_runtime

SOUND = (np.random.default_rng(0).standard_normal(24_000) * 0.1).astype(np.float32)


def base_like() -> HubertModel:
    """hubert-base's convolutions and norms, narrow."""
    torch.manual_seed(0)
    return HubertModel(
        HubertConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            conv_dim=(16,) * 7,
            num_conv_pos_embeddings=32,
            num_conv_pos_embedding_groups=4,
            apply_spec_augment=False,
            mask_time_prob=0.0,
        )
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base_like().save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(tmp_path)
    return tmp_path


def test_windows_are_encoded_as_transformers_would(folder: Path) -> None:
    encoder = pretrained(folder)
    spec = WindowSpec()
    window = SOUND[: spec.samples] + 0.05
    prepared = Wav2Vec2FeatureExtractor.from_pretrained(folder)(window, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        wanted = HubertModel.from_pretrained(folder).eval()(prepared.input_values).last_hidden_state
        got = encoder.encode(torch.from_numpy(window)[None])
    assert got.shape == (1, spec.features, 32)
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)
    assert encoder.config.normalize
    assert not encoder.config.embedded
    assert all(not parameter.requires_grad for parameter in encoder.parameters())


def test_an_encoder_that_depends_on_its_window_streams_the_same_face(folder: Path) -> None:
    runtime = tiny_runtime(encoder=pretrained(folder))
    whole = stream.render(runtime, SOUND).weights
    state = stream.start(runtime, seeds=[0], identities=[None])
    windower, faces = Windower.at(state.window), []
    for piece in np.array_split(SOUND, 37):
        windower, windows = windower.push(piece)
        for window in windows:
            state, face = stream.step(runtime, state, window[None, None])
            faces.append(face.weights[0])
    got = np.concatenate(faces)
    np.testing.assert_allclose(got, whole[: len(got)], rtol=0, atol=1e-5)


def test_the_compact_encoder_does_not_depend_on_the_windows_loudness() -> None:
    """Layer norm in the convolutions: what is loud far away in the window leaves a feature as it was."""
    hubert = tiny_hubert()
    quiet = torch.from_numpy(SOUND[:16_080]).clone()[None]
    loud = quiet.clone()
    loud[:, :3_000] *= 20
    with torch.inference_mode():
        near, far = (hubert.feature_extractor(x)[..., -5:] for x in (quiet, loud))
    torch.testing.assert_close(near, far)


def test_weights_saved_in_halves_or_as_the_hub_holds_them_are_the_same_encoder(folder: Path, tmp_path: Path) -> None:
    wanted = pretrained(folder)
    halves, hub = (tmp_path / name for name in ("halves", "hub"))
    HubertModel.from_pretrained(folder).half().save_pretrained(halves)
    wanted.hubert.config.save_pretrained(hub)
    old = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for key, value in wanted.hubert.state_dict().items()
    }
    torch.save(old, hub / "pytorch_model.bin")
    for each in (halves, hub):
        encoder = pretrained(each)
        assert encoder.config.sha256 == wanted.config.sha256
        assert encoder.encode(torch.from_numpy(SOUND[:16_080])[None]).dtype == torch.float32


def test_a_broken_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FacewireError, match=str(tmp_path)):
        pretrained(tmp_path)


def test_frames_of_the_window_are_frames_of_hubert() -> None:
    for right_ms in (0, 40, 80, 160, 240):
        spec = WindowSpec(right_ms=right_ms)
        encoder = Encoder(tiny_hubert(), tiny_model().config.encoder)
        with torch.inference_mode():
            assert encoder.encode(torch.zeros(2, spec.samples)).shape[1] == spec.features
