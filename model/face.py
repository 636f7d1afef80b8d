"""A face model: everything a checkpoint holds, as one module."""

import torch
from torch import Tensor, nn

from model import schedule
from model.config import ModelConfig
from model.denoiser import Denoiser
from model.encoder import Encoder
from model.identities import IdentityLibrary
from model.windows import FEATURE_MS


class FaceModel(nn.Module):
    """Encoder, denoiser, identities and the statistics that standardise sound and face."""

    audio_mean: Tensor
    audio_std: Tensor
    face_mean: Tensor
    face_std: Tensor

    def __init__(self, config: ModelConfig, encoder: Encoder) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        self.denoiser = Denoiser(config)
        self.identities = IdentityLibrary(config.identities, config.identity_width, config.encoder.width)
        self.schedule = schedule.linear(config.schedule_steps, config.steps)
        channels = len(config.blendshapes)
        self.register_buffer("audio_mean", torch.zeros(config.encoder.width))
        self.register_buffer("audio_std", torch.ones(config.encoder.width))
        self.register_buffer("face_mean", torch.zeros(channels))
        self.register_buffer("face_std", torch.ones(channels))

    def lookahead_index(self, lookahead_ms: int) -> int:
        """Position on the dial. The caller has checked that it is one of the trained lookaheads."""
        return self.config.lookaheads_ms.index(lookahead_ms)

    def features(self, windows: Tensor, lookahead_ms: int) -> Tensor:
        """Standardised audio features at the frames' times: (B, H, samples) windows to (B, H * frames per hop, D)."""
        batch, _, samples = windows.shape
        window = self.config.window(lookahead_ms)
        encoded = self.encoder.encode(windows.reshape(-1, samples))  # (B * H, features, D)
        first = window.left_features - 1
        kept = encoded[:, first : first + window.hop_features + 1]
        frames = frame_weights(window.hop_ms, self.config.fps).to(kept) @ kept
        return (frames.reshape(batch, -1, frames.shape[-1]) - self.audio_mean) / self.audio_std

    def face(self, x0: Tensor) -> Tensor:
        """Blendshapes in [0, 1] from standardised ones, (…, C)."""
        return (x0 * self.face_std + self.face_mean).clamp(0, 1)


def frame_weights(hop_ms: int, fps: int) -> Tensor:
    """Linear interpolation (frames per hop, hop features + 1) from features at 50 Hz to frames, on absolute time.

    Row k is the frame at 1000 k / fps ms of the hop; column i the feature centred at 20 (i - 1) + 12.5 ms, so
    that column 0 belongs to the window's past. The same for every hop: nothing depends on a clip's length.
    """
    frames, columns = hop_ms * fps // 1000, hop_ms // FEATURE_MS + 1
    times_ms = torch.arange(frames, dtype=torch.float64) * 1000 / fps
    centres_ms = FEATURE_MS * (torch.arange(columns, dtype=torch.float64) - 1) + 12.5
    distance = (times_ms[:, None] - centres_ms[None]).abs() / FEATURE_MS
    return (1 - distance).clamp(min=0).float()
