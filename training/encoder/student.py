"""The network of the compact speech encoder: a small HuBERT, with heads that are only needed in training."""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import HubertConfig, HubertModel

from model.encoder import Encoder
from model.phones import PhoneHead
from model.windows import RUMBLE_HZ
from protocols.errors import FacewireError
from training.phones.table import PHONES

OURS: Final[dict[str, Any]] = {"highpass_hz": RUMBLE_HZ}
"""Kept in config.json beside what transformers knows: how `training.encoder.batches` cleans the sound."""
BOTTLENECK: Final = 48
"""Width of the layer that phones are read from."""


def compact_config(layers: int = 4) -> HubertConfig:
    """hubert-base's frames: receptive field 400, stride 320, layer norm throughout. 4 layers are 4 M parameters."""
    return HubertConfig(
        conv_dim=(96, 160, 224, 256),
        conv_kernel=(30, 6, 5, 2),
        conv_stride=(10, 4, 4, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        hidden_size=256,
        num_hidden_layers=layers,
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
        **OURS,
    )


class Student(nn.Module):
    """A HubertModel with one linear head per teacher, and one for phones, whose bottleneck the teachers' read, too.

    The teachers' heads are dropped in the end, and so is the one for phones ahead.
    """

    def __init__(self, config: HubertConfig, dims: dict[str, int], *, times: int = 0) -> None:
        """`times`: how many times phones are told for, the first of them now; 0: no phones."""
        super().__init__()
        self.hubert = HubertModel(config)
        # A denoiser reads the bottleneck, so it has to hold what the teachers know, too.
        read = BOTTLENECK if times else config.hidden_size
        self.heads = nn.ModuleDict({name: nn.Linear(read, dim) for name, dim in dims.items()})
        self.head = PhoneHead(config.hidden_size, BOTTLENECK, PHONES) if times else None
        self.ahead = nn.Linear(BOTTLENECK, (times - 1) * len(PHONES)) if times > 1 else None
        first = self.hubert.get_parameter("feature_extractor.conv_layers.0.conv.weight")
        with torch.no_grad():
            # Speech is a few percent of full scale: without this the epsilon of the LayerNorm swallows it.
            first.mul_(16)

    def begin_as(self, start: Encoder) -> None:
        """Begin with the weights of another encoder that has no more layers; further ones change nothing at first.

        Raises FacewireError for one of another shape, or that knows other phones.
        """
        if self.head is not None and start.head is not None and _reads(self.head) != _reads(start.head):
            raise FacewireError(f"{start.config.source}: an encoder that knows other phones, or in another order")
        try:
            missing, unknown = self.hubert.load_state_dict(start.hubert.state_dict(), strict=False)
            if self.head is not None and start.head is not None:
                self.head.load_state_dict(start.head.state_dict())
        except RuntimeError as error:
            raise FacewireError(f"{start.config.source}: an encoder of another shape: {error}") from error
        if unknown:
            raise FacewireError(f"{start.config.source}: an encoder with more layers than the one to be trained")
        for name in missing:
            if name.endswith(("out_proj.weight", "out_proj.bias", "output_dense.weight", "output_dense.bias")):
                nn.init.zeros_(self.hubert.get_parameter(name))

    def forward(self, windows: Tensor) -> tuple[dict[str, Tensor], Tensor | None]:
        """By teacher (B, features, dim), and phones' logits (B, features, times, P); of windows (B, samples)."""
        hidden = self.hubert(windows).last_hidden_state
        if self.head is None:
            return {name: head(hidden) for name, head in self.heads.items()}, None
        narrow = functional.silu(self.head.bottleneck(hidden))
        by_teacher = {name: head(narrow) for name, head in self.heads.items()}
        told = [self.head.phones(narrow)] + ([] if self.ahead is None else [self.ahead(narrow)])
        return by_teacher, torch.cat(told, -1).reshape(*narrow.shape[:2], -1, len(PHONES))


def _reads(head: PhoneHead) -> tuple[tuple[str, ...], int]:
    """The phones that a head reads, in order, and the width that it reads them from."""
    return head.names, head.bottleneck.out_features
