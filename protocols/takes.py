"""Takes: a whole performance in a file, as csv (Live Link Face app), json (BEAT) or npz, by the file's suffix.

- `.csv` (`livelink_csv`) holds the 52 shapes and the rotations of head and eyes, not the head's position;
- `.json` (`beat_json`) holds BEAT's 51 shapes, without tongueOut, at 60 frames per second, and the pose;
- `.npz` (`take_npz`) holds all of it.

Readers go by the names in the file, never by position. A file without a pose has head and eyes at rest. Files may come
from anywhere: sizes are checked before memory is taken, and whatever is wrong with one is a FacewireError.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from protocols import beat_json, livelink_csv, take_npz
from protocols.blendshapes import COUNT, NAMES, canonical, remap
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.frame import Weights, as_rate
from protocols.interpolation import at_rate as columns_at_rate
from protocols.pose import AT_REST, POSE_COUNT, POSE_NAMES, Pose, checked, clamped
from protocols.table import Table, refuse_too_many

_T = TypeVar("_T")
_USUAL_RATES: Final = tuple(as_rate(rate) for rate in ("23.976", 24, 25, "29.97", 30, 48, 50, "59.94", 60, 100, 120))
_LATEST_S: Final = 1e9
"""No file's clock counts further."""


@dataclass(frozen=True, eq=False)
class Take:
    """A performance. Raises FacewireError for weights or poses of another shape or out of bounds, or for no frames."""

    weights: Weights
    """(n, 52) in the order of `NAMES`, 0 to 1; copied, read-only."""
    fps: Fraction
    """Frames per second; frame i is at i / fps seconds."""
    poses: Pose = field(default_factory=lambda: AT_REST)
    """(n, 10) in the order of `POSE_NAMES`; one (10,) is taken for all frames. Left out: at rest. Copied, read-only."""

    def __post_init__(self) -> None:
        weights = np.array(self.weights, np.float32)
        if weights.ndim != 2 or weights.shape[1] != COUNT or not len(weights):
            raise FacewireError(f"a take of shape {weights.shape}: must be (frames, {COUNT}) with a frame at least")
        bad = np.argwhere(~((weights >= 0) & (weights <= 1)))
        if len(bad):
            at, shape = bad[0]
            raise FacewireError(f"frame {at}: {NAMES[shape]} = {weights[at, shape]}, must be 0 to 1")
        poses = self.poses
        if poses.shape == (POSE_COUNT,):
            poses = np.broadcast_to(poses, (len(weights), POSE_COUNT))
        if poses.shape != (len(weights), POSE_COUNT):
            raise FacewireError(f"{len(weights)} frames do not fit poses of shape {poses.shape}")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "poses", checked(poses))


def at_rate(take: Take, fps: Fraction) -> Take:
    """The take at another rate, interpolated as for a receiver; as long as it was."""
    weights, poses = (columns_at_rate(each, take.fps, fps) for each in (take.weights, take.poses))
    return Take(weights, fps, poses)


def only_rate(path: Path) -> Fraction | None:
    """The frames per second that takes of the path's format always have; None where they have their own."""
    return beat_json.FPS if path.suffix.lower() == ".json" else None


def write(path: Path, take: Take) -> None:
    """Write a take in the format of the path's suffix; the file appears complete or not at all. FacewireError."""
    data = _known_format(path, _WRITERS)(take)
    with complete_or_not_at_all(path) as partial:
        partial.write_bytes(data)


def read(path: Path, fps: Fraction | None = None) -> Take:
    """Read a take. Values are clamped to their bounds; of the shapes only tongueOut may be missing.

    `fps` is for files that do not tell: a csv shorter than a second, a single frame. Frames that were lost in
    recording, or came at uneven times, are interpolated. Raises FacewireError for broken or oversized files, with the
    reason.
    """
    largest, parse = _known_format(path, _READERS)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > largest:
                raise FacewireError(f"larger than {largest // 2**20} MiB; cut it into shorter takes")
            data = file.read(size)
        return _timed(*parse(data, fps))
    except OSError as error:
        raise FacewireError(f"{path}: cannot be read: {error.strerror}") from None
    except FacewireError as error:
        raise FacewireError(f"{path}: {error}") from None


