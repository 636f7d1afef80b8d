"""The configuration that gives a checkpoint's weights their meaning; stored in its header, never in config.yaml."""

from itertools import product
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model import timbre
from model.windows import OFFSET_HZ, WindowSpec
from protocols import blendshapes


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderConfig(_Strict):
    """The speech encoder that the denoiser was trained on."""

    source: str
    """`embedded` (weights inside the checkpoint), or the hub id or folder name of a HubertModel."""
    revision: str | None = None
    """The hub's commit, for an encoder that is not embedded."""
    sha256: str
    """Fingerprint of the encoder's weights (`model.fingerprint`)."""
    width: int
    """D: size of a feature."""
    hidden: int = Field(default=0, ge=0)
    """Width of the encoder's layers, if it is not that of a feature."""
    bottleneck: int = Field(default=0, ge=0)
    """Width of the layer that phones are read from; 0 if the encoder knows no phones (`model.phones`)."""
    phones: tuple[str, ...] = ()
    """The phones that the encoder tells apart: a feature holds the bottleneck, the log-probability of each of them, and
    the loudness. Without phones it is the hidden state of the last layer."""
    normalize: bool = False
    """Whether each window is normalised to zero mean and unit variance before encoding, as some HuBERTs expect."""
    highpass_hz: float = Field(default=OFFSET_HZ, ge=0, lt=100)
    """What is lower was taken out of the sound that the encoder was trained on (`model.cleaning`): `OFFSET_HZ`, or
    `RUMBLE_HZ` for one that never heard rumble."""
    hubert: dict[str, Any] | None = None
    """The HubertConfig of an embedded encoder; None for any other."""

    @property
    def embedded(self) -> bool:
        """Whether the weights are in the checkpoint."""
        return self.hubert is not None

    @property
    def hidden_width(self) -> int:
        """Width of the encoder's layers."""
        return self.hidden or self.width

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.phones and (not self.hidden or self.width != self.bottleneck + len(self.phones) + 1):
            raise ValueError(f"width = {self.width}: is not bottleneck, phones and loudness")
        return self


class VoiceConfig(_Strict):
    """How voices are told apart (`model.voices`)."""

    layers: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Hidden states of the encoder that are pooled, in addition to `model.timbre`. 0 is the input of the first block, 1
    its output."""
    width: int = Field(gt=0)
    """V: size of a voice."""
    floor: float
    """Likeness (`model.voices.Projection`) below which a voice belongs to no identity."""
    others: int = Field(default=0, ge=0)
    """M: voices that belong to no identity, used to recognise strangers."""


class ModelConfig(_Strict):
    """Geometry, sizes and conditions of a face model."""

    encoder: EncoderConfig
    fps: int = 30
    """Animation frames per second. At 50, a frame is a feature of the encoder (`model.frames`)."""
    left_ms: int = 740
    hops_ms: tuple[int, ...] = (100,)
    """The dial of hops: those that the checkpoint was trained on."""
    hop_ms: int = 100
    """The default hop."""
    lookaheads_ms: tuple[int, ...] = (0, 40, 80, 160, 240)
    """The dial: the lookaheads that the checkpoint was trained on."""
    lookahead_ms: int = 160
    """The default lookahead."""
    blendshapes: tuple[str, ...] = blendshapes.NAMES
    schedule_steps: int = 32
    """T: steps of the teacher's noise schedule."""
    steps: int = 8
    """Denoising steps of this checkpoint; a divisor of T."""
    hidden: int = 256
    """Width of the GRU for jaw and mouth."""
    hidden_upper: int = 128
    """Width of the GRU for the rest of the face."""
    layers: int = 2
    audio_width: int = 128
    condition_width: int = 32
    """Width of the identity, step and lookahead embeddings at the GRUs' input."""
    identity_width: int = 32
    """E: size of an identity embedding."""
    identities: tuple[str, ...]
    voice: VoiceConfig | None = None
    """None if the checkpoint cannot tell voices apart."""
    speech_width: int = Field(default=0, ge=0)
    """Hidden units of the speech detector (`model.speech`); 0 if there is none."""
    mouth_only: bool = False
    """Whether only the mouth was learnt: eyes, brows, cheeks and nose are then performed (`model.performance`)."""
    dropout: float = 0.2
    """Dropout of the audio features, in training only."""
    noise_pole: float = 0.8
    """Pole of the noise filter (`model.noise`): the closer to 1, the smoother the noise in time."""
    noise_pole_upper: float = 0.8
    """The same for brows and eyes."""
    lip_deviation: float = Field(default=1.0, gt=0)
    """s of jaw and mouth (`model.denoiser`): how much they vary once the sound is known, relative to how much they vary
    at all."""
    lip_amplitude: float = Field(default=1.0, gt=0)
    """Factor on the motion of jaw and mouth. Each denoising step treats its own guess as evidence beside the sound, so
    a face sampled without noise moves a few per cent too much."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.schedule_steps % self.steps:
            raise ValueError(f"steps = {self.steps} does not divide schedule_steps = {self.schedule_steps}")
        if self.lookahead_ms not in self.lookaheads_ms:
            raise ValueError(f"lookahead_ms = {self.lookahead_ms} is not one of {list(self.lookaheads_ms)}")
        if self.blendshapes != blendshapes.NAMES:
            raise ValueError("blendshapes must be the 52 ARKit names in the order of protocols.blendshapes.NAMES")
        if self.hop_ms not in self.hops_ms:
            raise ValueError(f"hop_ms = {self.hop_ms} is not one of {list(self.hops_ms)}")
        for right_ms, hop_ms in product(self.lookaheads_ms, self.hops_ms):
            self.window(right_ms, hop_ms).frames_per_hop(self.fps)
        return self

    @property
    def ahead_ms(self) -> tuple[int, ...]:
        """How much later than a frame its K audio features are: 0, and each lookahead of the dial."""
        return tuple(sorted({0, *self.lookaheads_ms}))

    @property
    def voice_width(self) -> int:
        """W: numbers per feature that voices are told apart by, from the encoder's layers and the timbre; 0 if none."""
        return 0 if self.voice is None else len(self.voice.layers) * self.encoder.hidden_width + timbre.WIDTH

    @property
    def memory(self) -> int:
        """Width of the states of all GRUs together."""
        return self.hidden + self.hidden_upper

    @property
    def noise_poles(self) -> tuple[float, ...]:
        """Pole of each channel's noise (C,)."""
        upper = blendshapes.UPPER
        return tuple(
            self.noise_pole_upper if index in upper else self.noise_pole for index in range(len(self.blendshapes))
        )

    def window(self, lookahead_ms: int | None = None, hop_ms: int | None = None) -> WindowSpec:
        """The window with this lookahead and this hop; None: the default ones."""
        right_ms = self.lookahead_ms if lookahead_ms is None else lookahead_ms
        return WindowSpec(self.left_ms, hop_ms or self.hop_ms, right_ms, self.encoder.highpass_hz)
