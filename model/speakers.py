"""Whose face each session of a stream has, hop by hop: a chosen identity, or the one whose voice is heard."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import level, voices
from model.library import AUTO, Library
from model.runtime import Runtime
from model.stream_state import StreamState
from model.voices import NOBODY, Heard
from model.windows import FEATURES_PER_S, Floats, Samples, WindowSpec
from protocols.errors import FacewireError

FADE_FEATURES: Final = FEATURES_PER_S // 2
"""How long one identity takes to fade into another: half a second."""
VOICED_DB: Final = 25.0
"""Hops at most this much below the loudest recent one count as voiced; only they tell who is speaking."""


def match(runtime: Runtime, state: StreamState) -> Floats:
    """Likeness (B, N) of each session's recent voice to each identity, about in [-1, 1]; 0 before any voice.

    (B, 0) if the checkpoint cannot tell voices apart.
    """
    if runtime.projection is None:
        return np.zeros((len(state.seeds), 0), np.float32)
    return runtime.projection.likeness(voices.voices(state.heard, runtime.projection), state.library.voices)


def speaking(state: StreamState) -> list[str | None]:
    """Whose face each session has: its identity, or the one recognised for `auto`; None for the mean of all."""
    return [None if place == NOBODY else state.library.names[place] for place in places(state)]


def voiced(window: WindowSpec, levelled: Samples) -> NDArray[np.bool_]:
    """Whether each hop's own sound (B, H) is loud enough for a voice; the windows are levelled (`model.level`)."""
    own = levelled[..., window.left_samples : window.left_samples + window.hop_samples]
    loud: NDArray[np.bool_] = np.square(own).mean(-1) > 10 ** ((level.REFERENCE_DB - VOICED_DB) / 10)
    return loud


def check(runtime: Runtime, state: StreamState) -> None:
    """Raise FacewireError if an identity is not available."""
    if AUTO in state.identities and runtime.projection is None:
        raise FacewireError(
            "identity auto: this checkpoint cannot tell voices apart; choose an identity by name, or teach it voices "
            "with `facewire-train voices teach`"
        )
    places(state)


def places(state: StreamState) -> list[int]:
    """Index of each session's identity in the library."""
    return [
        int(state.heard.whose[session]) if name == AUTO else state.library.place(name)
        for session, name in enumerate(state.identities)
    ]


def wanted(state: StreamState) -> Floats:
    """The style (B, S) that each session is to have."""
    return np.stack([state.library.style(place, state.strength) for place in places(state)])


def moved(state: StreamState, library: Library) -> Heard:
    """What was heard, with indices into another library; `NOBODY` for identities that it lacks."""
    names = [*state.library.names, None]
    at = [library.names.index(name) if name in library.names else NOBODY for name in names]
    return replace(state.heard, whose=np.array(at)[state.heard.whose])


def follow(
    runtime: Runtime, state: StreamState, spoken: Floats, voiced: NDArray[np.bool_]
) -> tuple[StreamState, Floats]:
    """Follow the voice hop by hop: the next state, and the style of each hop (B, H, S).

    `spoken` is (B, H, features, W), `voiced` (B, H).
    """
    config, styles, features = runtime.config.voice, [], state.window.hop_features
    aim = wanted(state)
    for hop in range(voiced.shape[1]):
        share = (features / np.maximum(state.fading, features)).astype(np.float32)[:, None]
        style: Floats = state.style + (aim - state.style) * share
        state = replace(state, style=style, fading=np.maximum(state.fading - features, 0))
        styles.append(style)
        if config is None:
            continue
        heard = voices.remember(state.heard, spoken[:, hop], voiced[:, hop])
        state = replace(state, heard=heard)
        state = replace(state, heard=voices.decide(heard, match(runtime, state), config.floor))
        before, aim = aim, wanted(state)
        state = replace(state, fading=np.where((aim == before).all(1), state.fading, FADE_FEATURES))
    return state, np.stack(styles, 1)