def _known_format(path: Path, formats: Mapping[str, _T]) -> _T:
    known = formats.get(path.suffix.lower())
    if known is None:
        raise FacewireError(f"{path}: unknown kind of take; the name must end in {', '.join(formats)}")
    return known


def _timed(table: Table, fps: Fraction | None) -> Take:
    """The rows of a file as a take of an even rate."""
    weights, poses = _weights(table.values, table.names), _poses(table)
    times_s = table.times_s
    with np.errstate(all="ignore"):
        steps_s = np.diff(times_s)
        if not (np.abs(times_s) <= _LATEST_S).all() or (steps_s <= 0).any():
            at = int(np.argmin(np.where(np.isfinite(steps_s), steps_s, -np.inf))) + 1 if len(steps_s) else 0
            raise FacewireError(f"time does not advance at frame {at}")
        fps = fps or _rate_of(steps_s)
        at_frames = (times_s - times_s[0]) * float(fps)
    refuse_too_many(at_frames[-1] + 1)
    if np.abs(at_frames - np.arange(len(at_frames))).max() > 0.5:
        even = np.arange(int(at_frames[-1] + 0.5) + 1)
        weights, poses = _interpolated(even, at_frames, weights), _interpolated(even, at_frames, poses)
    return Take(weights, fps, poses)


def _weights(values: NDArray[np.floating], names: Sequence[str]) -> Weights:
    """Values (n, k) of a file as (n, 52)."""
    if values.ndim != 2 or not values.size:
        raise FacewireError("no frames of blendshapes in it")
    missing = {*NAMES} - {canonical(name) for name in names} - {"tongueOut"}
    if missing:
        raise FacewireError(f"missing blendshapes: {', '.join(sorted(missing))}")
    weights = remap(values, names)
    bad = np.argwhere(~np.isfinite(weights))
    if len(bad):
        raise FacewireError(f"frame {bad[0][0]}: {NAMES[bad[0][1]]} is not a number")
    return np.clip(weights, 0, 1)


def _poses(table: Table) -> Pose:
    if table.poses.shape != (len(table.values), POSE_COUNT):
        raise FacewireError(f"poses of shape {table.poses.shape} for {len(table.values)} frames")
    bad = np.argwhere(~np.isfinite(table.poses))
    if len(bad):
        raise FacewireError(f"frame {bad[0][0]}: {POSE_NAMES[bad[0][1]]} is not a number")
    return clamped(table.poses)


def _interpolated(even: NDArray[np.int64], at: NDArray[np.float64], columns: NDArray[np.float32]) -> Pose:
    return np.stack([np.interp(even, at, column).astype(np.float32) for column in columns.T], axis=-1)


def _rate_of(steps_s: NDArray[np.float64]) -> Fraction:
    if not len(steps_s):
        raise FacewireError("a single frame does not tell its rate; give its frames per second")
    frames = np.maximum(np.round(steps_s / np.median(steps_s)), 1).sum()  # a lost frame makes one step of two
    rate = float(frames / steps_s.sum())
    usual = min(_USUAL_RATES, key=lambda each: abs(each - rate))
    return usual if abs(usual - rate) < rate / 200 else as_rate(rate)


Writer = Callable[[Take], bytes]
Reader = Callable[[bytes, Fraction | None], tuple[Table, Fraction | None]]
_WRITERS: Final[Mapping[str, Writer]] = {
    ".csv": lambda take: livelink_csv.format_take(take.weights, take.poses, take.fps).encode(),
    ".json": lambda take: beat_json.format_take(take.weights, take.poses, take.fps).encode(),
    ".npz": lambda take: take_npz.format_take(take.weights, take.poses, take.fps),
}
_READERS: Final[Mapping[str, tuple[int, Reader]]] = {
    ".csv": (livelink_csv.LARGEST_BYTES, lambda data, fps: (livelink_csv.parse_take(data, fps), fps)),
    ".json": (beat_json.LARGEST_BYTES, beat_json.parse_take),
    ".npz": (take_npz.LARGEST_BYTES, take_npz.parse_take),
}
