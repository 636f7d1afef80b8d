"""What goes together in a face: lids with gaze, cheeks and lower lids with smiles, the nose with the upper lip.

The strengths are fitted to 4.4 minutes of one person's curves from ARKit (MIT licence) by `facewire-train performance
couplings`, which prints this table. Degrees of the eyes and ARKit's look shapes: real takes of the Live Link Face app
have an eye's yaw at .60 and its pitch at .55 radians for a weight of 1, with r of .98 and more.
"""

from typing import Final

import numpy as np

from model.performance.chance import Values
from protocols.blendshapes import COUNT, INDEX, PAIRS

LOOK_YAW_DEG: Final = 34.4
LOOK_PITCH_DEG: Final = 31.5
"""What a look shape of 1 stands for."""
OUTER_WITH_INNER: Final = 0.90
"""browOuterUp with browInnerUp, where nothing frowns."""
WIDE_WITH_BROWS: Final = 0.50
WIDE_LOOKING_UP: Final = 0.39
LID_LOOKING_DOWN: Final = 0.63
LOOKING_DOWN_FREE: Final = 0.10
"""eyeBlink with eyeLookDown beyond `LOOKING_DOWN_FREE`."""
CHEEK_WITH_SMILE: Final = 0.13
CHEEK_WITH_SNEER: Final = 0.51
SQUINT_WITH_CHEEK: Final = 0.85
SQUINT_WITH_FROWN: Final = 0.18
SNEER_WITH_UPPER_LIP: Final = 0.52
SNEER_WITH_FROWN: Final = 0.32
VERGENCE_DEG: Final = 1.0
"""Each eye's turn inwards for something 1.8 m away (62 mm between the eyes)."""

SIDES: Final = {
    left.removesuffix("Left"): slice(INDEX[left], INDEX[right] + 1, INDEX[right] - INDEX[left]) for left, right in PAIRS
}
"""Where a shape's two sides are in `NAMES`, left and right, as a slice."""


def _pattern(**weights: float) -> Values:
    pattern = np.zeros(COUNT)
    for name, weight in weights.items():
        pattern[SIDES.get(name, INDEX.get(name))] = weight
    return pattern


RAISED: Final = _pattern(browInnerUp=1.0, browOuterUp=OUTER_WITH_INNER, eyeWide=OUTER_WITH_INNER * WIDE_WITH_BROWS)
FROWNING: Final = _pattern(browDown=1.0, eyeSquint=SQUINT_WITH_FROWN, noseSneer=SNEER_WITH_FROWN)
"""What a raise and a frown of 1 come to (52,)."""


def looks(weights: Values, eyes: Values) -> None:
    """Sets the look shapes of weights (..., 52) by eyes (..., 4) in degrees: yaw and pitch of the left, the right."""
    out = eyes[..., ::2] * _OUTWARD
    down = eyes[..., 1::2] / LOOK_PITCH_DEG
    weights[..., SIDES["eyeLookOut"]] = np.maximum(out, 0.0)
    weights[..., SIDES["eyeLookIn"]] = np.maximum(-out, 0.0)
    weights[..., SIDES["eyeLookDown"]] = np.maximum(down, 0.0)
    weights[..., SIDES["eyeLookUp"]] = np.maximum(-down, 0.0)


def cheeks(weights: Values, spoken: Values | None) -> None:
    """Adds to cheeks, nose and lower lids of weights (..., 52) what goes with a mouth (..., 52)."""
    sneer, cheek = SIDES["noseSneer"], SIDES["cheekSquint"]
    if spoken is not None:
        weights[..., sneer] += SNEER_WITH_UPPER_LIP * spoken[..., SIDES["mouthUpperUp"]]
        smiling = CHEEK_WITH_SMILE * spoken[..., SIDES["mouthSmile"]]
        weights[..., cheek] = np.maximum(weights[..., cheek], smiling)
    weights[..., cheek] = np.maximum(weights[..., cheek], CHEEK_WITH_SNEER * weights[..., sneer])
    weights[..., SIDES["eyeSquint"]] += SQUINT_WITH_CHEEK * weights[..., cheek]


def lids(weights: Values, shut: Values) -> None:
    """Closes the lids of weights (..., 52) by what a blink shuts (..., 1) and by where the eyes look."""
    blink, wide = SIDES["eyeBlink"], SIDES["eyeWide"]
    down = np.maximum(weights[..., SIDES["eyeLookDown"]] - LOOKING_DOWN_FREE, 0.0)
    rest = np.minimum(weights[..., blink] + LID_LOOKING_DOWN * down, 1.0)
    weights[..., blink] = rest + (1 - rest) * shut
    up = weights[..., wide] + WIDE_LOOKING_UP * weights[..., SIDES["eyeLookUp"]]
    weights[..., wide] = up * (1 - shut)


_OUTWARD: Final = np.array([-1.0, 1.0]) / LOOK_YAW_DEG
"""The left eye looks outward to the left, which is a negative yaw."""
