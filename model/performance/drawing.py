"""Where everything is at each frame: from events, dials and noise to weights and pose, for all sessions at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from model.performance import brows as brow
from model.performance import couplings, curves, head, mood
from model.performance.chance import Values, wander
from model.performance.couplings import SIDES
from model.performance.curves import PLACE
from model.performance.mood import EXTRA
from model.performance.state import State
from protocols.blendshapes import COUNT

MOST_DEG: Final = 30.0
"""No head turns farther from its body while it talks to somebody."""
EYE_DEG: Final = (34.0, 25.0)
"""Nor eyes in it: yaw and pitch."""
DRIFT_DEG: Final = 0.07
"""Deviation of the drift of eyes that hold still."""
DRIFT_S: Final = (0.21, 0.24)
TREMOR: Final = 0.008
"""Deviation of the lower lids, which are never quite still."""
LIDS_S: Final = 1.9
POSE: Final = 10
WANDERING_S: Final = np.array([*head.SPACINGS_S, *DRIFT_S, *brow.SPACINGS_S, LIDS_S])
"""Spacings (C,) of what wanders: the head, eyes, brows, lower lids."""
_HEAD: Final = len(head.SPACINGS_S)
_TURNED: Final = slice(PLACE["turn_yaw"], PLACE["turn_roll"] + 1)
_GESTURED: Final = slice(PLACE["yaw"], PLACE["roll"] + 1)
_LIFTED: Final = slice(PLACE["y"], PLACE["z"] + 1)
_GAZE: Final = slice(PLACE["gaze_yaw"], PLACE["gaze_pitch"] + 1)
_EYES: Final = np.array(EYE_DEG)
_INWARD: Final = np.array([couplings.VERGENCE_DEG, 0.0, -couplings.VERGENCE_DEG, 0.0])


@dataclass(frozen=True)
class Scene:
    """What is the case at T frames of B sessions."""

    times_s: Values
    """(B, T)"""
    talking: Values
    """(B, T, 1), as everything here has a last axis."""
    arousal: Values
    mouth: Values | None
    """The face (B, T, 52) that the sound made."""


def draw(state: State, base: Values, events: Values, scene: Scene) -> tuple[Values, Values]:
    """Weights (B, T, 52) and pose (B, T, 10), from a base (B, 5) and events (B, N, columns) on."""
    dial = dialled(state, scene.times_s)
    if dial[..., EXTRA["auto"]].any():
        dial = dial + dial[..., EXTRA["auto"], None] * scene.arousal * mood.AROUSAL
    noise = wander(state.noise, scene.times_s, WANDERING_S)
    moved = curves.moved(base, events, scene.times_s)
    pose = _pose(scene, dial, noise, moved)
    return _weights(state, scene, dial, noise, moved, pose), pose


def dialled(state: State, times_s: Values) -> Values:
    """What settings come to at times (B, T): (B, T, D), or (B, 1, D) where nothing changes."""
    share = (times_s - state.dial_s[:, None]) / mood.FADE_S
    after = state.dial_to[:, None]
    if share.min() >= 1:
        return after
    return after - (after - state.dial_from[:, None]) * (1 - curves.minimum_jerk(share))[..., None]


def _pose(scene: Scene, dial: Values, noise: Values, moved: Values) -> Values:
    sway = noise[..., :_HEAD] * (head.SWAY_REST + head.SWAY_MORE * scene.talking)
    sway = sway * dial[..., EXTRA["liveliness"], None]
    strength = dial[..., EXTRA["head"], None]
    angles = moved[..., _TURNED] + moved[..., _GESTURED] + sway[..., :3] + sway[..., 6:9] + sway[..., 9:12]
    angles = angles + dial[..., EXTRA["yaw"] : EXTRA["roll"] + 1] + head.TALKING_DEG * scene.talking
    pose = np.empty((*scene.times_s.shape, POSE))
    pose[..., :3] = np.minimum(np.maximum(angles * strength, -MOST_DEG), MOST_DEG)
    pose[..., 3:6] = sway[..., 3:6] * strength
    pose[..., 4:6] += moved[..., _LIFTED] * strength
    held = np.minimum(dial[..., EXTRA["gaze"], None], 1.0)
    eyes = moved[..., _GAZE] + noise[..., _HEAD : _HEAD + 2] * DRIFT_DEG - pose[..., :2]
    eyes[..., 1] += dial[..., EXTRA["eyes"]]
    eyes = np.minimum(np.maximum(eyes, -_EYES), _EYES) * held
    pose[..., 6:8] = eyes
    pose[..., 8:] = eyes
    pose[..., 6:] += _INWARD * held
    return pose


def _weights(state: State, scene: Scene, dial: Values, noise: Values, moved: Values, pose: Values) -> Values:
    raised, frown = _brows(scene, dial, noise, moved)
    weights = raised * couplings.RAISED + frown * couplings.FROWNING
    spoken = scene.mouth
    if dial[..., :COUNT].any():
        felt = np.minimum(np.maximum(dial[..., :COUNT], 0.0), 1.0) * state.sides[:, None]
        lips = mood.mouth(felt, scene.talking, spoken)
        weights = weights + felt * mood.UPPER + lips
        spoken = lips if spoken is None else spoken + lips * (1 - spoken)
    couplings.looks(weights, pose[..., 6:])
    couplings.cheeks(weights, spoken)
    weights[..., SIDES["eyeSquint"]] += np.abs(noise[..., -1:]) * TREMOR
    couplings.lids(weights, np.minimum(moved[..., PLACE["shut"], None], 1.0))
    return np.minimum(np.maximum(weights, 0.0), 1.0)


def _brows(scene: Scene, dial: Values, noise: Values, moved: Values) -> tuple[Values, Values]:
    """How far brows are raised, and how far they frown (B, T, 1): gestures, and what wanders."""
    strength = dial[..., EXTRA["brows"], None]
    lively = dial[..., EXTRA["liveliness"], None] * (0.5 + 0.5 * scene.talking)
    slow, fast = noise[..., _HEAD + 2, None], noise[..., _HEAD + 3, None]
    rest = (slow * brow.WANDER[0] + fast * brow.WANDER[1]) * lively
    raised = (moved[..., PLACE["raise"], None] + np.maximum(rest, 0.0)) * strength
    frown = (moved[..., PLACE["frown"], None] + np.maximum(-rest, 0.0) * brow.FROWN_SHARE) * strength
    return raised, frown
