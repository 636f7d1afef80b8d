"""Whisper's encoder, from transformers or from a checkpoint of OpenAI's `whisper` package (MIT)."""

from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import WhisperConfig, WhisperModel
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from model.encoder import missing
from protocols.errors import FacewireError

_NAMES: Final = {
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
"""OpenAI's names, and transformers'."""


def whisper_encoder(source: str) -> tuple[nn.Module, WhisperConfig]:
    """Whisper's encoder in float32, from a folder, a hub id in the local cache, or OpenAI's FILE.pt.

    Nothing is downloaded. Raises FacewireError with the command that fetches a missing one.
    """
    encoder, config = _of_openai(Path(source)) if Path(source).is_file() else _of_transformers(source)
    return encoder.float().train(False), config


def _of_transformers(source: str) -> tuple[nn.Module, WhisperConfig]:
    try:
        config = WhisperConfig.from_pretrained(source, local_files_only=True)
        held = config.architectures or []
        if not any(name.startswith("Whisper") for name in held):
            raise FacewireError(f"teacher whisper:{source}: holds {held}, not a Whisper")
        if held == ["WhisperEncoder"]:
            return WhisperEncoder.from_pretrained(source, local_files_only=True), config
        return WhisperModel.from_pretrained(source, local_files_only=True).get_submodule("encoder"), config
    except (OSError, ValueError, SafetensorError) as error:
        raise missing(f"teacher whisper:{source}", source, error) from error


def _of_openai(path: Path) -> tuple[nn.Module, WhisperConfig]:
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
    encoder: nn.Module = WhisperEncoder(config)
    weights = stored["model_state_dict"]
    encoder.load_state_dict(
        {_renamed(key): value.float() for key, value in weights.items() if key.startswith("encoder.")}
    )
    return encoder, config


def _renamed(key: str) -> str:
    for old, new in _NAMES.items():
        key = key.replace(old, new)
    return key
