"""Teachers against transformers' own hidden states, and clicks that must appear where they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor, WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder, WhisperModel

from model.encoder import pretrained
from model.windows import FEATURE_SAMPLES
from protocols.errors import FacewireError
from training.encoder.targets import CHUNK_SAMPLES, CONTEXT_SAMPLES, Teacher, chunk
from training.encoder.teachers import HubertTeacher, WhisperTeacher, open_teacher, windowed

SOUND = (np.random.default_rng(0).standard_normal(CHUNK_SAMPLES) / 10 + 0.01).astype(np.float32)
WHISPER = WhisperConfig(
    vocab_size=20, d_model=8, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=32, decoder_layers=1,
    decoder_attention_heads=2, decoder_ffn_dim=8, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    decoder_start_token_id=1,
)  # fmt: skip


def hubert_folder(path: Path, *, stable: bool, stride: int = 2) -> Path:
    torch.manual_seed(0)
    config = HubertConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, conv_dim=(8,) * 7,
        conv_stride=(5, 2, 2, 2, 2, 2, stride), do_stable_layer_norm=stable, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="layer" if stable else "group", conv_bias=stable,
    )  # fmt: skip
    HubertModel(config).save_pretrained(path)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(path)
    return path


def openai_checkpoint(path: Path, encoder: torch.nn.Module) -> Path:
    """A Whisper encoder in the layout and under the names of OpenAI's package."""
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
    for key, value in encoder.state_dict().items():
        for new, old in names.items():
            key = key.replace(new, old)
        weights["encoder." + ("ln_post" + key[10:] if key.startswith("layer_norm") else key)] = value
    size = {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 8, "n_audio_head": 2, "n_audio_layer": 3}
    torch.save({"dims": size, "model_state_dict": weights}, path)
    return path


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whisper")
    torch.manual_seed(0)
    model = WhisperModel(WHISPER)
    model.save_pretrained(root / "whole")
    encoder = model.get_submodule("encoder")
    assert isinstance(encoder, WhisperEncoder)
    encoder.save_pretrained(root / "encoder")
    openai_checkpoint(root / "tiny.en.pt", encoder)
    return root


