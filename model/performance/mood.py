"""Moods: what they add to the face, and how they change the way it moves.

The actions are those of FACS prototypes (Ekman and Friesen 1978; EMFACS) in ARKit's shapes. No mood touches what closes
the lips: jawOpen, mouthClose, mouthPress, mouthRoll. Its other shapes of the mouth fade while it speaks, and those that
part the lips fade further where they close.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from model.performance.chance import Keys, Values, mixed
from model.performance.settings import Settings
from protocols.blendshapes import COUNT, INDEX, PAIRS

FADE_S: Final = 0.9
"""Time in which one mood, or strength, becomes another."""
CORNERS_SPOKEN: Final = 0.55
PARTING_SPOKEN: Final = 0.3
"""What is left of a mood's mouth while it speaks: of lip corners, and of what parts the lips."""
OPEN: Final = (0.03, 0.15)
"""jawOpen - mouthClose up to which lips count as closed, and from which as open."""
SIDES: Final = 0.1
"""Most that one side of a face shows more of a mood than the other."""
EXTRAS: Final = ("yaw", "pitch", "roll", "eyes", "vigour", "gaze", "head", "brows", "liveliness", "auto")
"""Beside the 52 weights, of a dial: the head's yaw, pitch and roll and the eyes' pitch in degrees; size of gestures;
strengths of gaze, head and brows; liveliness; how far it follows arousal."""
EXTRA: Final = {name: COUNT + place for place, name in enumerate(EXTRAS)}
_PLACES: Final = dict(INDEX) | EXTRA
BLINK_RATES: Final[Mapping[str, float]] = {"tired": 1.3, "afraid": 1.2, "sad": 0.9, "surprised": 0.7, "angry": 0.85}

_CORNERS: Final = ("mouthSmile", "mouthFrown", "mouthDimple")
_PARTING: Final = ("mouthUpperUp", "mouthStretch")
_ACTIONS: Final[Mapping[str, Mapping[str, float]]] = {
    "neutral": {},
    # AU 6 + 12
    "happy": {"mouthSmile": 0.85, "mouthDimple": 0.15, "cheekSquint": 0.5, "eyeSquint": 0.2, "browInnerUp": 0.08,
              "browOuterUp": 0.06, "pitch": -1.5, "vigour": 0.15},
    # AU 1 + 4 + 15
    "sad": {"browInnerUp": 0.75, "browDown": 0.18, "mouthFrown": 0.7, "eyeSquint": 0.1, "eyeBlink": 0.1, "pitch": 5.0,
            "roll": 2.0, "eyes": 2.0, "vigour": -0.45},
    # AU 4 + 5 + 7 (+ 9)
    "angry": {"browDown": 0.95, "eyeSquint": 0.4, "eyeWide": 0.2, "noseSneer": 0.35, "mouthFrown": 0.45, "pitch": 3.5,
              "vigour": 0.25},
    # AU 1 + 2 + 5; its open mouth is left to the sound
    "surprised": {"browInnerUp": 0.75, "browOuterUp": 0.7, "eyeWide": 0.6, "pitch": -2.5, "vigour": 0.1},
    # AU 1 + 2 + 4 + 5 + 20
    "afraid": {"browInnerUp": 0.75, "browOuterUp": 0.3, "browDown": 0.25, "eyeWide": 0.55, "mouthStretch": 0.4,
               "mouthFrown": 0.15, "pitch": -2.0, "vigour": -0.1},
    "tired": {"eyeBlink": 0.45, "eyeSquint": 0.12, "browInnerUp": 0.12, "mouthFrown": 0.15, "pitch": 4.0, "roll": 1.5,
              "eyes": 1.5, "vigour": -0.5},
    # AU 9 + 10 (+ 4 + 15)
    "disgusted": {"noseSneer": 0.65, "mouthUpperUp": 0.35, "browDown": 0.4, "cheekSquint": 0.35, "eyeSquint": 0.35,
                  "mouthFrown": 0.25, "pitch": -1.0, "roll": 1.5, "vigour": -0.1},
    "auto": {"auto": 1.0},
}  # fmt: skip
AROUSED: Final[Mapping[str, float]] = {
    "browInnerUp": 0.28, "browOuterUp": 0.25, "eyeWide": 0.2, "mouthStretch": 0.15, "vigour": 0.9,
}  # fmt: skip
"""What the arousal of a voice adds: wider brows, eyes, mouth and gestures. It claims no more than that."""


