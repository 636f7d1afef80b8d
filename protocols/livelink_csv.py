"""The csv of the Live Link Face app: one row per frame.

Columns: Timecode `HH:MM:SS:FF.sss` (FF.sss counts frames within the second), BlendShapeCount, the 52 shapes with
JawRight before JawLeft and MouthRight before MouthLeft, then nine head and eye angles (0 here, ignored in files).
The number of frames that make a second is not in the file: it is the smallest usual one that no row reaches.
"""

import csv
import io
import re
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import INDEX, LIVELINK_CSV, ORDERS
from protocols.errors import FacewireError
from protocols.frame import Weights

ANGLES: Final = (
    "HeadYaw", "HeadPitch", "HeadRoll",
    "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
_COLUMNS: Final = (*ORDERS["livelink-csv"], *ANGLES)
_ORDER: Final = [INDEX[name] for name in LIVELINK_CSV]
_BASES: Final = (24, 25, 30, 48, 50, 60, 100, 120, 240)
_TIMECODE: Final = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d):(\d+(?:\.\d*)?)")
_HALF_DAY_S: Final = 43_200

Table = tuple[NDArray[np.float64], list[str], NDArray[np.float64]]
"""Times (n,) in seconds, names (k), values (n, k)."""


def format_take(weights: Weights, fps: Fraction) -> str:
    """The text for frames (n, 52) in the order of `NAMES`, from timecode 0."""
    lines = [",".join(("Timecode", "BlendShapeCount", *_COLUMNS))]
    base = next(base for base in _BASES if base >= fps)
    angles = ",0" * len(ANGLES)
    for index, row in enumerate(weights[:, _ORDER].tolist()):
        values = ",".join(f"{value:.6f}" for value in row)
        lines.append(f"{_timecode(index / fps, base)},{len(_COLUMNS)},{values}{angles}")
    return "\n".join(lines) + "\n"


def parse_take(data: bytes, fps: Fraction | None) -> Table:
    """The rows of a file; `fps` as in `takes.read`. Raises FacewireError for what the app would not write."""
    try:
        header, *rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (ValueError, csv.Error) as error:
        raise FacewireError(f"not a csv with a header: {error}") from None
    folded = [name.strip().casefold() for name in header]
    if folded[:2] != ["timecode", "blendshapecount"]:
        raise FacewireError("not a take of Live Link Face: its first columns must be Timecode, BlendShapeCount")
    rows = [row for row in rows if row]
    short = next((at for at, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if short is not None:
        raise FacewireError(f"row {short} has {len(rows[short - 2])} columns, the header {len(header)}")
    ignored = {name.casefold() for name in ANGLES}
    kept = [at for at, name in enumerate(folded) if at >= 2 and name not in ignored]
    try:
        values = np.array([[row[at] for at in kept] for row in rows], np.float64)
    except ValueError as error:
        raise FacewireError(f"not all values are numbers: {error}") from None
    return _times(rows, fps), [header[at].strip() for at in kept], values


def _timecode(time_s: Fraction, base: int) -> str:
    seconds = int(time_s)
    thousandths = int((time_s - seconds) * base * 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}:{thousandths // 1000:02}.{thousandths % 1000:03}"


def _times(rows: list[list[str]], fps: Fraction | None) -> NDArray[np.float64]:
    """Times (n,) in seconds since the first row's day began."""
    whole, frames = [], []
    for at, row in enumerate(rows, 2):
        match = _TIMECODE.fullmatch(row[0].strip())
        if match is None:
            raise FacewireError(f"row {at}: timecode {row[0]!r}, must be HH:MM:SS:FF.sss")
        hours, minutes, seconds, frame = match.groups()
        whole.append(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
        frames.append(float(frame))
    if not rows:
        return np.empty(0)
    if fps is None and whole[0] == whole[-1]:
        raise FacewireError("shorter than a second, which does not tell its rate; give its frames per second")
    base = next((base for base in _BASES if base > int(max(frames)) and base >= (fps or 0)), None)
    if base is None:
        raise FacewireError(f"timecodes count {int(max(frames)) + 1} frames in a second")
    times_s = np.array(whole) + np.array(frames) / base
    past_midnight = np.diff(times_s, prepend=times_s[0]) < -_HALF_DAY_S
    return times_s + 2 * _HALF_DAY_S * np.cumsum(past_midnight)
