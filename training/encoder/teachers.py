"""The encoders that a compact one learns from: any HuBERT, any Whisper, or an ONNX file. Only needed in training."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from model import encoder as encoders
from model.onnx_session import onnxruntime
from model.windows import FEATURE_SAMPLES, RECEPTIVE_SAMPLES, SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.datasets.clip_files import digest
from training.encoder.targets import Features, Teacher
from training.encoder.whisper import whisper_encoder

EXPECTED: Final = "hubert:FOLDER-or-ID[@LAYER], whisper:FOLDER-or-ID[@LAYER], whisper:FILE.pt[@LAYER] or onnx:FILE.onnx"


class HubertTeacher:
    """The output of a HubertModel of stride 320 and receptive field 400 samples after `layer` blocks.

    That is transformers' `hidden_states[layer]`, or `last_hidden_state` after the last one.
    """

    delay_samples = 0
    positional = False

    def __init__(self, source: str, layer: int | None = None) -> None:
        """`source`: a folder, or a hub id in the local cache; `layer`: by default the last. Raises FacewireError."""
        try:
            self._encoder = encoders.pretrained(source)
        except RuntimeError as error:  # other shapes than its config.json says
            raise FacewireError(f"teacher hubert:{source}: does not hold a HubertModel; try another folder") from error
        self.sha256 = self._encoder.config.sha256
        self._encoder.float()
        hubert = self._encoder.hubert
        config = hubert.config
        if not any(name.startswith("Hubert") for name in config.architectures or ()):
            raise FacewireError(f"teacher hubert:{source}: does not hold a HubertModel but {config.architectures}")
        stride, field = 1, 1
        for kernel, step in zip(config.conv_kernel, config.conv_stride, strict=True):
            field += (kernel - 1) * stride
            stride *= step
        if (stride, field) != (FEATURE_SAMPLES, RECEPTIVE_SAMPLES):
            raise FacewireError(
                f"teacher hubert:{source}: has a stride of {stride} and a receptive field of {field} samples; "
                f"expected {FEATURE_SAMPLES} and {RECEPTIVE_SAMPLES}, as hubert-base has"
            )
        layer = config.num_hidden_layers if layer is None else layer
        _cut(hubert.get_submodule("encoder"), layer, f"hubert:{source}", norm_last=config.do_stable_layer_norm)
        self.name = _name("hubert", source, layer)

    def encode(self, chunk: Samples) -> Features:
        """(480000,) -> (1499, dim)."""
        with torch.inference_mode():
            hidden: Features = self._encoder.encode(torch.from_numpy(chunk)[None])[0].numpy()
        return hidden


class WhisperTeacher:
    """The output of a Whisper encoder after `layer` blocks: transformers' `hidden_states[layer]`."""

    delay_samples = RECEPTIVE_SAMPLES // 2
    """Whisper's frames are centred at 20 i ms: shifting the sound by 12.5 ms centres them as HuBERT's."""
    positional = True

    def __init__(self, source: str, layer: int | None = None) -> None:
        """`source`: as of `whisper_encoder`; `layer`: by default the last but one. Raises FacewireError."""
        from transformers import WhisperFeatureExtractor

        self._encoder, config = whisper_encoder(source)
        self.sha256 = encoders.fingerprint(self._encoder)
        layer = max(1, config.encoder_layers - 1) if layer is None else layer
        _cut(self._encoder, layer, f"whisper:{source}", norm_last=True)
        extractor: Callable[..., Any] = WhisperFeatureExtractor
        self._mel: Callable[..., Any] = extractor(feature_size=config.num_mel_bins)
        self.name = _name("whisper", source, layer)

    def encode(self, chunk: Samples) -> Features:
        """(480000,) -> (1500, dim)."""
        mel = self._mel(chunk, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt").input_features
        with torch.inference_mode():
            hidden: Features = self._encoder(mel).last_hidden_state[0].numpy()
        return hidden


class OnnxTeacher:
    """An ONNX file from waveform (1, samples) to features (1, samples / 320, dim), such as WakeHuBERT-tiny's."""

    positional = False

    def __init__(self, source: str, delay_features: int = 5) -> None:
        """`delay_features`: how late the features come; 5 (100 ms) for WakeHuBERT, measured."""
        runtime = onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.sha256 = digest(Path(source))
        self.delay_samples = delay_features * FEATURE_SAMPLES
        self.name = _name("onnx", source)

    def encode(self, chunk: Samples) -> Features:
        """(480000,) -> (1500, dim)."""
        hidden: Features = self._session.run(None, {self._input: chunk[None]})[0][0]
        return hidden


def open_teacher(spec: str) -> Teacher:
    """The teacher named as in `EXPECTED`. Raises FacewireError for anything else, and for one that is missing."""
    kind, _, source = spec.partition(":")
    layer = None
    if found := re.fullmatch(r"(.+)@(\d+)", source):
        source, layer = found[1], int(found[2])
    file = source.endswith((".pt", ".onnx"))
    if not source or (file and not Path(source).is_file()) or (kind == "onnx" and layer is not None):
        raise FacewireError(f"teacher {spec!r}: expected {EXPECTED}, with a file that exists")
    if kind == "hubert" and not file:
        return HubertTeacher(source, layer)
    if kind == "whisper":
        return WhisperTeacher(source, layer)
    if kind == "onnx" and file:
        return OnnxTeacher(source)
    raise FacewireError(f"teacher {spec!r}: expected {EXPECTED}")


def windowed(teacher: Teacher) -> Callable[[Samples], Features]:
    """A teacher's features of windows (B, samples) heard one by one, in time with HuBERT's: (B, frames, D).

    Features that would lie beyond the window's end repeat the last one. Raises FacewireError for a teacher that needs
    30 s.
    """
    if teacher.positional:
        raise FacewireError(f"teacher {teacher.name}: hears 30 s at once, and cannot be read window by window")

    def encode(windows: Samples) -> Features:
        count = (windows.shape[-1] - RECEPTIVE_SAMPLES) // FEATURE_SAMPLES + 1
        late = teacher.delay_samples // FEATURE_SAMPLES
        made = np.stack([teacher.encode(window)[late : late + count] for window in windows])
        return np.pad(made, ((0, 0), (0, count - made.shape[1]), (0, 0)), "edge")

    return encode


def _cut(encoder: nn.Module, layer: int, spec: str, *, norm_last: bool) -> None:
    """Keep the first blocks. `norm_last`: whether the encoder's `layer_norm` belongs to the last block's output."""
    blocks = encoder.get_submodule("layers")
    assert isinstance(blocks, nn.ModuleList)
    if not 1 <= layer <= len(blocks):
        raise FacewireError(f"teacher {spec}: layer {layer}: expected 1 to {len(blocks)}")
    if layer < len(blocks):
        encoder.layers = blocks[:layer]
        if norm_last:
            encoder.layer_norm = nn.Identity()


def _name(kind: str, source: str, layer: int | None = None) -> str:
    stem = re.sub(r"\.(pt|onnx)$", "", Path(source).resolve().name if Path(source).exists() else source.split("/")[-1])
    return re.sub(r"[^\w-]", "_", f"{kind}-{stem}" + ("" if layer is None else f"-{layer}"))
