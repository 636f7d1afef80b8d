"""The 52 ARKit blendshapes: one list, and every order of it that the field uses.

Left and right are the subject's own. Always map by name: "ARKit 52" stands for at least four orders, and some
sets that go by this name have 51 shapes. `remap` brings any of them into the order of `NAMES`.

Index sets (positions in `NAMES`) for metrics; the numbers are positions in the alphabetical order, where
papers count them:

- `LIPS_27`: jaw and mouth, 22-48.
- `LBE_12`: FaceDiffuser's lip set, 23, 25, 27, 28, 31, 37, 39-42, 47, 48 (no jawOpen).
- `UPPER`: brows, eyes, nose sneers, 0-4, 8-21, 49, 50.
- `FDD_UPPER`: FaceDiffuser's upper set, 8-21, 49, 50 (no brows).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocols.errors import FacewireError

# Apple's documentation order; also the order of Live Link Face on the wire.
NAMES: Final[tuple[str, ...]] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight",
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
COUNT: Final = len(NAMES)
INDEX: Final[Mapping[str, int]] = {name: index for index, name in enumerate(NAMES)}
"""Position of each shape in `NAMES`."""


def pascal(name: str) -> str:
    """`jawOpen` -> `JawOpen`, as Unreal and Unity write it."""
    return name[0].upper() + name[1:]


def _swapped(names: Sequence[str], first: str, second: str) -> tuple[str, ...]:
    swap = {first: second, second: first}
    return tuple(swap.get(name, name) for name in names)


def _sided(*names: str) -> tuple[str, ...]:
    """`browDown_*` -> `browDown_L`, `browDown_R`; other names as they are."""
    return tuple(name.replace("*", side) for name in names for side in ("LR" if "*" in name else "L"))


ALPHABETICAL: Final = tuple(sorted(NAMES))
LIVELINK_CSV: Final = _swapped(_swapped(NAMES, "jawLeft", "jawRight"), "mouthLeft", "mouthRight")
"""Columns of the Live Link Face app's take: right before left for jaw and mouth, unlike its packets."""
BEAT: Final = ALPHABETICAL[:-1]
"""51: no tongueOut."""
MEDIAPIPE: Final = ("_neutral", *BEAT)
"""52 without tongueOut: `_neutral` is no shape."""
FACECAP: Final = _sided(
    "browInnerUp", "browDown_*", "browOuterUp_*", "eyeLookUp_*", "eyeLookDown_*", "eyeLookIn_*", "eyeLookOut_*",
    "eyeBlink_*", "eyeSquint_*", "eyeWide_*", "cheekPuff", "cheekSquint_*", "noseSneer_*", "jawOpen", "jawForward",
    "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthRollUpper", "mouthRollLower",
    "mouthShrugUpper", "mouthShrugLower", "mouthClose", "mouthSmile_*", "mouthFrown_*", "mouthDimple_*",
    "mouthUpperUp_*", "mouthLowerDown_*", "mouthPress_*", "mouthStretch_*", "tongueOut",
)  # fmt: skip
"""As in the receiver of the app's author."""
ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "livelink": tuple(pascal(name) for name in NAMES),
    "livelink-csv": tuple(pascal(name) for name in LIVELINK_CSV),
    "alphabetical": ALPHABETICAL,
    "beat": BEAT,
    "mediapipe": MEDIAPIPE,
    "facecap": FACECAP,
    "unity": tuple(pascal(name) for name in ALPHABETICAL),
}
"""Every order by name, each with the spelling its users write."""

PAIRS: Final[tuple[tuple[str, str], ...]] = tuple(
    (name, name.replace("Left", "Right")) for name in NAMES if "Left" in name
)
"""(left, right) shapes that a mirror exchanges; all others stay."""
_OPPOSITE: Final = dict(PAIRS) | {right: left for left, right in PAIRS}
MIRROR: Final[tuple[int, ...]] = tuple(INDEX[_OPPOSITE.get(name, name)] for name in NAMES)
"""Where a mirrored face has each of its 52 values from."""

