"""A recipe: everything that defines a run except where data and output lie, from features to the last student."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.checked import read, validated
from model.config import ModelConfig
from protocols.errors import FacewireError

FOLDER: Final = Path(__file__).parent / "recipes"
"""The recipes that ship, each under its name."""
SCHEDULE_STEPS: Final = 32
"""Fewest steps of a noise schedule; scaled to fewer, its betas would exceed 1. A model with fewer steps skips some."""

_Count = Annotated[int, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Weight = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSettings(_Strict):
    """Settings of `features`."""

    encoder: str | None
    """Hub id of a HubertModel; null: the encoder of the face that ships."""
    embed: bool
    """Whether checkpoints contain the encoder, or only its name and hash."""
    lookaheads_ms: tuple[Annotated[int, Field(ge=0, multiple_of=20)], ...]
    """The lookaheads that the checkpoint offers; each passage is encoded with one of them."""
    lookahead_ms: int
    """The default lookahead: one of them."""
    fps: Annotated[int, Field(gt=0)]
    """Frames per second of the face; 50: a frame for every feature."""
    left_ms: Annotated[int, Field(gt=0, multiple_of=20)]
    """What the encoder hears before a hop."""
    hops_ms: tuple[Annotated[int, Field(gt=0, multiple_of=20)], ...]
    """The hops that the checkpoint offers; each passage is encoded with one of them."""
    hop_ms: int
    """The default hop: one of them."""
    shards: _Count
    passages: _Count
    """Passages of 18 s per shard."""
    quiet: Annotated[float, Field(ge=0, le=1)]
    """Share of passages without speech."""

    @model_validator(mode="after")
    def _on_the_dial(self) -> Self:
        if self.lookahead_ms not in self.lookaheads_ms:
            raise ValueError(f"lookahead_ms = {self.lookahead_ms} is not one of {list(self.lookaheads_ms)}")
        if self.hop_ms not in self.hops_ms:
            raise ValueError(f"hop_ms = {self.hop_ms} is not one of {list(self.hops_ms)}")
        if wrong := [hop_ms for hop_ms in self.hops_ms if hop_ms * self.fps % 1000]:
            raise ValueError(f"hops_ms: {wrong} are not whole frames at {self.fps} fps")
        return self


class ModelSettings(_Strict):
    """The parts of the denoiser that a recipe decides. Its other sizes are those of `ModelConfig`, the paper's."""

    denoising_steps: _Count
    """Of the teacher: a divisor of 32, or more than 32."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Of the audio feature, in training."""
    noise_pole: Annotated[float, Field(ge=0, lt=1)]
    """How smooth the noise is in time; 0 is white."""
    noise_pole_upper: Annotated[float, Field(ge=0, lt=1)]
    """The same for brows and eyes."""
    lip_deviation: Annotated[float, Field(gt=0)]
    """How much of the lips' variance the sound leaves undecided; 1: all of it (`model.denoiser`)."""

    lip_amplitude: Annotated[float, Field(gt=0)]
    """A factor on the motion of the finished jaw and mouth; it has no part in training."""
    mouth_only: bool
    """Whether eyes, brows, cheeks and nose are performed at run time (`model.performance`) instead of those learnt."""

    def applied(self, config: ModelConfig) -> ModelConfig:
        """The model configuration with these settings. Raises FacewireError for an impossible number of steps."""
        total = max(SCHEDULE_STEPS, self.denoising_steps)
        if total % self.denoising_steps:
            raise FacewireError(f"{self.denoising_steps} denoising steps: fewer than {total} must divide {total}")
        changed = {"steps": self.denoising_steps, "schedule_steps": total}
        kept = ("dropout", "noise_pole", "noise_pole_upper", "lip_deviation", "lip_amplitude", "mouth_only")
        return config.model_copy(update=changed | {name: getattr(self, name) for name in kept})


