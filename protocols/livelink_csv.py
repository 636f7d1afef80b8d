"""The csv of the Live Link Face app: one row per frame.

Columns: Timecode `HH:MM:SS:FF.sss` (FF.sss counts frames within the second), BlendshapeCount (the app wrote
BlendShapeCount until 2024: case does not matter in reading), the 52 shapes with JawRight before JawLeft and MouthRight
before MouthLeft, then yaw, pitch and roll of the head and of each eye in radians, with the signs of packets. There is
no column for the head's position; the roll of an eye is 0 here, and ignored in files.
The number of frames that make a second is not in the file: it is the smallest usual one that no row reaches.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import INDEX, LIVELINK_CSV, ORDERS
from protocols.errors import FacewireError
from protocols.frame import Weights
from protocols.pose import Pose, from_livelink, to_livelink
from protocols.table import Table, refuse_too_many

LARGEST_BYTES: Final = 512 * 2**20
ANGLES: Final = (
    "HeadYaw", "HeadPitch", "HeadRoll",
    "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
_COLUMNS: Final = (*ORDERS["livelink-csv"], *ANGLES)
_ORDER: Final = [INDEX[name] for name in LIVELINK_CSV]
_BASES: Final = (24, 25, 30, 48, 50, 60, 100, 120, 240)
_TIMECODE: Final = re.compile(r"(\d{1,3}):([0-5]?\d):([0-5]?\d):(\d{1,4}(?:\.\d{0,12})?)")
_HALF_DAY_S: Final = 43_200


def format_take(weights: Weights, poses: Pose, fps: Fraction) -> str:
    """The text for frames (n, 52) in the order of `NAMES` with poses (n, 10), from timecode 0."""
    lines = [",".join(("Timecode", "BlendshapeCount", *_COLUMNS))]
    base = next(base for base in _BASES if base >= fps)
    rows = np.concatenate((weights[:, _ORDER], to_livelink(poses)), axis=1).tolist()
    for index, row in enumerate(rows):
        values = ",".join(f"{value:.6f}" for value in row)
        lines.append(f"{_timecode(index / fps, base)},{len(_COLUMNS)},{values}")
    return "\n".join(lines) + "\n"


def parse_take(data: bytes, fps: Fraction | None) -> Table:
    """The rows of a file; `fps` as in `takes.read`. Raises FacewireError for what the app would not write."""
    lines = _lines(data)
    header = next(lines, [])
    folded = [name.strip().casefold() for name in header]
    if folded[:2] != ["timecode", "blendshapecount"]:
        raise FacewireError("not a take of Live Link Face: its first columns must be Timecode, BlendshapeCount")
    timecodes, numbers = _rows(lines, len(header))
    angles = np.zeros((len(numbers), len(ANGLES)))
    at_angles = {folded.index(name.casefold(), 2): at for at, name in enumerate(ANGLES) if name.casefold() in folded}
    for column, at in at_angles.items():
        angles[:, at] = numbers[:, column - 2]
    shapes = [column for column in range(2, len(header)) if column not in at_angles]
    names, values = [header[column].strip() for column in shapes], numbers[:, [column - 2 for column in shapes]]
    return Table(_times(timecodes, fps), names, values, from_livelink(angles))


def _lines(data: bytes) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""))
    except (ValueError, csv.Error) as error:
        raise FacewireError(f"not a csv with a header: {error}") from None


def _rows(lines: Iterable[list[str]], columns: int) -> tuple[list[str], NDArray[np.float64]]:
    """Timecodes, and what stands behind them (n, columns - 2)."""
    timecodes: list[str] = []
    numbers = array("d")
    for at, row in enumerate(filter(None, lines), 2):
        if len(row) != columns:
            raise FacewireError(f"row {at} has {len(row)} columns, the header {columns}")
        refuse_too_many(at - 1)
        try:
            numbers.extend(map(float, row[2:]))
        except ValueError as error:
            raise FacewireError(f"row {at}: not all values are numbers: {str(error)[:100]}") from None
        timecodes.append(row[0])
    return timecodes, np.array(numbers).reshape(len(timecodes), columns - 2)


def _timecode(time_s: Fraction, base: int) -> str:
    seconds = int(time_s)
    thousandths = int((time_s - seconds) * base * 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}:{thousandths // 1000:02}.{thousandths % 1000:03}"


def _times(timecodes: Sequence[str], fps: Fraction | None) -> NDArray[np.float64]:
    """Times (n,) in seconds since the first row's day began."""
    whole, frames = [], []
    for at, timecode in enumerate(timecodes, 2):
        match = _TIMECODE.fullmatch(timecode.strip())
        if match is None:
            raise FacewireError(f"row {at}: timecode {timecode[:40]!r}, must be HH:MM:SS:FF.sss")
        hours, minutes, seconds, frame = match.groups()
        whole.append(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
        frames.append(float(frame))
    if not timecodes:
        return np.empty(0)
    if fps is None and whole[0] == whole[-1]:
        raise FacewireError("shorter than a second, which does not tell its rate; give its frames per second")
    base = next((base for base in _BASES if base > int(max(frames)) and base >= (fps or 0)), None)
    if base is None:
        raise FacewireError(f"timecodes count {int(max(frames)) + 1} frames in a second")
    times_s = np.array(whole) + np.array(frames) / base
    past_midnight = np.diff(times_s, prepend=times_s[0]) < -_HALF_DAY_S
    return times_s + 2 * _HALF_DAY_S * np.cumsum(past_midnight)
