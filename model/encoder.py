"""The speech encoder: a frozen HuBERT, applied window by window."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from model import phones
from model.config import EncoderConfig
from model.fingerprint import fingerprint as of_weights
from model.phones import PhoneHead, loudness
from model.windows import OFFSET_HZ
from protocols.errors import FacewireError

HUBERT_BASE: Final = "facebook/hubert-base-ls960"
PINNED: Final = {HUBERT_BASE: "dba3bb02fda4248b6e082697eee756de8fe8aa8a"}
"""Commits of the hub encoders that facewire was written against."""


class Encoder(nn.Module):
    """A frozen `transformers.HubertModel` (stride 320, receptive field 400), and what it knows of phones."""

    def __init__(self, hubert: HubertModel, config: EncoderConfig, head: PhoneHead | None = None) -> None:
        super().__init__()
        self.hubert = hubert
        self.head = head
        self.requires_grad_(False).eval()
        self.config = config

    def encode(self, windows: Tensor) -> Tensor:
        """Features (B, frames, D) of windows (B, 320 * frames + 80) at 16 kHz."""
        return self.encode_layers(windows, ())[0]

    def encode_layers(self, windows: Tensor, layers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The features, and the hidden states of some layers, concatenated (B, frames, layers * hidden width).

        Layer 0 is the input of the first block. Features are the last layer's hidden states; those of an encoder that
        knows phones are its bottleneck, each phone's log-probability, and the loudness.
        """
        loud = loudness(windows) if self.head is not None else None
        if self.config.normalize:
            # Not layer_norm: its exported form is fixed to one window length.
            spread, mean = torch.var_mean(windows, -1, correction=0, keepdim=True)
            windows = (windows - mean) / (spread + 1e-7).sqrt()
        made = self.hubert(windows, output_hidden_states=bool(layers))
        features: Tensor = made.last_hidden_state
        if self.head is not None and loud is not None:
            features = torch.cat([self.head(features), loud], -1)
        hidden = [made.hidden_states[layer] for layer in layers] or [features[..., :0]]
        return features, torch.cat(hidden, -1)


def fingerprint(hubert: nn.Module, head: nn.Module | None = None) -> str:
    """Fingerprint of an encoder's weights (`model.fingerprint`)."""
    weights = hubert.state_dict() | {
        f"head.{name}": value for name, value in (head or nn.Module()).state_dict().items()
    }
    return of_weights({name: value.detach().cpu().numpy() for name, value in weights.items()})


def embed(hubert: HubertModel, head: PhoneHead | None = None, *, normalize: bool = False) -> Encoder:
    """Make an encoder whose weights will be stored in the checkpoint; rounds them to half precision, in place."""
    for part in (hubert, head or nn.Module()):
        for value in part.state_dict().values():
            value.copy_(value.half())
    config = _described(hubert, head, source="embedded", normalize=normalize, hubert=hubert.config.to_diff_dict())
    return Encoder(hubert, config, head)


def _described(network: HubertModel, head: PhoneHead | None, **others: Any) -> EncoderConfig:
    width = network.config.hidden_size
    others["highpass_hz"] = getattr(network.config, "highpass_hz", OFFSET_HZ)
    if head is not None:
        bottleneck = head.bottleneck.out_features
        others |= {"hidden": width, "bottleneck": bottleneck, "phones": head.names}
        width = bottleneck + len(head.names) + 1
    return EncoderConfig(sha256=fingerprint(network, head), width=width, **others)


def empty(config: EncoderConfig) -> Encoder:
    """The embedded encoder that `config` describes, with its weights still to be loaded."""
    head = PhoneHead(config.hidden_width, config.bottleneck, config.phones) if config.phones else None
    return Encoder(HubertModel(HubertConfig(**(config.hubert or {}))), config, head)


def pretrained(source: str | Path, revision: str | None = None) -> Encoder:
    """Load a HubertModel from a folder, or by its hub id from the local cache. Nothing is ever downloaded.

    Raises FacewireError with the command that fetches a missing one.
    """
    source = str(source)
    if not Path(source).exists():
        revision = revision or PINNED.get(source)
    try:
        hubert = HubertModel.from_pretrained(
            source,
            revision=revision or "main",
            local_files_only=True,
            dtype=torch.float32,  # windows are float32, whatever precision the weights were saved in
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise missing(f"encoder {source!r}", source, error, revision) from error
    head = phones.load(Path(source))
    if head is not None and head.bottleneck.in_features != hubert.config.hidden_size:
        raise FacewireError(f"{source}: {phones.FILE} belongs to another encoder; fetch or train both again")
    try:
        config = _described(hubert, head, source=source, revision=revision, normalize=_normalizes(source, revision))
    except ValidationError as error:
        raise FacewireError(f"{source}: its config.json cannot be used: {error}") from error
    return Encoder(hubert, config, head)


def missing(what: str, source: str, error: Exception, revision: str | None = None) -> FacewireError:
    """The error for a hub model that cannot be read on this machine, with the command that fetches it."""
    at = f" --revision {revision}" if revision else ""
    return FacewireError(
        f"{what} is not on this machine ({str(error).splitlines()[0]}).\n"
        f"Fetch it once with:  hf download {source}{at}\nor name a folder that contains it."
    )


def _normalizes(source: str, revision: str | None) -> bool:
    """Whether the encoder was trained on normalised windows; False if its preprocessor file is missing."""
    try:
        extractor = Wav2Vec2FeatureExtractor.from_pretrained(source, revision=revision or "main", local_files_only=True)
    except (OSError, ValueError):
        return False
    return bool(extractor.do_normalize)


def require(encoder: Encoder, wanted: EncoderConfig) -> Encoder:
    """Return the encoder if it is the one that the denoiser was trained on.

    Raises FacewireError, which names the right one if it is not.
    """
    if encoder.config.sha256 != wanted.sha256 or encoder.config.normalize != wanted.normalize:
        at = f" at revision {wanted.revision}" if wanted.revision else ""
        raise FacewireError(
            f"encoder {encoder.config.source!r} is not the one this checkpoint was trained on: "
            f"it wants {wanted.source!r}{at} (weights {wanted.sha256[:12]}, got {encoder.config.sha256[:12]}); "
            "pass the right one as --encoder"
        )
    return encoder
