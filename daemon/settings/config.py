"""The settings of the live program: config.yaml, and the command line over it."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from model import checked
from protocols import livelink, sinks
from protocols.errors import FacewireError

DEFAULT_FILE: Final = Path("config.yaml")
"""Read from the working folder if no other file is named."""
LONGEST_LATENCY_MS: Final = 5000


def _sink_url(url: str) -> str:
    try:
        sinks.parse(url)
    except FacewireError as error:
        raise ValueError(str(error)) from error
    return url


def _one_at_least(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not urls:
        raise ValueError("name one receiver at least, like vmc://127.0.0.1:39539")
    return urls


def _latency(value: object) -> object:
    """`auto` or a number, which the command line gives as text. Raises ValueError for anything else."""
    if value == "auto" or (type(value) is int and 0 < value <= LONGEST_LATENCY_MS):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and 0 < int(value) <= LONGEST_LATENCY_MS:
        return int(value)
    raise ValueError(f"must be auto or whole milliseconds, 1 to {LONGEST_LATENCY_MS}")


def _listened(source: str) -> str:
    if source in ("auto", "mic", "mic:", "demo", "-", ""):
        raise ValueError("must be mic:NAME or a sound file")
    return source


def _subject(name: str) -> str:
    try:
        return livelink.Options(name).subject
    except FacewireError as error:
        raise ValueError(str(error)) from error


class RuntimeChoice(StrEnum):
    """What computes the face."""

    AUTO = "auto"
    """onnxruntime, or torch where that is impossible."""
    ONNX = "onnx"
    ONNX_INT8 = "onnx-int8"
    """onnxruntime with the encoder in 8 bits, which makes a large one twice as fast."""
    TORCH = "torch"


class Gains(BaseModel):
    """How much of the model's motion is shown, per region of the face: 0 none, 1 all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jaw: float = Field(default=1.0, ge=0, le=2)
    """The jaw, and the lips closing over it."""
    mouth: float = Field(default=1.0, ge=0, le=2)
    """All other shapes of the mouth, and the tongue."""
    brows: float = Field(default=1.0, ge=0, le=2)
    eyes: float = Field(default=1.0, ge=0, le=2)
    """Lids and gaze."""
    cheeks: float = Field(default=1.0, ge=0, le=2)
    """Cheeks and nose."""


class Performance(BaseModel):
    """Strength of what is performed beside the words: 0 off, 1 like people, at most 2."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    blinks: float = Field(default=1.0, ge=0, le=2)
    gaze: float = Field(default=1.0, ge=0, le=2)
    head: float = Field(default=1.0, ge=0, le=2)
    brows: float = Field(default=1.0, ge=0, le=2)
    """Brows, cheeks and nose."""
    listening: float = Field(default=1.0, ge=0, le=2)
    """Nods while nobody speaks."""
    mood: Literal["neutral", "happy", "sad", "angry", "surprised", "afraid", "tired", "disgusted", "auto"] = "neutral"
    """auto: no more than how excited the voice is."""
    mood_intensity: float = Field(default=0.6, ge=0, le=1)
    look_yaw: float = Field(default=0.0, ge=-40, le=40)
    """Where the eyes rest, in degrees from the camera: to the face's own right."""
    look_pitch: float = Field(default=0.0, ge=-40, le=40)
    """The same downward."""


class DaemonConfig(BaseModel):
    """What a user may change. What gives a checkpoint its meaning is stored in the checkpoint and is no setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: str = "auto"
    """Where the sound comes from: auto, mic, mic:NAME, a sound file, - (PCM on standard input) or demo."""
    input_rate_hz: int = Field(default=16_000, ge=8_000, le=192_000)
    """Sample rate of the PCM on standard input."""
    listen_to: Annotated[str, AfterValidator(_listened)] | None = None
    """Whom the face listens to: mic:NAME, a second input device, or a sound file; null: nobody."""
    checkpoint: Path | None = None
    """The face model; null: the one that ships."""
    encoder: str | None = None
    """Folder or hub id of the speech encoder, for a checkpoint that does not hold its own."""
    runtime: RuntimeChoice = RuntimeChoice.AUTO
    """What computes the face: onnx (onnxruntime), onnx-int8, torch, or auto: onnx wherever possible."""
    identity: str | None = None
    """Whose manner of moving; auto: that of the voice that is heard; null: the mean of all in the checkpoint."""
    identities: Path = Path("identities")
    """The folder of enrolled identities; watched while the program runs."""
    lookahead_ms: int | None = Field(default=None, ge=0)
    """How far the model looks ahead: more is better, and later; null: the checkpoint's default."""
    hop_ms: int | None = Field(default=None, gt=0)
    """How much sound each computation adds: less is sooner, and costs more; null: the checkpoint's default."""
    latency_ms: Annotated[int | Literal["auto"], BeforeValidator(_latency)] = "auto"
    """From the sound to its frame. A number is kept exactly; auto: measured over the first seconds, then kept."""
    seed: int = Field(default=0, ge=0)
    """Chooses one of the many performances that fit the same sound."""
    liveliness: float = Field(default=0.75, ge=0, le=1)
    """How much of the motion of eyes, brows and head is random, 0 to 1."""
    performance: Performance = Performance()
    """What eyes, brows and head do beside the words, and the mood."""
    style: float = Field(default=1.0, ge=0, le=1.5)
    """How much of the identity is shown: 0 the mean of all, 1 the identity, above that an exaggeration."""
    articulation: float = Field(default=1.0, ge=0.5, le=1.5)
    """How far jaw and mouth move; lips still meet where the checkpoint knows phones."""
    gains: Gains = Gains()
    """How much of the motion is shown, per region of the face."""
    input_gain_db: float = Field(default=0.0, ge=-20, le=40)
    """Gain of the input, applied before everything else."""
    gate_db: float | None = Field(default=-60.0, ge=-90, le=0)
    """Sound below this level is not speech, and the mouth rests; null: no gate."""
    mute: bool = False
    """Ignore the sound."""
    freeze: bool = False
    """Hold the face as it is."""
    record: bool = False
    """Record a take: the face, and the sound it was made from."""
    takes: Path = Path("takes")
    """The folder in which takes are recorded and from which they are replayed."""
    preview: bool = True
    """Show the face in the browser."""
    preview_host: str = "127.0.0.1"
    """The address that the preview listens on; any but this machine's own requires a token, which is printed."""
    preview_port: int = Field(default=8765, ge=0, le=65_535)
    """The port of the preview; 0: any free one."""
    head: Path | None = None
    """A copy of ICT-FaceKit, folder or archive: the preview can show that head, too."""
    sinks: Annotated[tuple[Annotated[str, AfterValidator(_sink_url)], ...], AfterValidator(_one_at_least)] = (
        "livelink://127.0.0.1:11111",
        "vmc://127.0.0.1:39539",
    )
    """Where the face is sent."""
    name: Annotated[str, AfterValidator(_subject)] | None = None
    """The name of this face: its Live Link subject where a sink's URL names none. A second program needs another."""


def load(path: Path | None = None, over: Mapping[str, object] | None = None) -> DaemonConfig:
    """The settings of a file (None: config.yaml in the working folder, if it exists), overridden by those in `over`.

    Raises FacewireError that lists everything that is wrong.
    """
    file = path or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    values = {} if file is None else checked.read(file)
    return checked.validated(DaemonConfig, merged(values, over or {}), f"{file}" if file else "the settings")


def merged(values: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Settings with others put over them; of a setting that is a mapping only the keys that are given change."""
    result = {**values, **over}
    for key, value in over.items():
        before = values.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            result[key] = {**before, **value}
    return result
