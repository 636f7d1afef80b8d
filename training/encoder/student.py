"""The network of the compact speech encoder: a small HuBERT, with heads that are only needed in training."""

import torch
from torch import Tensor, nn
from transformers import HubertConfig, HubertModel


def compact_config() -> HubertConfig:
    """About 4 M parameters with hubert-base's frames: receptive field 400, stride 320, layer norm throughout."""
    return HubertConfig(
        conv_dim=(96, 160, 224, 256),
        conv_kernel=(30, 6, 5, 2),
        conv_stride=(10, 4, 4, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        num_conv_pos_embeddings=31,
        num_conv_pos_embedding_groups=8,
        do_stable_layer_norm=True,
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        feat_proj_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
        mask_time_prob=0.0,
    )


class Student(nn.Module):
    """A HubertModel with one linear head per teacher; the heads are dropped in the end."""

    def __init__(self, config: HubertConfig, dims: dict[str, int]) -> None:
        super().__init__()
        self.hubert = HubertModel(config)
        self.heads = nn.ModuleDict({name: nn.Linear(config.hidden_size, dim) for name, dim in dims.items()})
        first = self.hubert.get_parameter("feature_extractor.conv_layers.0.conv.weight")
        with torch.no_grad():
            # Speech is a few percent of full scale: without this the epsilon of the LayerNorm swallows it.
            first.mul_(16)

    def forward(self, windows: Tensor) -> dict[str, Tensor]:
        """(B, samples) -> by teacher (B, features, dim)."""
        hidden = self.hubert(windows).last_hidden_state
        return {name: head(hidden) for name, head in self.heads.items()}
