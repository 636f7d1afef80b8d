"""What a stream carries from hop to hop: a value, which can be written down and continued elsewhere."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from model.library import Library
from model.performance.settings import Settings
from model.performance.state import State
from model.voices import Heard
from model.windows import Floats, WindowSpec

_PARTS: Final[dict[str, type[Any]]] = {"heard": Heard, "library": Library, "performance": State}
"""The values inside a state, which `dump` writes field by field."""


@dataclass(frozen=True)
class StreamState:
    """All that B sessions carry from hop to hop. An immutable value: continue from an old one at any time."""

    window: WindowSpec
    next_hops: tuple[int, ...]
    """The hop that each session expects next."""
    seeds: tuple[int, ...]
    library: Library
    """The available identities."""
    identities: tuple[str | None, ...]
    """The identity of each session: a name, `auto` to follow the voice, None for the mean of all."""
    strength: float
    """Strength of the identity: 0 is the mean of all, 1 the identity itself."""
    articulation: float
    """Factor on the motion of jaw and mouth, about their rest."""
    style: Floats
    """(B, S): the style at the end of the last hop."""
    fading: NDArray[np.int64]
    """(B,): features left until the style is that of the session's identity."""
    noise_scale: Floats
    """(C,): scale of the noise per channel: 0 on the lips, which the sound decides; liveliness elsewhere."""
    hidden: Floats
    """GRU states (steps, layers, B, hidden)."""
    heard: Heard
    """What each session has heard of its speaker (`model.voices`)."""
    speech: Floats
    """(B,): recent probability of speech in each session (`model.speech`)."""
    effort: Floats
    """(B, 5): how loud and bright each voice is, usually and now (`model.effort`)."""
    closing: Floats
    """(B, kinds): how far the lips have closed on a sound (`model.closures`)."""
    settings: tuple[Settings, ...]
    """What each session performs (`model.performance`)."""
    performance: State
    """What that is up to."""


def dump(state: StreamState) -> bytes:
    """The state as safetensors bytes; `restore` continues it elsewhere."""
    arrays: dict[str, NDArray[Any]] = {}
    values: dict[str, Any] = {"settings": [vars(each) for each in state.settings]}
    parts = {"": vars(state)} | {f"{name}.": vars(getattr(state, name)) for name in _PARTS}
    for part, fields in parts.items():
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                arrays[part + name] = np.ascontiguousarray(value)
            elif name not in ("settings", *_PARTS):
                values[part + name] = vars(value) if isinstance(value, WindowSpec) else value
    return save(arrays | {"values": np.frombuffer(json.dumps(values).encode(), np.uint8)})


def restore(data: bytes) -> StreamState:
    """The state that `dump` wrote."""
    arrays = load(data)
    values = json.loads(arrays.pop("values").tobytes())
    settings = [each | {"look_at": tuple(each["look_at"])} for each in values.pop("settings")]
    every: dict[str, Any] = arrays | {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    every["window"] = WindowSpec(**every["window"])
    every["settings"] = tuple(Settings(**each) for each in settings)
    for part, kind in _PARTS.items():
        inside = {key: every.pop(key) for key in list(every) if key.startswith(f"{part}.")}
        every[part] = kind(**{key.removeprefix(f"{part}."): value for key, value in inside.items()})
    return StreamState(**every)
