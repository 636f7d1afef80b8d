"""The encoders that a compact one learns from: sound in, one feature every 20 ms out.

Needed for training only. Features of all teachers share one time: feature i is centred at 20 i + 12.5 ms,
as HuBERT's are, whatever the teacher's own frames and delays. Each hears long context: 30 s at a time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.windows import FEATURE_SAMPLES, SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError

CHUNK_SAMPLES: Final = 30 * SAMPLE_RATE_HZ
CONTEXT_SAMPLES: Final = 5 * SAMPLE_RATE_HZ
"""Heard on both sides of what is kept of a chunk."""
KEPT_FEATURES: Final = (CHUNK_SAMPLES - 2 * CONTEXT_SAMPLES) // FEATURE_SAMPLES

Features = NDArray[np.float32]
Told = Callable[[int, int], None]
"""Is called with (chunks done, chunks in all)."""


class Teacher(Protocol):
    """A frozen encoder."""

    @property
    def name(self) -> str:
        """Short name for files and heads."""

    def features(self, samples: Samples, told: Told) -> Features:
        """(n,) at 16 kHz -> (n // 320, dim)."""


class WhisperTeacher:
    """Whisper's encoder after `layers` blocks, from a checkpoint of OpenAI's `whisper` package (MIT)."""

    name = "whisper"

    def __init__(self, path: Path, layers: int = 3) -> None:
        from transformers import WhisperFeatureExtractor

        self._mel: Callable[..., Any] = WhisperFeatureExtractor()  # type: ignore[no-untyped-call]
        self._encoder = _whisper_encoder(path, layers)

    def features(self, samples: Samples, told: Told) -> Features:
        """(n,) -> (n // 320, dim), less the mean of each position, which tells the clock and not the sound."""
        # Whisper's frames are centred at 20 i ms: sound moved by 12.5 ms makes that HuBERT's centre.
        shifted = np.concatenate([samples[200:], np.zeros(200, np.float32)])
        chunks = over_chunks(shifted, self._encode, delay=0, told=told)
        if len(chunks) < 8:
            raise FacewireError("the whisper teacher needs at least 3 minutes of speech to know its positions' mean")
        chunks -= chunks.mean(0, keepdims=True)
        return chunks.reshape(-1, chunks.shape[-1])[: len(samples) // FEATURE_SAMPLES]

    def _encode(self, chunk: Samples) -> Features:
        mel = self._mel(chunk, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt").input_features
        with torch.inference_mode():
            hidden: Features = self._encoder(mel).last_hidden_state[0].numpy()
        return hidden


def _whisper_encoder(path: Path, layers: int) -> nn.Module:
    """OpenAI's weights under transformers' names, cut after `layers` blocks."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    size = stored["dims"]
    config = WhisperConfig(
        num_mel_bins=size["n_mels"],
        d_model=size["n_audio_state"],
        encoder_layers=size["n_audio_layer"],
        encoder_attention_heads=size["n_audio_head"],
        encoder_ffn_dim=4 * size["n_audio_state"],
        max_source_positions=size["n_audio_ctx"],
    )
    encoder: nn.Module = WhisperEncoder(config).train(False)
    weights = stored["model_state_dict"]
    encoder.load_state_dict(
        {_renamed(key): value.float() for key, value in weights.items() if key.startswith("encoder.")}
    )
    encoder.layers = nn.ModuleList([*encoder.get_submodule("layers").children()][:layers])
    encoder.layer_norm = nn.Identity()  # belongs to the last block, which is cut off
    return encoder


def _renamed(key: str) -> str:
    names = {
        "encoder.": "",
        "positional_embedding": "embed_positions.weight",
        "blocks.": "layers.",
        ".attn.query.": ".self_attn.q_proj.",
        ".attn.key.": ".self_attn.k_proj.",
        ".attn.value.": ".self_attn.v_proj.",
        ".attn.out.": ".self_attn.out_proj.",
        ".attn_ln.": ".self_attn_layer_norm.",
        ".mlp_ln.": ".final_layer_norm.",
        ".mlp.0.": ".fc1.",
        ".mlp.2.": ".fc2.",
        "ln_post.": "layer_norm.",
    }
    for old, new in names.items():
        key = key.replace(old, new)
    return key


class OnnxTeacher:
    """An ONNX file from waveform (1, samples) to features (1, samples / 320, dim), such as WakeHuBERT-tiny's."""

    name = "onnx"

    def __init__(self, path: Path, delay_features: int = 5) -> None:
        """`delay_features`: how late the features come; 5 (100 ms) for WakeHuBERT, measured."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._delay = delay_features

    def features(self, samples: Samples, told: Told) -> Features:
        """(n,) -> (n // 320, dim)."""
        chunks = over_chunks(samples, self._encode, delay=self._delay, told=told)
        return chunks.reshape(-1, chunks.shape[-1])[: len(samples) // FEATURE_SAMPLES]

    def _encode(self, chunk: Samples) -> Features:
        hidden: Features = self._session.run(None, {self._input: chunk[None]})[0][0]
        return hidden


def over_chunks(samples: Samples, encode: Callable[[Samples], Features], *, delay: int, told: Told) -> Features:
    """Encode overlapping chunks of 30 s and keep the middle of each: (chunks, 1000, dim), the last one overhanging.

    `delay`: by how many features the encoder is late.
    """
    step = KEPT_FEATURES * FEATURE_SAMPLES
    count = -(-len(samples) // step)
    padded = np.pad(samples, (CONTEXT_SAMPLES, count * step - len(samples) + CONTEXT_SAMPLES))
    first = CONTEXT_SAMPLES // FEATURE_SAMPLES + delay
    kept = []
    for index in range(count):
        hidden = encode(padded[index * step : index * step + CHUNK_SAMPLES])
        kept.append(hidden[first : first + KEPT_FEATURES])
        told(index + 1, count)
    return np.stack(kept)


def open_teacher(spec: str) -> Teacher:
    """A teacher by `whisper:FILE.pt` or `onnx:FILE.onnx`. Raises FacewireError for anything else."""
    kinds: dict[str, Callable[[Path], Teacher]] = {"whisper": WhisperTeacher, "onnx": OnnxTeacher}
    kind, _, path = spec.partition(":")
    if kind not in kinds or not Path(path).is_file():
        known = ", ".join(f"{name}:FILE" for name in kinds)
        raise FacewireError(f"teacher {spec!r}: expected one of {known}, with a file that exists")
    return kinds[kind](Path(path))
