"""The Virtual Motion Capture protocol: OSC over UDP, to avatar apps on port 39539.

One frame is OK `1 3 0 1`, T, the bone Head (on request LeftEye and RightEye, too), one Blend/Val per key, and
Blend/Apply as the last message. Bones are turned; their positions are 0, because where they belong depends on the
avatar, which this side does not know. Most receivers take the rotation only. One that takes positions too (EVMC4U with
its BonePositionSynchronize) pulls the bones out of place: switch that off there, or the bones off here.
Source: VMC protocol's marionette specification; receivers' quirks are noted where they decide something.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT, INDEX, NAMES, canonical, pascal
from protocols.datagrams import Bundling, message, pack, unpack
from protocols.errors import FacewireError
from protocols.frame import Frame, Weights
from protocols.pose import Pose, from_quaternion, quaternion

PORT: Final = 39539
DAY_S: Final = 86_400
"""T starts again daily: as float32 it would lose frames after three days."""

_PASCAL: Final = tuple(pascal(name) for name in NAMES)
# With fewer than four arguments, or none, EVMC4U stops for good; Bone/Pos must have exactly eight.
_OK: Final = message("/VMC/Ext/OK", 1, 3, 0, 1)
_APPLY: Final = message("/VMC/Ext/Blend/Apply")
_MOST_KEYS: Final = 1000  # of a frame that never ends; avatars have some hundreds

_BONES: Final = ("Head", "LeftEye", "RightEye")

Quaternion = tuple[float, float, float, float]
"""x, y, z, w in Unity's axes."""
_UNTURNED: Final[Quaternion] = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """What a `vmc://` URL may set."""

    case: Literal["pascal", "camel", "both"] = "pascal"
    """Spelling of the 52 keys; most avatars and receivers know `JawOpen`."""
    vrm0: bool = True
    """Also the presets A I U E O Blink_L Blink_R, for avatars without the 52; off where a mouth opens twice."""
    bundle: Bundling = "mtu"
    """How messages share datagrams. `off` is for the few receivers that cannot take bundles: some 60 to 120 datagrams
    per frame, of which a slow reader loses some."""
    head: bool = True
    """Also the bone Head; off where something else turns it, or it sinks into the neck."""
    eyes: bool = False
    """Also the bones LeftEye and RightEye: for avatars whose eyes the eyeLook shapes do not turn. Bones are sent at
    position 0, and a receiver that applies positions would move the eyes out of place."""


@dataclass(frozen=True)
class Received:
    """One decoded frame."""

    time_s: float
    """T, seconds since the sender's start."""
    values: Mapping[str, float]
    """Every Blend/Val since the last Apply by its key, as sent."""
    bones: Mapping[str, Quaternion] = field(default_factory=dict)
    """The rotations of Head, LeftEye and RightEye, as far as they were sent since the last Apply."""

    @property
    def pose(self) -> Pose:
        """(10,) in the order of `POSE_NAMES`: bones that were not sent are at rest. The head's place is not told."""
        head, left, right = (from_quaternion(*self.bones.get(bone, _UNTURNED)) for bone in _BONES)
        return np.array([*head, 0, 0, 0, *left[:2], *right[:2]], np.float32)

    @property
    def weights(self) -> NDArray[np.float32]:
        """(52,) in the order of `NAMES`: keys that are ARKit shapes in any case, the others 0."""
        weights = np.zeros(COUNT, np.float32)
        for key, value in self.values.items():
            name = canonical(key)
            if name is not None:
                weights[INDEX[name]] = value
        return weights


