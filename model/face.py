"""The face model: everything that a checkpoint holds, in one torch module."""

import torch
from torch import Tensor, nn

from model import sampler, schedule
from model.config import ModelConfig
from model.denoiser import Denoiser
from model.encoder import Encoder
from model.frames import frame_weights, heard
from model.identities import IdentityLibrary, VoiceProjection
from model.windows import WindowSpec
from protocols import blendshapes


class SpeechHead(nn.Module):
    """The weights of `model.speech.SpeechDetector`."""

    rest: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.inner = nn.Linear(len(config.ahead_ms) * config.encoder.width, config.speech_width)
        self.outer = nn.Linear(config.speech_width, 1)
        self.register_buffer("rest", torch.zeros(len(config.blendshapes)))


class FaceModel(nn.Module):
    """Encoder, denoiser, identities, and the statistics that standardise audio features and blendshapes."""

    audio_mean: Tensor
    audio_std: Tensor
    face_mean: Tensor
    face_std: Tensor
    amplitude: Tensor
    """(C,): `lip_amplitude` for jaw and mouth, 1 for the rest."""
    heard: Tensor
    """(lookaheads, K): 1 for the features that lie within each lookahead of the dial, else 0 (`model.frames.heard`)."""

    def __init__(self, config: ModelConfig, encoder: Encoder) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        self.denoiser = Denoiser(config)
        voice = config.voice.width if config.voice else 0
        channels = len(config.blendshapes)
        self.identities = IdentityLibrary(
            config.identities, config.identity_width, config.encoder.width, channels, voice
        )
        self.voice = VoiceProjection(config) if config.voice else None
        self.schedule = schedule.linear(config.schedule_steps, config.steps)
        self.register_buffer("audio_mean", torch.zeros(config.encoder.width))
        self.register_buffer("audio_std", torch.ones(config.encoder.width))
        self.register_buffer("face_mean", torch.zeros(channels))
        self.register_buffer("face_std", torch.ones(channels))
        amplitude = torch.ones(channels)
        amplitude[list(blendshapes.LIPS_27)] = config.lip_amplitude
        self.register_buffer("amplitude", amplitude, persistent=False)
        within = torch.from_numpy(heard(config.lookaheads_ms, config.ahead_ms))
        self.register_buffer("heard", within, persistent=False)
        self.speech = SpeechHead(config) if config.speech_width else None

    def lookahead_index(self, lookahead_ms: int) -> int:
        """Index of a lookahead on the dial. The caller has checked that the checkpoint was trained on it."""
        return self.config.lookaheads_ms.index(lookahead_ms)

    def features(self, windows: Tensor, window: WindowSpec) -> tuple[Tensor, Tensor]:
        """Standardised audio features (B, H * frames per hop, K, D) of windows (B, H, samples).

        Each frame gets the features at its own time and at later times, as far as the lookahead reaches
        (`ModelConfig.ahead_ms`): lips prepare for a sound long before it is heard, and a causal denoiser knows only
        what it is given.

        Also returns the encoder layers that voices are told apart by, (B, H, features per hop, layers * D) of each
        hop's own sound.
        """
        batch, hops, samples = windows.shape
        layers = self.config.voice.layers if self.config.voice else ()
        encoded, hidden = self.encoder.encode_layers(windows.reshape(-1, samples), layers)  # (B * H, features, …)
        kept = encoded[:, window.left_features - 1 :]
        frames = torch.from_numpy(frame_weights(window, self.config.fps, self.config.ahead_ms)).to(kept) @ kept
        dial = torch.full((batch,), self.lookahead_index(window.right_ms), device=frames.device)
        own = hidden[:, window.left_features : window.left_features + window.hop_features]
        return (
            self.standardised(frames.reshape(batch, -1, len(self.config.ahead_ms), frames.shape[-1]), dial),
            own.reshape(batch, hops, *own.shape[1:]),
        )

    def standardised(self, audio: Tensor, dial: Tensor) -> Tensor:
        """Standardise features (B, T, K, D) as the denoiser reads them.

        Those beyond the lookahead, given by its index on the dial (B,), become 0.
        """
        return (audio - self.audio_mean) / self.audio_std * self.heard[dial][:, None, :, None]

    def denoise(
        self, noise: Tensor, audio: Tensor, identity: Tensor, dial: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run all denoising steps from noise (B, T, C) to a face (B, T, C); also returns the next GRU states.

        Features are (B, T, K, D), identity features (B, T, D), the dial (B,), GRU states (steps, layers, B, hidden).

        The face does not have an identity's style yet: its scale and offset are applied later, and only then is the
        face clipped to [0, 1].
        """
        condition = self.denoiser.condition(audio, identity, dial)
        trail = list(sampler.sample(self.denoiser, self.schedule, noise, condition, hidden))
        return self.face(trail[-1][0]), torch.stack([memory for _, memory in trail])

    def face(self, x0: Tensor) -> Tensor:
        """Blendshapes (…, C) from standardised ones (…, C)."""
        return x0 * self.amplitude * self.face_std + self.face_mean