def _vector(actions: Mapping[str, float]) -> Values:
    vector = np.zeros(COUNT + len(EXTRAS))
    for name, value in actions.items():
        for shape in (name, f"{name}Left", f"{name}Right"):
            if shape in _PLACES:
                vector[_PLACES[shape]] = value
    return vector


def _marked(names: Sequence[str]) -> Values:
    return _vector(dict.fromkeys(names, 1.0))[:COUNT]


CORNERS: Final = _marked(_CORNERS)
PARTING: Final = _marked(_PARTING)
"""(52,): 1 for the shapes of the mouth that a mood moves."""
UPPER: Final = 1 - CORNERS - PARTING
"""(52,): 1 for all others."""
AROUSAL: Final = _vector(AROUSED)


@lru_cache
def dial(settings: Settings) -> Values:
    """What settings come to: the weights (52) that their mood adds, and `EXTRAS`."""
    vector = settings.mood_intensity * _vector(_ACTIONS[settings.mood])
    vector[EXTRA["vigour"]] += 1.0
    for name in ("gaze", "head", "brows", "liveliness"):
        vector[EXTRA[name]] = getattr(settings, name)
    vector.flags.writeable = False
    return vector


def sides(seeds: Keys) -> Values:
    """How much each shape shows of a mood (B, 52): nobody's face is the same on both sides."""
    pairs = np.array([[INDEX[left], INDEX[right]] for left, right in PAIRS])
    drawn = mixed(mixed(seeds)[:, None] ^ mixed(np.arange(len(pairs), dtype=np.uint64)))
    leaning = ((drawn >> 11).astype(np.float64) * 2.0**-53 - 0.5) * SIDES
    shown = np.ones((len(seeds), COUNT))
    shown[:, pairs[:, 0]] += leaning
    shown[:, pairs[:, 1]] -= leaning
    return shown


def mouth(felt: Values, talking: Values, spoken: Values | None) -> Values:
    """A mood's share (B, T, 52) of a mouth, by how much (B, T, 1) it speaks and what (B, T, 52) it says.

    What parts the lips goes at once when somebody begins to speak: the first sound may be a p.
    """
    left = 1 - (1 - CORNERS_SPOKEN) * talking
    silent = (1 - talking) ** 3
    if spoken is None:
        return felt * (CORNERS * left + PARTING * silent)
    apart = (spoken[..., INDEX["jawOpen"]] - spoken[..., INDEX["mouthClose"]])[..., None]
    opened = np.minimum(np.maximum((apart - OPEN[0]) / (OPEN[1] - OPEN[0]), 0.0), 1.0)
    return felt * (CORNERS * left + PARTING * (silent + (1 - silent) * PARTING_SPOKEN * opened))


class Manner(NamedTuple):
    """What settings mean for what begins."""

    blinks: float
    """How often, of the usual rate."""
    vigour: float
    """Size of gestures."""
    aroused: float
    """What full arousal adds to it."""
    far: float
    """Size of looks away."""
    liveliness: float
    listening: float
    look_at: tuple[float, float]


@lru_cache
def manner(settings: Settings) -> Manner:
    """The manner of these settings."""
    vector = dial(settings)
    return Manner(
        blinks=settings.blinks * BLINK_RATES.get(settings.mood, 1.0),
        vigour=float(vector[EXTRA["vigour"]]),
        aroused=float(vector[EXTRA["auto"]] * AROUSAL[EXTRA["vigour"]]),
        far=min(settings.liveliness, 1.5) * max(settings.gaze, 1.0),
        liveliness=settings.liveliness,
        listening=settings.listening,
        look_at=settings.look_at,
    )