@dataclass
class Assembly:
    """Collects messages until Blend/Apply."""

    time_s: float = 0.0
    pending: dict[str, float] = field(default_factory=dict)
    bones: dict[str, Quaternion] = field(default_factory=dict)

    def push(self, datagram: bytes) -> list[Received]:
        """Take a datagram; returns the frames it completes. Raises FacewireError where it is not VMC."""
        messages = unpack(datagram)
        if not any(address.startswith("/VMC/") for address, _ in messages):
            raise FacewireError(f"not VMC: OSC for {messages[0][0]!r}" if messages else "not VMC: an empty bundle")
        complete = []
        for address, arguments in messages:
            match address, arguments:
                case "/VMC/Ext/T", (float() | int() as time_s, *_):
                    self.time_s = float(time_s)
                case "/VMC/Ext/Bone/Pos", (str(bone), _, _, _, float(x), float(y), float(z), float(w), *_):
                    if bone in _BONES:
                        self.bones[bone] = x, y, z, w
                case "/VMC/Ext/Blend/Val", (str(key), float() | int() as value, *_) if len(self.pending) < _MOST_KEYS:
                    self.pending[key] = float(value)
                case "/VMC/Ext/Blend/Apply", _:
                    complete.append(Received(self.time_s, self.pending, self.bones))
                    self.pending, self.bones = {}, {}
        return complete


def encode(frame: Frame, options: Options) -> list[bytes]:
    """The datagrams of one frame, in order."""
    blend = [message("/VMC/Ext/Blend/Val", key, floats=(value,)) for key, value in _values(frame.weights, options)]
    clock = message("/VMC/Ext/T", floats=(float(frame.time_s % DAY_S),))
    return pack([_OK, clock, *_bones(frame.pose, options), *blend, _APPLY], options.bundle)


def decode(datagrams: Iterable[bytes]) -> list[Received]:
    """All frames that the datagrams complete. Raises FacewireError for what is not VMC."""
    assembly = Assembly()
    return [received for datagram in datagrams for received in assembly.push(datagram)]


def vrm0_presets(weights: Weights) -> dict[str, float]:
    """The presets of a VRM 0 avatar that follow from the 52 shapes (52,), each 0 to 1.

    Three measures: how far the mouth is `opened` (the jaw without what closed lips take back; speech rarely
    passes .5, where A is full), `rounded` (funnel or pucker), `spread` (lips drawn aside and the lower one down; a
    closed smile is no vowel). They are shared out so that the five vowels never add up to more than 1.
    """
    shape = dict(zip(NAMES, weights.tolist(), strict=True))
    opened = min(1.0, max(0.0, 2 * (shape["jawOpen"] - shape["mouthClose"])))
    rounded = max(shape["mouthFunnel"], shape["mouthPucker"])
    aside = (shape["mouthStretchLeft"] + shape["mouthStretchRight"]) / 2
    down = (shape["mouthLowerDownLeft"] + shape["mouthLowerDownRight"]) / 2
    spread = min(1.0, aside + down) * (1 - rounded)
    return {
        "A": opened * (1 - rounded - spread),
        "I": (1 - opened) * spread,
        "U": (1 - opened) * rounded,
        "E": opened * spread,
        "O": opened * rounded,
        "Blink_L": shape["eyeBlinkLeft"],
        "Blink_R": shape["eyeBlinkRight"],
    }


def _bones(pose: Pose, options: Options) -> list[bytes]:
    yaw, pitch, roll, *_, left_yaw, left_pitch, right_yaw, right_pitch = pose.tolist()
    turned: list[tuple[str, Quaternion]] = []
    if options.head:
        turned.append(("Head", quaternion(yaw, pitch, roll)))
    if options.eyes:
        turned += [("LeftEye", quaternion(left_yaw, left_pitch)), ("RightEye", quaternion(right_yaw, right_pitch))]
    return [message("/VMC/Ext/Bone/Pos", bone, floats=(0, 0, 0, *turn)) for bone, turn in turned]


def _values(weights: Weights, options: Options) -> list[tuple[str, float]]:
    numbers = weights.tolist()
    values: list[tuple[str, float]] = []
    if options.case in ("pascal", "both"):
        values += zip(_PASCAL, numbers, strict=True)
    if options.case in ("camel", "both"):
        values += zip(NAMES, numbers, strict=True)
    if options.vrm0:
        values += vrm0_presets(weights).items()
    return values
