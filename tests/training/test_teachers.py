from pathlib import Path

import numpy as np
import pytest
import torch

from model.windows import FEATURE_SAMPLES
from protocols.errors import FacewireError
from training.teachers import WhisperTeacher, open_teacher, over_chunks

SIZE = {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 8, "n_audio_head": 2, "n_audio_layer": 2}


def ignore(done: int, of: int) -> None:
    pass


@pytest.mark.parametrize("delay", [0, 5])
def test_chunks_join_to_the_frames_of_the_whole(delay: int) -> None:
    def encode(chunk: np.ndarray) -> np.ndarray:
        frames = chunk.reshape(-1, FEATURE_SAMPLES)[:, :1]
        return np.concatenate([np.full((delay, 1), -1, np.float32), frames])[: len(frames)]

    samples = np.repeat(np.arange(2345, dtype=np.float32), FEATURE_SAMPLES)
    chunks = over_chunks(samples, encode, delay=delay, told=ignore)
    assert chunks.shape == (3, 1000, 1)
    np.testing.assert_array_equal(chunks.reshape(-1)[:2345], np.arange(2345))


def openai_checkpoint(path: Path) -> Path:
    """A Whisper of random weights, in the layout and under the names of OpenAI's package."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    torch.manual_seed(0)
    config = WhisperConfig(d_model=8, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=32)
    names = {
        "embed_positions.weight": "positional_embedding",
        "layers.": "blocks.",
        "self_attn.q_proj": "attn.query",
        "self_attn.k_proj": "attn.key",
        "self_attn.v_proj": "attn.value",
        "self_attn.out_proj": "attn.out",
        "self_attn_layer_norm": "attn_ln",
        "final_layer_norm": "mlp_ln",
        "fc1": "mlp.0",
        "fc2": "mlp.2",
    }
    weights = {}
    for key, value in WhisperEncoder(config).state_dict().items():
        for new, old in names.items():
            key = key.replace(new, old)
        weights["encoder." + ("ln_post" + key[10:] if key.startswith("layer_norm") else key)] = value.half()
    torch.save({"dims": SIZE, "model_state_dict": weights}, path)
    return path


def test_whisper_loads_by_openai_names_and_forgets_the_clock(tmp_path: Path) -> None:
    teacher = WhisperTeacher(openai_checkpoint(tmp_path / "w.pt"), layers=1)
    samples = np.random.default_rng(0).standard_normal(8 * 20 * 16_000 - 100).astype(np.float32) / 10
    features = teacher.features(samples, ignore)
    assert features.shape == (7999, 8)
    per_position = np.concatenate([features, features[:1] * 0]).reshape(8, 1000, 8).mean(0)
    assert np.abs(per_position[:999]).max() < 1e-4


def test_whisper_wants_enough_speech_to_know_its_positions(tmp_path: Path) -> None:
    teacher = WhisperTeacher(openai_checkpoint(tmp_path / "w.pt"), layers=1)
    with pytest.raises(FacewireError, match="3 minutes"):
        teacher.features(np.zeros(16_000, np.float32), ignore)


@pytest.mark.parametrize("spec", ["whisper:missing.pt", "parrot:x", "nothing"])
def test_unknown_teachers_are_refused(spec: str) -> None:
    with pytest.raises(FacewireError, match="whisper:FILE"):
        open_teacher(spec)
