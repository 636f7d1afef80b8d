"""The denoiser: causal GRUs that predict the clean face from a noisy face, the sound and the conditions."""

from typing import Final

import torch
from torch import Tensor, nn

from model import schedule
from model.config import ModelConfig
from protocols import blendshapes

_LIPS: Final = list(blendshapes.LIPS_27)
_REST: Final = [index for index in range(blendshapes.COUNT) if index not in blendshapes.LIPS_27]
REGIONS: Final = (_LIPS, _REST)
"""Channels of the two regions: jaw and mouth, and the rest of the face."""
_IN_ORDER: Final = [(_LIPS + _REST).index(index) for index in range(blendshapes.COUNT)]


class Region(nn.Module):
    """A region of the face with its own GRU. Nothing that is uncertain in one region can move another."""

    def __init__(self, inputs: int, hidden: int, layers: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.gru = nn.GRU(inputs, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, channels)

    def forward(self, given: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Network output for the region's channels (B, T, C) from inputs (B, T, inputs), and the next state."""
        hidden, state = self.gru(self.norm(given), None if state is None else state.contiguous())
        return self.out(hidden), state


class Denoiser(nn.Module):
    """Predicts x0 (DiffusionTalker, section 3.2) in standardised blendshapes. B sessions, T frames, C = 52.

    Strictly causal: only the GRU states link one frame to the next. Jaw and mouth have their own GRU. When they shared
    one with eyes and brows, the noise of those moved the mouth in silence.

    The network predicts only what x does not tell (Karras et al. 2022, section 5). If a face deviates by s from what
    the sound tells, x0 = (alpha s^2 x + sigma s sqrt(d) out) / d with d = alpha^2 s^2 + sigma^2. In the last steps x is
    almost the face, and the GRU's output is scaled down to the little that is missing. A GRU that had to copy all
    channels through its state made errors, and the face trembled. With s = 1, the standardised face itself, out is -v
    (Salimans and Ho 2022).
    """

    alpha_bar: Tensor
    """(T + 1,): alpha-bar of the schedule."""

    captured: Tensor
    """(C,): 0 for channels that no recording captured; they stay at their mean."""

    deviation: Tensor
    """(C,): s."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        channels, width = len(config.blendshapes), config.condition_width
        self.audio = nn.Sequential(
            nn.Linear(len(config.ahead_ms) * config.encoder.width, config.audio_width),
            nn.SiLU(),
            nn.Dropout(config.dropout),
        )
        self.identity = nn.Linear(config.encoder.width, width)
        self.lookahead = nn.Embedding(len(config.lookaheads_ms), width)
        self.step = nn.Embedding(config.schedule_steps, width)
        given = config.audio_width + 3 * width
        self.sizes = [config.hidden, config.hidden_upper]
        self.regions = self._regions([given + len(part) for part in REGIONS], config.layers)
        self.register_buffer("captured", torch.ones(channels))
        deviation = torch.ones(channels)
        deviation[_LIPS] = config.lip_deviation
        self.register_buffer("deviation", deviation, persistent=False)
        alpha_bar = schedule.linear(config.schedule_steps).alpha_bar.float()
        self.register_buffer("alpha_bar", alpha_bar, persistent=False)

    def condition(self, audio: Tensor, identity: Tensor, lookahead: Tensor) -> Tensor:
        """The condition (B, T, A) that all steps share.

        Its parts are standardised audio features (B, T, K, D), identity features (B, D), or (B, T, D) if the identity
        changes, and the lookahead's index on the dial (B,).
        """
        audio = audio.flatten(2)
        who = self.identity(identity if identity.dim() == audio.dim() else identity[:, None])
        dial = self.lookahead(lookahead)[:, None]
        return torch.cat([self.audio(audio), *(each.expand(-1, audio.shape[1], -1) for each in (who, dial))], -1)

    def forward(self, x: Tensor, condition: Tensor, t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Predict the clean face (B, T, C) from noisy x (B, T, C) at step t (B,), counted from 1.

        Returns the face and the next GRU state (layers, B, memory). A `state` of None starts afresh.
        """
        step = self.step(t - 1)[:, None].expand(-1, x.shape[1], -1)
        out, state = self._told([torch.cat([x[..., part], condition, step], -1) for part in REGIONS], state)
        alpha_bar = self.alpha_bar[t][:, None, None]
        alpha, sigma, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt(), self.deviation
        both = (alpha * s).square() + sigma.square()
        x0 = alpha * s.square() / both * x + sigma * s / both.sqrt() * out
        return x0 * self.captured, state

    def _regions(self, inputs: list[int], layers: int) -> nn.ModuleList:
        """One `Region` for each part of the face, with these numbers of inputs."""
        each = zip(inputs, self.sizes, REGIONS, strict=True)
        return nn.ModuleList(Region(width, hidden, layers, len(part)) for width, hidden, part in each)

    def _told(self, given: list[Tensor], state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Run each region on its inputs; returns the network output (B, T, C) and the next state."""
        parts = [None] * len(given) if state is None else torch.split(state, self.sizes, -1)
        each = [region(*both) for region, *both in zip(self.regions, given, parts, strict=True)]
        out, after = (torch.cat(parts, -1) for parts in zip(*each, strict=True))
        return out[..., _IN_ORDER], after
