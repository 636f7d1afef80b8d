"""Identities as a stream uses them: what the denoiser reads of each, how its face differs, and how it sounds."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model.identity_file import Identity
from model.windows import Floats
from protocols.errors import FacewireError

UNKNOWN: Final = "unknown"
"""The mean of all that the checkpoint was trained on: for a voice that nobody enrolled."""
AUTO: Final = "auto"
"""Whoever's voice it is."""


@dataclass(frozen=True)
class Library:
    """N identities by name, for D identity features, C channels and voices of V numbers. A value.

    A style is what an identity does to a face, S = D + 2 C numbers: features for the denoiser, then scale and offset
    of each channel of the face that it makes.
    """

    names: tuple[str, ...]
    styles: Floats
    """(N + 1, S), the last one unknown's."""
    voices: Floats
    """(N, V), each of length 1; V is 0 where the checkpoint tells no voices apart."""

    def place(self, name: str | None) -> int:
        """Place of an identity; that of `unknown`, -1, for None. Raises FacewireError for a stranger's name."""
        if name is None or name == UNKNOWN:
            return -1
        if name not in self.names:
            known = ", ".join([*self.names, UNKNOWN])
            raise FacewireError(f"identity {name!r}: neither this checkpoint nor the identities folder has it: {known}")
        return self.names.index(name)

    def style(self, place: int, strength: float) -> Floats:
        """The style (S,) of the identity at a place: unknown's at strength 0, its own at 1, more of it above."""
        unknown = self.styles[-1]
        blended: Floats = unknown + np.float32(strength) * (self.styles[place] - unknown)
        return blended

    def enrolled(self, identity: Identity) -> "Library":
        """With one more, or with another of that name."""
        style = np.concatenate([identity.features, identity.scale, identity.offset])
        if identity.name in self.names:
            place = self.names.index(identity.name)
            styles, voices = self.styles.copy(), self.voices.copy()
            styles[place], voices[place] = style, identity.voice
            return replace(self, styles=styles, voices=voices)
        return Library(
            (*self.names, identity.name),
            np.concatenate([self.styles[:-1], style[None], self.styles[-1:]]),
            np.concatenate([self.voices, identity.voice[None]]),
        )
