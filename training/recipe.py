"""A recipe: what defines a run, from features to the last student. Where data and output lie, the command line says."""

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
"""Fewest steps of a noise schedule: scaled to fewer, its betas would exceed 1. Fewer denoising steps skip some."""

_Count = Annotated[int, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Weight = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSettings(_Strict):
    """What `features` makes."""

    encoder: str | None
    """Hub id of a HubertModel; null: the encoder of the face that ships."""
    embed: bool
    """Whether checkpoints hold the encoder, or its name and hash only."""
    lookaheads_ms: tuple[Annotated[int, Field(ge=0, multiple_of=20)], ...]
    """The dial of the checkpoint; each passage is encoded for one of them."""
    lookahead_ms: int
    """The lookahead where the user chooses none: one of them."""
    shards: _Count
    passages: _Count
    """Passages of 18 s per shard."""
    quiet: Annotated[float, Field(ge=0, le=1)]
    """Share of passages without speech."""

    @model_validator(mode="after")
    def _on_the_dial(self) -> Self:
        if self.lookahead_ms not in self.lookaheads_ms:
            raise ValueError(f"lookahead_ms = {self.lookahead_ms} is not one of {list(self.lookaheads_ms)}")
        return self


class ModelSettings(_Strict):
    """What a recipe decides about the denoiser. Its other sizes, the paper's, are those of `ModelConfig`."""

    denoising_steps: _Count
    """Of the teacher: a divisor of 32, or more than 32."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Of the audio feature, in training."""
    noise_pole: Annotated[float, Field(ge=0, lt=1)]
    """How smooth the noise is in time; 0: white."""
    noise_pole_upper: Annotated[float, Field(ge=0, lt=1)]
    """The same for brows and eyes."""
    lip_deviation: Annotated[float, Field(gt=0)]
    """How much of the lips' variety the sound leaves open; 1: all of it (`model.denoiser`)."""

    lip_amplitude: Annotated[float, Field(gt=0)]
    """How much of its motion the finished jaw and mouth show; training knows nothing of it."""

    def applied(self, config: ModelConfig) -> ModelConfig:
        """The same model with these settings. Raises FacewireError for a number of steps that is no number of them."""
        total = max(SCHEDULE_STEPS, self.denoising_steps)
        if total % self.denoising_steps:
            raise FacewireError(f"{self.denoising_steps} denoising steps: fewer than {total} must divide {total}")
        changed = {"steps": self.denoising_steps, "schedule_steps": total}
        kept = ("dropout", "noise_pole", "noise_pole_upper", "lip_deviation", "lip_amplitude")
        return config.model_copy(update=changed | {name: getattr(self, name) for name in kept})


@dataclass(frozen=True)
class LossWeights:
    """lambda 1 to 5 of equations 10 and 11; by default the paper's. 0 leaves a term out."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    expression: _Weight = 1.0
    lip: _Weight = 1.0
    contrast: _Weight = 0.007
    velocity: _Weight = 0.5
    distillation: _Weight = 0.1
    """Beside the other losses; where it is the only one it counts in full."""


@dataclass(frozen=True)
class FitSettings:
    """How a denoiser is trained. Step n of a run is a function of these and n alone."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    steps: _Count
    batch: _Count
    """Passages per step, of all processes together."""
    segment_frames: _Count
    """Frames of the longest segment."""
    shortest_frames: _Count
    """Frames of the shortest: a step draws how long its segments are."""
    carried: _Count
    """Consecutive segments through which a passage carries its GRU state."""
    learning_rate: Annotated[float, Field(gt=0)]
    rate: Literal["cycle", "constant"]
    """One cycle up to the learning rate and down to 0, or that rate throughout."""
    clip_norm: Annotated[float, Field(gt=0)]
    starts: _Share
    """Share of steps that see the beginning of their streams; the others begin anywhere in them."""
    reset: _Share
    """Share of passages whose state is reset before a segment."""
    unknown: _Share
    """Share of passages that are trained with the mean identity."""
    exchanged: _Share
    """Share of passages that are told another's identity, drawn as the passages are, their face in the speaker's own
    units: so an identity gives another's sound its scale and offset, whatever the sound tells of who speaks."""
    lip_noise: Annotated[float, Field(gt=0)]
    """How much more noise there is on the lips in training than in use: more, and they trust the sound more."""
    jaw: Annotated[float, Field(gt=0)]
    """How much more jawOpen counts than another shape: it is what one sees first."""
    ema: Annotated[float, Field(ge=0, lt=1)]
    """How much of the moving average of the weights remains after a step."""
    seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.shortest_frames > self.segment_frames:
            raise ValueError(f"shortest_frames = {self.shortest_frames} is more than segment_frames")


class DistillSettings(_Strict):
    """What `distill` does where it differs from `fit`."""

    to: Literal[1, 2, 4, 8, 16]
    """Denoising steps of the last student."""
    steps: _Count
    """Training steps for each halving."""
    learning_rate: Annotated[float, Field(gt=0)]
    beside: bool
    """Train by the other losses as well, as the paper does; else by the distillation loss alone."""


class Recipe(_Strict):
    """All of a run."""

    features: FeatureSettings
    model: ModelSettings
    losses: LossWeights
    fit: FitSettings
    distill: DistillSettings

    def changed(self, over: Mapping[str, object]) -> "Recipe":
        """The recipe with other values, by names like `fit.steps`; None leaves the recipe's own."""
        values = self.model_dump()
        for name, value in over.items():
            if value is not None:
                section, _, key = name.partition(".")
                values[section][key] = value
        return validated(Recipe, values, "the command line")

    def student(self) -> FitSettings:
        """How each student is trained: on the noise of its teacher in use."""
        return replace(self.fit, steps=self.distill.steps, learning_rate=self.distill.learning_rate, lip_noise=1.0)

    def others(self) -> LossWeights | None:
        """The losses beside the distillation loss, if there are any."""
        return self.losses if self.distill.beside else None

    def told(self, *sections: str) -> dict[str, Any]:
        """Some sections as a checkpoint tells them."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name in sections}


def shipped() -> list[str]:
    """The names of the recipes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(source: str | Path) -> Recipe:
    """A recipe that ships, by its name, or one in a file. Raises FacewireError that tells all that is wrong at once."""
    path = FOLDER / f"{source}.yaml" if str(source) in shipped() else Path(source)
    if not path.is_file():
        known = ", ".join(shipped())
        raise FacewireError(f"recipe {source}: neither a file nor one of those that ship ({known})")
    return validated(Recipe, read(path), str(path))