GAZE_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("eyeLookInLeft", "eyeLookOutRight"),
    ("eyeLookOutLeft", "eyeLookInRight"),
)
"""(left, right) shapes of eyes that look the same way sideways: not a mirror's."""


def indices(names: Iterable[str]) -> tuple[int, ...]:
    """Positions of shapes in `NAMES`, ascending. Raises KeyError for a name that is not there."""
    return tuple(sorted(INDEX[name] for name in names))


LIPS_27: Final = indices(name for name in NAMES if name.startswith(("jaw", "mouth")))
LBE_12: Final = indices(ALPHABETICAL[i] for i in (23, 25, 27, 28, 31, 37, 39, 40, 41, 42, 47, 48))
UPPER: Final = indices(name for name in NAMES if name.startswith(("brow", "eye", "noseSneer")))
FDD_UPPER: Final = indices(name for name in NAMES if name.startswith(("eye", "noseSneer")))

REGIONS: Final[Mapping[str, tuple[int, ...]]] = {
    # mouthClose takes back what jawOpen opened: scaled apart from it, lips would no longer meet.
    "jaw": indices(name for name in NAMES if name.startswith("jaw") or name == "mouthClose"),
    "mouth": indices(name for name in NAMES if name.startswith(("mouth", "tongue")) and name != "mouthClose"),
    "brows": indices(name for name in NAMES if name.startswith("brow")),
    "eyes": indices(name for name in NAMES if name.startswith("eye")),
    "cheeks": indices(name for name in NAMES if name.startswith(("cheek", "nose"))),
}
"""Parts of the face that a user turns up and down together; every shape is in one of them."""

_BY_FOLDED: Final = {name.casefold(): name for name in NAMES}


def canonical(name: str) -> str | None:
    """The name in `NAMES` that `name` means, in any case and with `_L` / `_R` for the sides; None for a stranger."""
    folded = name.casefold()
    for suffix, side in (("_l", "left"), ("_r", "right")):
        if folded.endswith(suffix):
            folded = folded[:-2] + side
    return _BY_FOLDED.get(folded)


def remap(values: ArrayLike, source_names: Sequence[str]) -> NDArray[np.float32]:
    """Bring values (..., n) whose last axis has `source_names` into the order of `NAMES`, (..., 52) float32.

    Shapes the source lacks are 0; MediaPipe's `_neutral` is ignored.
    Raises FacewireError for unknown or repeated names, or where their number does not fit the values.
    """
    with np.errstate(over="ignore"):
        array = np.asarray(values).astype(np.float32)
    if array.shape[-1:] != (len(source_names),):
        raise FacewireError(f"values of shape {array.shape} do not fit {len(source_names)} blendshape names")
    names = [canonical(name) for name in source_names]
    unknown = [
        source for source, name in zip(source_names, names, strict=True) if name is None and source != "_neutral"
    ]
    if unknown:
        raise FacewireError(
            f"not ARKit blendshapes: {_listed(map(repr, unknown))}; expected names such as "
            "jawOpen, JawOpen, mouthSmileLeft or mouthSmile_L"
        )
    repeated = [name for name, count in Counter(name for name in names if name).items() if count > 1]
    if repeated:
        raise FacewireError(f"blendshapes named more than once: {_listed(repeated)}")
    result = np.zeros((*array.shape[:-1], COUNT), np.float32)
    known = [(index, INDEX[name]) for index, name in enumerate(names) if name]
    result[..., [to for _, to in known]] = array[..., [at for at, _ in known]]
    return result


def _listed(names: Iterable[str]) -> str:
    """The first few, shortened: a foreign file may have any number of names, of any length."""
    listed = list(names)
    return ", ".join(name[:40] for name in listed[:5]) + ", …" * (len(listed) > 5)