@dataclass(frozen=True)
class LossWeights:
    """lambda 1 to 5 of equations 10 and 11; the defaults are the paper's. 0 leaves a term out."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    expression: _Weight = 1.0
    lip: _Weight = 1.0
    contrast: _Weight = 0.007
    velocity: _Weight = 0.5
    distillation: _Weight = 0.1
    """Used beside the other losses; on its own, the distillation loss counts in full."""


@dataclass(frozen=True)
class FitSettings:
    """How a denoiser is trained. Step n of a run depends on these settings and n alone."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    steps: _Count
    batch: _Count
    """Passages per step, over all processes."""
    segment_frames: _Count
    """Frames of the longest segment."""
    shortest_frames: _Count
    """Frames of the shortest segment: each step draws a length between the two."""
    carried: _Count
    """Consecutive segments of a passage through which the GRU state is carried."""
    learning_rate: Annotated[float, Field(gt=0)]
    rate: Literal["cycle", "constant"]
    """One cycle up to the learning rate and down to 0, or a constant learning rate."""
    clip_norm: Annotated[float, Field(gt=0)]
    starts: _Share
    """Share of steps that begin at the start of their passages; the others begin anywhere."""
    reset: _Share
    """Share of passages whose state is reset before a segment."""
    unknown: _Share
    """Share of passages told the mean identity. Their face is in the mean identity's units, too, unless the data has
    strangers; then it stays in the speaker's own."""
    exchanged: _Share
    """Share of passages that are given another speaker's identity while their face stays in the speaker's own units. So
    an identity gives any sound its own scale and offset, whatever the sound reveals of the speaker."""
    lip_noise: Annotated[float, Field(gt=0)]
    """Factor on the lips' noise in training; with more noise they rely more on the sound."""
    jaw: Annotated[float, Field(gt=0)]
    """Factor on the weight of jawOpen, the shape that a viewer notices first."""
    ema: Annotated[float, Field(ge=0, lt=1)]
    """Decay of the moving average of the weights."""
    seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.shortest_frames > self.segment_frames:
            raise ValueError(f"shortest_frames = {self.shortest_frames} is more than segment_frames")


class DistillSettings(_Strict):
    """Settings of `distill` that differ from those of `fit`."""

    to: Literal[1, 2, 4, 8, 16]
    """Denoising steps of the last student."""
    steps: _Count
    """Training steps for each halving."""
    learning_rate: Annotated[float, Field(gt=0)]
    beside: bool
    """Whether the other losses are used as well, as in the paper, or the distillation loss alone."""


class Recipe(_Strict):
    """A whole recipe."""

    features: FeatureSettings
    model: ModelSettings
    losses: LossWeights
    fit: FitSettings
    distill: DistillSettings

    def changed(self, over: Mapping[str, object]) -> "Recipe":
        """A copy with other values, by names such as `fit.steps`; None leaves the recipe's own."""
        values = self.model_dump()
        for name, value in over.items():
            if value is not None:
                section, _, key = name.partition(".")
                values[section][key] = value
        return validated(Recipe, values, "the command line")

    def student(self) -> FitSettings:
        """How each student is trained: with the noise that its teacher has at run time."""
        return replace(self.fit, steps=self.distill.steps, learning_rate=self.distill.learning_rate, lip_noise=1.0)

    def others(self) -> LossWeights | None:
        """The losses used beside the distillation loss, if any."""
        return self.losses if self.distill.beside else None

    def told(self, *sections: str) -> dict[str, Any]:
        """Some sections, as a checkpoint records them."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name in sections}


def shipped() -> list[str]:
    """The names of the recipes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(source: str | Path) -> Recipe:
    """A recipe that ships, by name, or one from a file. Raises FacewireError that lists everything that is wrong."""
    path = FOLDER / f"{source}.yaml" if str(source) in shipped() else Path(source)
    if not path.is_file():
        known = ", ".join(shipped())
        raise FacewireError(f"recipe {source}: neither a file nor one of those that ship ({known})")
    return validated(Recipe, read(path), str(path))
