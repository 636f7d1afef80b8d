"""Takes as arrays of numpy: `bs` (n, 52) float32, `names` (52), `fps`, `pose` (n, 10) float32, `pose_names` (10).

Files without a pose are read, too. They are not read by `numpy.load`, which believes what a file says of its sizes and
makes room for it.
"""

import math
import struct
import tokenize
import zipfile
import zlib
from fractions import Fraction
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from protocols.blendshapes import NAMES
from protocols.errors import FacewireError
from protocols.frame import Weights, as_rate
from protocols.pose import POSE_COUNT, POSE_NAMES, Pose, named
from protocols.table import Table, refuse_too_many

LARGEST_BYTES: Final = 256 * 2**20
"""Of a file, and of each array in it that has frames."""
_SMALL_BYTES: Final = 2**20  # of the others
_NUMBERS: Final = "fiu"
_TEXTS: Final = "U"
_BROKEN: Final = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)  # zipfile's and numpy's, for the many ways a file can be broken


def format_take(weights: Weights, poses: Pose, fps: Fraction) -> bytes:
    """The file for frames (n, 52) in the order of `NAMES` with poses (n, 10)."""
    file = BytesIO()
    np.savez_compressed(
        file, bs=weights, names=np.array(NAMES), fps=np.float64(fps), pose=poses, pose_names=np.array(POSE_NAMES)
    )
    return file.getvalue()


def parse_take(data: bytes, fps: Fraction | None) -> tuple[Table, Fraction]:
    """The frames of a file, and its rate. Raises FacewireError for what is broken, or too large."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            values = _array(archive, "bs", _NUMBERS, LARGEST_BYTES)
            refuse_too_many(len(values))
            names = [str(name) for name in _array(archive, "names", _TEXTS, _SMALL_BYTES)]
            fps = fps or as_rate(float(_array(archive, "fps", _NUMBERS, _SMALL_BYTES).item()))
            poses: Pose = np.zeros((len(values), POSE_COUNT), np.float32)
            if "pose.npy" in archive.namelist():
                numbers = _array(archive, "pose", _NUMBERS, LARGEST_BYTES)
                poses = named(_array(archive, "pose_names", _TEXTS, _SMALL_BYTES).tolist(), numbers)
    except _BROKEN as error:
        raise FacewireError(f"not an npz with bs, names and fps: {repr(error)[:200]}") from None
    return Table(np.arange(len(values)) / float(fps), names, values, poses), fps


def _array(archive: zipfile.ZipFile, name: str, kinds: str, largest_bytes: int) -> NDArray[Any]:
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > largest_bytes:
        raise ValueError(f"{name} has {member.file_size} bytes, more than {largest_bytes}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in a way numpy does not write")
    with archive.open(member) as stream:
        file = BytesIO(stream.read(member.file_size + 1))  # a number, or zipfile unpacks all there is before it counts
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
    shape, by_column, kind = read_header(file)
    content = file.read()
    if kind.kind not in kinds or math.prod(shape) * kind.itemsize != len(content):
        raise ValueError(f"{name} has {len(content)} bytes, and says that it is {kind} of shape {shape}")
    return np.frombuffer(content, kind).reshape(shape, order="F" if by_column else "C")