@pytest.mark.parametrize("stable", [False, True])
def test_a_hubert_gives_the_hidden_states_of_transformers(stable: bool, tmp_path: Path) -> None:
    folder = hubert_folder(tmp_path / "some.hubert", stable=stable)
    inputs = Wav2Vec2FeatureExtractor.from_pretrained(folder)(SOUND, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        made = HubertModel.from_pretrained(folder).eval()(**inputs, output_hidden_states=True)
    for layer, wanted in ((1, made.hidden_states[1]), (2, made.hidden_states[2]), (3, made.last_hidden_state)):
        teacher = open_teacher(f"hubert:{folder}@{layer}")
        assert teacher.name == f"hubert-some_hubert-{layer}"
        np.testing.assert_allclose(teacher.encode(SOUND), wanted[0], atol=1e-4)
    last = open_teacher(f"hubert:{folder}")
    assert (last.name, last.sha256) == ("hubert-some_hubert-3", pretrained(folder).config.sha256)


def test_a_whisper_gives_the_hidden_states_of_transformers(whisper: Path) -> None:
    mel = WhisperFeatureExtractor()(SOUND, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.inference_mode():
        encoder = WhisperModel.from_pretrained(whisper / "whole").eval().encoder
        states = encoder(mel, output_hidden_states=True).hidden_states
    for layer in (1, 2, 3):
        for source in ("whole", "encoder", "tiny.en.pt"):
            teacher = open_teacher(f"whisper:{whisper / source}@{layer}")
            np.testing.assert_allclose(teacher.encode(SOUND), states[layer][0], atol=1e-5)
    ours, theirs = (open_teacher(f"whisper:{whisper / source}") for source in ("tiny.en.pt", "whole"))
    assert (ours.name, theirs.name) == ("whisper-tiny_en-2", "whisper-whole-2")
    assert ours.sha256 == theirs.sha256


def responses(teacher: Teacher) -> np.ndarray:
    """How much each feature from 20 to 22 s of a track changes by clicks amid features 1010 and 1060."""
    pcm = np.rint(np.random.default_rng(0).standard_normal(45 * 16_000) * 300).astype(np.int16)
    clicked = pcm.copy()
    for feature in (1010, 1060):
        clicked[feature * FEATURE_SAMPLES + 200] = 20_000
    first = CONTEXT_SAMPLES // FEATURE_SAMPLES
    quiet, loud = (teacher.encode(chunk(sound, 1, teacher.delay_samples)) for sound in (pcm, clicked))
    return np.asarray(np.square(loud - quiet)[first : first + 100].sum(1))


@pytest.mark.parametrize("stable", [False, True])
def test_a_hubert_is_in_time(stable: bool, tmp_path: Path) -> None:
    found = responses(HubertTeacher(str(hubert_folder(tmp_path, stable=stable)), 1))
    assert sorted(np.argsort(found)[-2:]) == [10, 60]


def test_a_whisper_is_in_time(whisper: Path, tmp_path: Path) -> None:
    """With convolutions that look as far back as ahead, and blocks that add nothing, a response is centred exactly."""
    encoder = WhisperEncoder.from_pretrained(whisper / "encoder")
    with torch.no_grad():
        for name, value in encoder.named_parameters():
            if "out_proj" in name or "fc2" in name or "embed_positions" in name:
                value.zero_()
            if name in ("conv1.weight", "conv2.weight"):
                value[:, :, 0] = value[:, :, 2]
    encoder.save_pretrained(tmp_path)
    found = responses(WhisperTeacher(str(tmp_path), 1))
    for feature in (10, 60):
        near = np.arange(feature - 5, feature + 6)
        assert np.average(near, weights=found[near]) == pytest.approx(feature, abs=0.1)


def test_an_onnx_file_like_wakehubert_is_in_time(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    late = 5 * FEATURE_SAMPLES
    graph = onnx.helper.make_graph(
        [
            node("Unsqueeze", ["sound", "one"], ["channel"]),
            node("Conv", ["channel", "kernel"], ["sum"], strides=[FEATURE_SAMPLES], pads=[late, 80]),
            node("Transpose", ["sum"], ["features"], perm=[0, 2, 1]),
        ],
        "late",
        [value("sound", 1, [1, "samples"])],
        [value("features", 1, [1, "frames", 1])],
        [
            onnx.numpy_helper.from_array(np.array([1]), "one"),
            onnx.numpy_helper.from_array(np.ones((1, 1, 400), np.float32), "kernel"),
        ],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, tmp_path / "late.onnx")
    teacher = open_teacher(f"onnx:{tmp_path / 'late.onnx'}")
    assert teacher.name == "onnx-late"
    assert np.flatnonzero(responses(teacher) > 0.01).tolist() == [10, 60]


@pytest.mark.parametrize(
    "spec", ["whisper:missing.pt", "onnx:missing.onnx", "onnx:folder", "parrot:x", "nothing", "hubert:", "hubert:a.pt"]
)
def test_unknown_teachers_are_refused(spec: str) -> None:
    with pytest.raises(FacewireError, match=r"expected hubert:.* whisper:FILE.pt"):
        open_teacher(spec)


@pytest.mark.parametrize("kind", ["hubert", "whisper"])
def test_a_missing_teacher_names_the_command_that_fetches_it(kind: str) -> None:
    with pytest.raises(FacewireError, match="hf download nobody/nothing"):
        open_teacher(f"{kind}:nobody/nothing@2")


def test_what_does_not_fit_is_refused(whisper: Path, tmp_path: Path) -> None:
    hubert = hubert_folder(tmp_path / "hubert", stable=True)
    with pytest.raises(FacewireError, match="layer 4: expected 1 to 3"):
        open_teacher(f"hubert:{hubert}@4")
    with pytest.raises(FacewireError, match="layer 0: expected 1 to 3"):
        open_teacher(f"whisper:{whisper / 'whole'}@0")
    with pytest.raises(FacewireError, match=r"holds \['HubertModel'\], not a Whisper"):
        open_teacher(f"whisper:{hubert}")
    with pytest.raises(FacewireError, match="does not hold a HubertModel"):
        open_teacher(f"hubert:{whisper / 'whole'}")
    with pytest.raises(FacewireError, match="stride of 160"):
        open_teacher(f"hubert:{hubert_folder(tmp_path / 'fast', stable=True, stride=1)}")


class Late:
    """Gives the energy of each 20 ms, two of them late."""

    name, sha256, delay_samples, positional = "late", "0", 2 * FEATURE_SAMPLES, False

    def encode(self, heard: np.ndarray) -> np.ndarray:
        energy = (
            np.square(heard[: len(heard) // FEATURE_SAMPLES * FEATURE_SAMPLES]).reshape(-1, FEATURE_SAMPLES).mean(1)
        )
        return np.concatenate([[0, 0], energy])[: len(energy), None].astype(np.float32)


def test_a_late_teacher_of_windows_is_in_time() -> None:
    windows = np.zeros((2, 10 * FEATURE_SAMPLES + 80), np.float32)
    windows[1, 4 * FEATURE_SAMPLES : 5 * FEATURE_SAMPLES] = 1
    made = windowed(Late())(windows)
    assert made.shape == (2, 10, 1)
    assert made[1, :, 0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_a_teacher_of_half_a_minute_is_none_of_windows(tmp_path: Path) -> None:
    torch.manual_seed(0)
    WhisperModel(WHISPER).save_pretrained(tmp_path)
    with pytest.raises(FacewireError, match="30 s at once"):
        windowed(WhisperTeacher(str(tmp_path)))
