"""Identities as a stream uses them: the denoiser's features, the scale and offset of the face, and the voice."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model.identity_file import Identity
from model.windows import Floats
from protocols.errors import FacewireError

UNKNOWN: Final = "unknown"
"""The mean of all identities that the checkpoint was trained on: for a voice that nobody enrolled."""
AUTO: Final = "auto"
"""The identity of whoever is speaking, recognised by voice."""


@dataclass(frozen=True)
class Library:
    """N identities by name, with D identity features, C channels and voices of V numbers. An immutable value.

    A style is what an identity does to a face, S = D + 2 C numbers: the features for the denoiser, then a scale and an
    offset for each channel of the face that it predicts.
    """

    names: tuple[str, ...]
    styles: Floats
    """(N + 1, S); the last row is `unknown`."""
    voices: Floats
    """(N, V), each of unit length; V is 0 if the checkpoint cannot tell voices apart."""

    def place(self, name: str | None) -> int:
        """Index of an identity; -1, the index of `unknown`, for None.

        Raises FacewireError for a name that is not in the library.
        """
        if name is None or name == UNKNOWN:
            return -1
        if name not in self.names:
            known = ", ".join([*self.names, UNKNOWN])
            raise FacewireError(
                f"identity {name!r}: neither this checkpoint nor the identities folder has it; known: {known}"
            )
        return self.names.index(name)

    def style(self, place: int, strength: float) -> Floats:
        """Style (S,) of the identity at an index: `unknown` at strength 0, its own at 1, exaggerated above 1."""
        unknown = self.styles[-1]
        blended: Floats = unknown + np.float32(strength) * (self.styles[place] - unknown)
        return blended

    def enrolled(self, identity: Identity) -> "Library":
        """The library with one more identity, which replaces any of the same name."""
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
