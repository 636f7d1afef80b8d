"""What gives a checkpoint's weights their meaning; stored in the checkpoint's header, never in config.yaml."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model import timbre
from model.windows import WindowSpec
from protocols import blendshapes


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderConfig(_Strict):
    """Which speech encoder the denoiser was trained on."""

    source: str
    """`embedded` (weights inside the checkpoint), or a HubertModel's hub id or folder name."""
    revision: str | None = None
    """The hub's commit, for an encoder that is not embedded."""
    sha256: str
    """Fingerprint of the encoder's weights."""
    width: int
    """D: size of one feature."""
    normalize: bool = False
    """Zero mean and unit variance per window before encoding, as some HuBERTs were trained."""
    hubert: dict[str, Any] | None = None
    """The embedded encoder's HubertConfig."""

    @property
    def embedded(self) -> bool:
        """Whether the weights are in the checkpoint."""
        return self.hubert is not None


class VoiceConfig(_Strict):
    """How voices are told apart (`model.voices`)."""

    layers: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """The encoder's hidden states that are pooled, beside `model.timbre`: 0 before its first block, 1 behind that."""
    width: int = Field(gt=0)
    """V: size of a voice."""
    floor: float
    """Likeness (`model.voices.Projection`) below which a voice is none of the identities'."""
    others: int = Field(default=0, ge=0)
    """M: voices that are nobody's identity, to tell strangers by."""


class ModelConfig(_Strict):
    """Geometry, sizes and conditions of one face model."""

    encoder: EncoderConfig
    fps: int = 30
    """Frames of animation per second."""
    left_ms: int = 740
    hop_ms: int = 100
    lookaheads_ms: tuple[int, ...] = (0, 40, 80, 160, 240)
    """The dial: lookaheads that the checkpoint was trained on."""
    lookahead_ms: int = 160
    """The lookahead where the user chooses none."""
    blendshapes: tuple[str, ...] = blendshapes.NAMES
    schedule_steps: int = 32
    """T: steps of the teacher's noise schedule."""
    steps: int = 8
    """Denoising steps of this checkpoint: a divisor of T."""
    hidden: int = 256
    """Width of the GRU that moves jaw and mouth."""
    hidden_upper: int = 128
    """Width of that for the rest of the face."""
    layers: int = 2
    audio_width: int = 128
    condition_width: int = 32
    """Width of the identity, step and lookahead embeddings as the GRU sees them."""
    identity_width: int = 32
    """E: size of an identity embedding."""
    identities: tuple[str, ...]
    voice: VoiceConfig | None = None
    """None where the checkpoint tells no voices apart."""
    speech_width: int = Field(default=0, ge=0)
    """Hidden units of what tells speech from other sounds (`model.speech`); 0 where nothing does."""
    dropout: float = 0.2
    """Dropout of the audio feature, in training only."""
    noise_pole: float = 0.8
    """How smooth the noise is in time (`model.noise`)."""
    noise_pole_upper: float = 0.8
    """The same for brows and eyes."""
    lip_deviation: float = Field(default=1.0, gt=0)
    """How much the lips may differ once the sound is known, of how much they differ at all (`model.denoiser`)."""
    lip_amplitude: float = Field(default=1.0, gt=0)
    """How much of its motion jaw and mouth show: every denoising step takes its own guess for evidence beside the
    sound, so that what is sampled without noise comes out some hundredths too large."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.schedule_steps % self.steps:
            raise ValueError(f"steps = {self.steps} does not divide schedule_steps = {self.schedule_steps}")
        if self.lookahead_ms not in self.lookaheads_ms:
            raise ValueError(f"lookahead_ms = {self.lookahead_ms} is not one of {list(self.lookaheads_ms)}")
        if self.blendshapes != blendshapes.NAMES:
            raise ValueError("blendshapes are not the 52 ARKit names in this program's order")
        for right_ms in self.lookaheads_ms:
            self.window(right_ms).frames_per_hop(self.fps)
        return self

    @property
    def ahead_ms(self) -> tuple[int, ...]:
        """How much later than a frame its K audio features are: not at all, and by each lookahead of the dial."""
        return tuple(sorted({0, *self.lookaheads_ms}))

    @property
    def voice_width(self) -> int:
        """W: numbers per feature that voices are told by, of the encoder's layers and of the sound itself."""
        return 0 if self.voice is None else len(self.voice.layers) * self.encoder.width + timbre.WIDTH

    @property
    def memory(self) -> int:
        """Width of the state of all GRUs."""
        return self.hidden + self.hidden_upper

    @property
    def noise_poles(self) -> tuple[float, ...]:
        """How smooth the noise of each channel is (C,)."""
        upper = blendshapes.UPPER
        return tuple(
            self.noise_pole_upper if index in upper else self.noise_pole for index in range(len(self.blendshapes))
        )

    def window(self, lookahead_ms: int | None = None) -> WindowSpec:
        """The window with this lookahead, or the default one."""
        return WindowSpec(self.left_ms, self.hop_ms, self.lookahead_ms if lookahead_ms is None else lookahead_ms)
