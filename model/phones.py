"""What an encoder knows of phones: a head on its last layer that reads them by way of a narrow bottleneck.

A denoiser that is given phones instead of hidden states follows a stranger's lips: which phone it is says more about
lips than the voice does, and the hidden states of voices that nobody trained on lie elsewhere.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from model.windows import FEATURE_SAMPLES, RECEPTIVE_SAMPLES
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

FILE: Final = "phones.safetensors"
"""The head, in an encoder's folder beside transformers' own files."""

LEAST: Final = -10.0
"""Lowest log-probability: below it the differences mean nothing."""
LOUDNESS_DB: Final = 20.0
"""Unit of the loudness."""
_QUIETEST: Final = 1e-6
"""Added to a feature's mean square: -60 dB."""


class PhoneHead(nn.Module):
    """Reads the P phones with these names from hidden states, by way of a bottleneck of W numbers."""

    def __init__(self, hidden: int, bottleneck: int, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.bottleneck = nn.Linear(hidden, bottleneck)
        self.phones = nn.Linear(bottleneck, len(self.names))

    def forward(self, hidden: Tensor) -> Tensor:
        """The bottleneck and each phone's log-probability (B, T, W + P), from hidden states (B, T, hidden)."""
        narrow = self.bottleneck(hidden)
        told = functional.log_softmax(self.phones(functional.silu(narrow)), -1)
        return torch.cat([narrow, told.clamp(min=LEAST)], -1)


def loudness(windows: Tensor) -> Tensor:
    """Loudness (B, features, 1) of the samples that each feature sees, in units of 20 dB, from windows (B, samples)."""
    power = functional.avg_pool1d(windows.square()[:, None], RECEPTIVE_SAMPLES, FEATURE_SAMPLES)
    return (power + _QUIETEST).log10().transpose(1, 2) * (10 / LOUDNESS_DB)


def save(head: PhoneHead, folder: Path) -> None:
    """Write a head into an encoder's folder."""
    with complete_or_not_at_all(folder / FILE) as partial:
        weights = {name: value.contiguous() for name, value in head.state_dict().items()}
        save_file(weights, partial, {"phones": json.dumps(head.names)})


def load(folder: Path) -> PhoneHead | None:
    """The head in an encoder's folder; None if it has none. Raises FacewireError for a broken one."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {})["phones"])
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        width, hidden = weights["bottleneck.weight"].shape
        head = PhoneHead(hidden, width, [str(name) for name in names])
        head.load_state_dict(weights)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise FacewireError(f"{path}: not the phones of an encoder: {error}") from error
    return head
