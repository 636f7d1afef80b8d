"""Takes: a whole performance in a file, as csv (Live Link Face app), json (BEAT) or npz, by the file's suffix.

- `.csv`: see `livelink_csv`;
- `.json`: {"fps", "names", "frames": [{"weights", "time", "rotation"}]}, BEAT's 51 shapes and tongueOut after them;
- `.npz`: arrays `bs` (n, 52) float32, `names` (52), `fps`.

Readers go by the names in the file, never by position.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocols import livelink_csv
from protocols.blendshapes import ALPHABETICAL, COUNT, INDEX, NAMES, canonical, remap
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.frame import Weights, as_rate

_T = TypeVar("_T")
_USUAL_RATES: Final = tuple(as_rate(rate) for rate in ("23.976", 24, 25, "29.97", 30, 48, 50, "59.94", 60, 100, 120))
_NPZ_ERRORS: Final = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    zipfile.BadZipFile,
    zlib.error,
)  # numpy's, for the many ways a zip can be broken
_ALPHABETICAL_INDEX: Final = [INDEX[name] for name in ALPHABETICAL]


@dataclass(frozen=True, eq=False)
class Take:
    """A performance. Raises FacewireError for weights of another shape, outside 0 to 1, or for no frames."""

    weights: Weights
    """(n, 52) in the order of `NAMES`, 0 to 1; copied, read-only."""
    fps: Fraction
    """Frames per second; frame i is at i / fps seconds."""

    def __post_init__(self) -> None:
        weights = np.array(self.weights, np.float32)
        if weights.ndim != 2 or weights.shape[1] != COUNT or not len(weights):
            raise FacewireError(f"a take of shape {weights.shape}: must be (frames, {COUNT}) with a frame at least")
        bad = np.argwhere(~((weights >= 0) & (weights <= 1)))
        if len(bad):
            at, shape = bad[0]
            raise FacewireError(f"frame {at}: {NAMES[shape]} = {weights[at, shape]}, must be 0 to 1")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)


def write(path: Path, take: Take) -> None:
    """Write a take in the format of the path's suffix; the file appears complete or not at all. FacewireError."""
    data = _known_format(path, _WRITERS)(take)
    with complete_or_not_at_all(path) as partial:
        partial.write_bytes(data)


def read(path: Path, fps: Fraction | None = None) -> Take:
    """Read a take. Values are clamped to 0..1; only tongueOut may be missing.

    `fps` is for files that do not tell: a csv shorter than a second, a single frame. Frames that were lost in
    recording, or came at uneven times, are interpolated. Raises FacewireError for broken files, with the reason.
    """
    reader = _known_format(path, _READERS)
    try:
        return reader(path.read_bytes(), fps)
    except OSError as error:
        raise FacewireError(f"{path}: cannot be read: {error.strerror}") from None
    except FacewireError as error:
        raise FacewireError(f"{path}: {error}") from None


def _known_format(path: Path, formats: Mapping[str, _T]) -> _T:
    known = formats.get(path.suffix.lower())
    if known is None:
        raise FacewireError(f"{path}: unknown kind of take; the name must end in {', '.join(formats)}")
    return known


def _checked(values: ArrayLike, names: Sequence[str]) -> Weights:
    """Values (n, k) of a file as (n, 52)."""
    if np.ndim(values) != 2 or not np.size(values):
        raise FacewireError("no frames of blendshapes in it")
    missing = {*NAMES} - {canonical(name) for name in names} - {"tongueOut"}
    if missing:
        raise FacewireError(f"missing blendshapes: {', '.join(sorted(missing))}")
    weights = remap(values, names)
    bad = np.argwhere(~np.isfinite(weights))
    if len(bad):
        raise FacewireError(f"frame {bad[0][0]}: {NAMES[bad[0][1]]} is not a number")
    return np.clip(weights, 0, 1)


def _timed(times_s: NDArray[np.float64], weights: Weights, fps: Fraction | None) -> Take:
    """Frames (n, 52) at times (n,) as a take of an even rate."""
    steps_s = np.diff(times_s)
    if not np.isfinite(times_s).all() or (steps_s <= 0).any():
        at = int(np.argmin(np.where(np.isfinite(steps_s), steps_s, -np.inf))) + 1 if len(steps_s) else 0
        raise FacewireError(f"time does not advance at frame {at}")
    if fps is None:
        fps = _rate_of(steps_s)
    at_frames = (times_s - times_s[0]) * float(fps)
    if np.abs(at_frames - np.arange(len(at_frames))).max() > 0.5:
        even = np.arange(int(at_frames[-1] + 0.5) + 1)
        weights = np.stack([np.interp(even, at_frames, column) for column in weights.T], axis=-1)
    return Take(weights, fps)


def _rate_of(steps_s: NDArray[np.float64]) -> Fraction:
    if not len(steps_s):
        raise FacewireError("a single frame does not tell its rate; give its frames per second")
    frames = np.maximum(np.round(steps_s / np.median(steps_s)), 1).sum()  # a lost frame makes one step of two
    rate = float(frames / steps_s.sum())
    usual = min(_USUAL_RATES, key=lambda each: abs(each - rate))
    return usual if abs(usual - rate) < rate / 200 else as_rate(rate)


def _csv_of(take: Take) -> bytes:
    return livelink_csv.format_take(take.weights, take.fps).encode()


def _read_csv(data: bytes, fps: Fraction | None) -> Take:
    times_s, names, values = livelink_csv.parse_take(data, fps)
    return _timed(times_s, _checked(values, names), fps)


def _json_of(take: Take) -> bytes:
    fps = int(take.fps) if take.fps.denominator == 1 else float(take.fps)
    rows = take.weights[:, _ALPHABETICAL_INDEX].tolist()
    frames = [
        {"weights": [round(value, 6) for value in row], "time": round(float(index / take.fps), 6), "rotation": []}
        for index, row in enumerate(rows)
    ]
    return json.dumps({"fps": fps, "names": ALPHABETICAL, "frames": frames}).encode()


def _read_json(data: bytes, fps: Fraction | None) -> Take:
    try:
        take = json.loads(data)
        names = [str(name) for name in take["names"]]
        values = np.array([frame["weights"] for frame in take["frames"]], np.float64)
        times_s = np.array([frame["time"] for frame in take["frames"]], np.float64)
        fps = fps or (as_rate(take["fps"]) if "fps" in take else None)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FacewireError(f"not a take in BEAT's layout: {error!r}") from None
    return _timed(times_s, _checked(values, names), fps)


def _npz_of(take: Take) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, bs=take.weights, names=np.array(NAMES), fps=np.float64(take.fps))
    return file.getvalue()


def _read_npz(data: bytes, fps: Fraction | None) -> Take:
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            values = arrays["bs"].astype(np.float64)
            names = [str(name) for name in arrays["names"]]
            fps = fps or as_rate(float(arrays["fps"]))
    except _NPZ_ERRORS as error:
        raise FacewireError(f"not an npz with bs, names and fps: {error!r}") from None
    return Take(_checked(values, names), fps)


_WRITERS: Final[Mapping[str, Callable[[Take], bytes]]] = {".csv": _csv_of, ".json": _json_of, ".npz": _npz_of}
_READERS: Final[Mapping[str, Callable[[bytes, Fraction | None], Take]]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".npz": _read_npz,
}
