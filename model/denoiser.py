"""The talker: causal GRUs that read a noisy face, the sound and the conditions, and predict the clean face."""

from typing import Final

import torch
from torch import Tensor, nn

from model import schedule
from model.config import ModelConfig
from protocols import blendshapes

_LIPS: Final = list(blendshapes.LIPS_27)
_REST: Final = [index for index in range(blendshapes.COUNT) if index not in blendshapes.LIPS_27]
REGIONS: Final = (_LIPS, _REST)
"""Jaw and mouth, and the rest of the face."""
_IN_ORDER: Final = [(_LIPS + _REST).index(index) for index in range(blendshapes.COUNT)]


class Region(nn.Module):
    """A part of the face with a memory of its own: what is left open in it is nothing to the others."""

    def __init__(self, inputs: int, hidden: int, layers: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.gru = nn.GRU(inputs, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, channels)

    def forward(self, given: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """What the region's channels (B, T, C) are told, given (B, T, inputs), and the next state."""
        hidden, state = self.gru(self.norm(given), None if state is None else state.contiguous())
        return self.out(hidden), state


class Denoiser(nn.Module):
    """x0 prediction (DiffusionTalker, section 3.2) in standardised blendshapes; B sessions, T frames, C = 52.

    Strictly causal: nothing but the GRUs' states links one frame to the next. The mouth has one of its own: where it
    shared that of eyes and brows, their noise moved it in silence.

    The network gives only what x does not tell (Karras et al. 2022, section 5): for a face that deviates by s from
    what the sound tells, x0 = (alpha s^2 x + sigma s sqrt(d) out) / d with d = alpha^2 s^2 + sigma^2. Near the end x is
    almost the face, and what the GRU adds is scaled by the little that is missing; where it had to copy all channels
    through its state, its errors made the face tremble. With s = 1, the standardised face itself, out is -v (Salimans
    and Ho 2022).
    """

    alpha_bar: Tensor
    """(T + 1,): the schedule's noise levels."""

    captured: Tensor
    """(C,): 0 for channels that no recording showed; they stay at their mean."""

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
        """What all steps share, (B, T, A): standardised audio (B, T, K, D), identity features, dial index (B,).

        The identity is (B, D), or (B, T, D) where it changes.
        """
        audio = audio.flatten(2)
        who = self.identity(identity if identity.dim() == audio.dim() else identity[:, None])
        dial = self.lookahead(lookahead)[:, None]
        return torch.cat([self.audio(audio), *(each.expand(-1, audio.shape[1], -1) for each in (who, dial))], -1)

    def forward(self, x: Tensor, condition: Tensor, t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Clean face (B, T, C) from noisy x (B, T, C) at step t (B,), 1-based, and the GRUs' next state.

        The state is (layers, B, memory); None starts afresh.
        """
        step = self.step(t - 1)[:, None].expand(-1, x.shape[1], -1)
        out, state = self._told([torch.cat([x[..., part], condition, step], -1) for part in REGIONS], state)
        alpha_bar = self.alpha_bar[t][:, None, None]
        alpha, sigma, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt(), self.deviation
        both = (alpha * s).square() + sigma.square()
        x0 = alpha * s.square() / both * x + sigma * s / both.sqrt() * out
        return x0 * self.captured, state

    def _regions(self, inputs: list[int], layers: int) -> nn.ModuleList:
        """One of each, given so many inputs."""
        each = zip(inputs, self.sizes, REGIONS, strict=True)
        return nn.ModuleList(Region(width, hidden, layers, len(part)) for width, hidden, part in each)

    def _told(self, given: list[Tensor], state: Tensor | None) -> tuple[Tensor, Tensor]:
        """What each region makes of what it is given, (B, T, C), and the next state."""
        parts = [None] * len(given) if state is None else torch.split(state, self.sizes, -1)
        each = [region(*both) for region, *both in zip(self.regions, given, parts, strict=True)]
        out, after = (torch.cat(parts, -1) for parts in zip(*each, strict=True))
        return out[..., _IN_ORDER], after
