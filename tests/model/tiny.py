"""A random, seeded face model, small enough to run in milliseconds."""

import json
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import HubertConfig, HubertModel

from model import checkpoint
from model.config import ModelConfig, VoiceConfig
from model.encoder import Encoder, embed
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windows import OFFSET_HZ, RUMBLE_HZ


def tiny_hubert(seed: int = 0, highpass_hz: float = OFFSET_HZ) -> HubertModel:
    torch.manual_seed(seed)
    return HubertModel(
        HubertConfig(
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            conv_dim=(8, 8, 8, 8),
            conv_kernel=(30, 6, 5, 2),
            conv_stride=(10, 4, 4, 2),
            num_feat_extract_layers=4,
            feat_extract_norm="layer",
            conv_bias=True,
            do_stable_layer_norm=True,
            num_conv_pos_embeddings=7,
            num_conv_pos_embedding_groups=2,
            apply_spec_augment=False,
            mask_time_prob=0.0,
            highpass_hz=highpass_hz,
        )
    )


def tiny_model(
    seed: int = 0, encoder: Encoder | None = None, highpass_hz: float = OFFSET_HZ, **config_of: Any
) -> FaceModel:
    encoder = encoder or embed(tiny_hubert(seed, highpass_hz))
    torch.manual_seed(seed)
    config = ModelConfig(
        encoder=encoder.config, hidden=24, hidden_upper=12, identities=("alma", "bruno"),
        voice=VoiceConfig(layers=(0, 1), width=4, floor=0.5), speech_width=8, **config_of,
    )  # fmt: skip
    model = FaceModel(config, encoder)
    model.face_mean.fill_(0.4)
    model.face_std.fill_(0.3)
    assert model.voice
    model.voice.matrix.normal_()
    model.identities.voices.copy_(torch.eye(4)[:2])
    assert model.speech
    nn.init.normal_(model.speech.outer.weight, std=3)
    model.speech.rest.fill_(0.1)
    return model.eval().requires_grad_(False)


def tiny_runtime(seed: int = 0, encoder: Encoder | None = None, **config_of: Any) -> TorchRuntime:
    return TorchRuntime(tiny_model(seed, encoder, **config_of))


def without_graphs(path: Path) -> Path:
    """Rewrites a checkpoint as one of format 7, before checkpoints carried their graphs."""
    tensors = {name: value.clone() for name, value in load_file(path).items() if not name.startswith("graph.")}
    head = checkpoint.header(path) | {"format": 7}
    save_file(tensors, path, metadata={"facewire": json.dumps(head)})
    return path


DIAL: Final[dict[str, Any]] = {"fps": 50, "hops_ms": (20, 40, 100), "highpass_hz": RUMBLE_HZ}
"""Config of a face with a dial of hops, whose frames are features."""
