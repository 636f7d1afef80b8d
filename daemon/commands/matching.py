"""Whose voice is in a recording, decided by the stream as in the live program."""

from dataclasses import dataclass, replace

import numpy as np

from model import speakers, stream, voices
from model.library import Library
from model.runtime import Runtime
from model.voices import NOBODY
from model.windower import windows_of
from model.windows import Samples
from protocols.errors import FacewireError


@dataclass(frozen=True)
class Match:
    """Whose voice was heard."""

    voice_s: float
    """Seconds of voice in the recording."""
    scores: dict[str, float]
    """Likeness (`voices.Projection`) of its last `voices.MEMORY_S` seconds of voice to each identity's, the greatest
    first."""
    floor: float
    """Likeness below which the voice is nobody's."""
    answer: str | None
    """Whose voice it is; None if it is nobody's, or if there was too little of it."""


def match(runtime: Runtime, library: Library, samples: Samples) -> Match:
    """Whose voice is in a recording (n,) at 16 kHz.

    Raises FacewireError for a checkpoint that does not tell voices apart, and if there is no voice.
    """
    config = runtime.config.voice
    if config is None:
        raise FacewireError(
            "this checkpoint tells no voices apart; teach it voices with `facewire-train voices teach`, or name "
            "another --checkpoint"
        )
    state = stream.start(runtime, seeds=[0], identities=[None], library=library)
    voiced = 0
    for window in windows_of(state.window, samples):
        state, _ = stream.step(runtime, state, window[None, None])
        voiced += state.heard.pause[0] == 0
    if not voiced:
        raise FacewireError("there is no voice in it: no sound, or none that is loud enough")
    scores = speakers.match(runtime, state)
    fresh = replace(state.heard, whose=np.full(1, NOBODY), decided=np.zeros(1, bool))
    (place,) = voices.decide(fresh, scores, config.floor).whose
    ranked = sorted(zip(library.names, scores[0].tolist(), strict=True), key=lambda each: -each[1])
    answer = None if place == NOBODY else library.names[place]
    return Match(voiced * state.window.hop_ms / 1000, dict(ranked), config.floor, answer)
