"""Closures: where a p, b or m is surely spoken, the lips meet; at an f or v the lower lip reaches the teeth.

An open mouth at an m is easily seen. The denoiser closes it most of the time; this makes it certain, by the phones of
the sound itself, at whatever size the face is drawn. Lips need some time to get there, so they begin while the sound is
still ahead, as far as the lookahead allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from model.config import EncoderConfig
from model.windows import Floats
from protocols.blendshapes import INDEX

KINDS: Final = (("p", "b", "m"), ("f", "v"))
"""Phones whose lips meet, and those with the lip on the teeth."""
DOUBTFUL: Final = 0.15
SURE: Final = 0.35
"""Probability from which the lips move towards such a sound, and from which they get there. Low, because of strange
voices the phones are told with little certainty, and what is no closure is hardly ever taken for one."""
TOWARDS_MS: Final = 100.0
"""How long before it the lips start."""
BACK_MS: Final = 80.0
"""How long they take to leave it again."""
SHUT: Final = 0.0
"""jawOpen - mouthClose of lips that meet: ARKit's mouthClose takes back what jawOpen has opened."""
BY_THE_JAW: Final = 0.5
"""Share of the opening that the jaw takes back; the lips do the rest."""
PRESSED: Final = 0.05
"""mouthPress of lips that meet: ARKit faces in lively speech have .03 to .05 at their 95th percentile."""
ON_TEETH: Final = 0.12
"""jawOpen - mouthClose with the lower lip on the teeth, at most."""
ROLLED: Final = 0.2
"""mouthRollLower there, at least."""

_JAW: Final = INDEX["jawOpen"]
_CLOSE: Final = INDEX["mouthClose"]
_PARTING: Final = [INDEX[name + side] for name in ("mouthLowerDown", "mouthUpperUp") for side in ("Left", "Right")]
_LOWER: Final = _PARTING[:2]
_PRESS: Final = [INDEX["mouthPressLeft"], INDEX["mouthPressRight"]]
_ROLL: Final = INDEX["mouthRollLower"]


@dataclass(frozen=True)
class Phones:
    """Where an encoder's log-probabilities are in the standardised audio features (B, T, K, D), and their units."""

    places: tuple[NDArray[np.int64], ...]
    """For each of `KINDS` the places of its phones among the D numbers."""
    mean: Floats
    std: Floats
    """(D,)."""

    @classmethod
    def of(cls, encoder: EncoderConfig, mean: Floats, std: Floats) -> Self | None:
        """Those of an encoder, whose features are standardised by `mean` and `std` (D,); None if it knows no phones."""
        if not encoder.phones:
            return None
        first = encoder.bottleneck
        known = [[first + encoder.phones.index(phone) for phone in kind if phone in encoder.phones] for kind in KINDS]
        return cls(tuple(np.array(places, np.int64) for places in known), mean, std)

    def sure(self, audio: Floats) -> Floats:
        """How sure each kind of closure is, 0 to 1: (B, T, K, kinds), of standardised features (B, T, K, D)."""
        told = [np.exp(audio[..., at] * self.std[at] + self.mean[at]).sum(-1) for at in self.places]
        sure: Floats = np.clip((np.stack(told, -1) - DOUBTFUL) / (SURE - DOUBTFUL), 0, 1).astype(np.float32)
        return sure


def follow(sure: Floats, held: Floats, ahead_ms: Sequence[int], fps: int) -> tuple[Floats, Floats]:
    """How far each kind is reached, 0 to 1, (B, T, kinds): from `sure` (B, T, K, kinds) at K times ahead.

    `held` (B, kinds) is how far it was before these frames; also returns how far it is after them. Times beyond the
    lookahead must have a `sure` of 0.
    """
    near = np.maximum(1 - np.array(ahead_ms, np.float32) / np.float32(TOWARDS_MS), 0)
    coming = (sure * near[:, None]).max(2)
    fall = np.float32(1000 / (BACK_MS * fps))
    reached = np.empty_like(coming)
    for frame in range(coming.shape[1]):
        held = np.maximum(coming[:, frame], held - fall)
        reached[:, frame] = held
    return _smooth(reached), held


def close(weights: Floats, reached: Floats) -> Floats:
    """Bring the mouth (B, T, C) as far towards a closure as is reached (B, T, kinds)."""
    made = weights.copy()
    shut, teeth = reached[..., 0], reached[..., 1]
    _narrow(made, SHUT, shut)
    _narrow(made, ON_TEETH, teeth)
    made[..., _PARTING] *= (1 - shut)[..., None]
    made[..., _LOWER] *= (1 - teeth)[..., None]
    made[..., _PRESS] = np.maximum(made[..., _PRESS], PRESSED * shut[..., None])
    made[..., _ROLL] = np.maximum(made[..., _ROLL], ROLLED * teeth)
    return made


def _narrow(face: Floats, gap: float, share: Floats) -> None:
    """Take back the share (B, T) of an opening that is wider than `gap`, in place."""
    wide = np.maximum(face[..., _JAW] - face[..., _CLOSE] - np.float32(gap), 0) * share
    face[..., _JAW] -= np.float32(BY_THE_JAW) * wide
    face[..., _CLOSE] += np.float32(1 - BY_THE_JAW) * wide


def _smooth(share: Floats) -> Floats:
    """Leave 0 and arrive at 1 without a corner."""
    smooth: Floats = share * share * (3 - 2 * share)
    return smooth
