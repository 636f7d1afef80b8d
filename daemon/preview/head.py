"""The realistic head of the preview: ICT-FaceKit baked into one file for the page to draw.

Layout of /head.bin, little-endian: uint32 length of a JSON text, the text, padding to 4 bytes, arrays. The JSON:
{"format", "names": [52], "arrays": {name: {"type", "shape", "offset" from the end of the padding}},
"parts": {part: [first index, count]}, "eyes": [[x, y, z] cm, right then left], "landmarks": [68 vertices]}.

- position float32 (V, 3) cm; index uint16 (triangles, 3), part after part
- light uint8 (V, 2): share of the ambient light that reaches the vertex, with the mouth shut and with the jaw dropped
- delta_start uint32 (53,), delta_scale float32 (52,) cm, delta_vertex uint16 (n,), delta int16 (n, 3): shape s moves
  vertex delta_vertex[i] by weight * delta_scale[s] * delta[i], for delta_start[s] <= i < delta_start[s + 1]
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from model import ict
from model.ict import PARTS, FaceKit, Floats
from protocols.blendshapes import COUNT, INDEX, NAMES
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

FORMAT: Final = 1
_DRAWN: Final[Mapping[str, tuple[str, ...]]] = {
    "skin": ("face", "head_neck", "eye_socket_left", "eye_socket_right"),
    "mouth": ("mouth_socket", "gums", "tongue"),
    "teeth": ("teeth_upper", "teeth_lower"),
    "eye_right": ("sclera_right",),
    "eye_left": ("sclera_left",),
    "lashes": ("lashes_left", "lashes_right"),
}
"""What the page draws, in this order. The painted sclera is the whole eye; other layers would need textures."""
_SMALLEST_CM: Final = 0.005
"""Smaller displacements cannot be seen: a fifth of a pixel if the head is 1000 pixels high."""


def head_bytes(path: Path) -> bytes:
    """The baked head of the kit at `path`, from the cache if it was baked before. Raises FacewireError."""
    cached = user_cache_path("facewire", appauthor=False) / f"head-{_fingerprint(path)}.bin"
    if (found := _cached(cached)) is not None:
        return found
    baked = bake(ict.read(path))
    with suppress(OSError, FacewireError):  # with a full or read-only disk the next start takes a few seconds longer
        cached.parent.mkdir(parents=True, exist_ok=True)
        with complete_or_not_at_all(cached) as partial:
            partial.write_bytes(hashlib.sha256(baked).digest() + baked)
    return baked


def _cached(file: Path) -> bytes | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, baked = content[:32], content[32:]
    return baked if hashlib.sha256(baked).digest() == digest else None


def _fingerprint(path: Path) -> str:
    """A hash that changes with the kit's files and with our format."""
    files = sorted(path.rglob("*.obj")) if path.is_dir() else [path]
    try:
        states = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    except OSError:
        states = []  # reading it will raise the proper error
    return hashlib.sha256(repr((FORMAT, states)).encode()).hexdigest()[:16]


def bake(kit: FaceKit) -> bytes:
    """The kit as /head.bin: only what is drawn, quantised, with its own shadows."""
    neutral = _eyes_ahead(kit.neutral)
    kept = np.concatenate([np.r_[PARTS[name]] for names in _DRAWN.values() for name in names])
    index_of = np.full(ict.VERTICES, -1, np.int32)
    index_of[kept] = np.arange(len(kept))
    triangles = {part: _triangles_of(names, kit.faces) for part, names in _DRAWN.items()}
    poses = (neutral, neutral + kit.displacements[INDEX["jawOpen"]])
    light = np.stack([_light(pose, kit.faces)[kept] for pose in poses], axis=1)
    starts, scales, moved, steps = _deltas(kit.displacements[:, kept])
    arrays: dict[str, NDArray[np.generic]] = {
        "position": neutral[kept],
        "index": index_of[np.concatenate(list(triangles.values()))].astype(np.uint16),
        "light": np.rint(light * 255).astype(np.uint8),
        "delta_start": starts,
        "delta_scale": scales,
        "delta_vertex": moved,
        "delta": steps,
    }
    counts = [3 * len(part) for part in triangles.values()]
    begins = np.cumsum([0, *counts])[:-1].tolist()
    header = {
        "format": FORMAT,
        "names": NAMES,
        "parts": dict(zip(triangles, zip(begins, counts, strict=True), strict=True)),
        "eyes": [_eye_centre(kit.neutral, side).tolist() for side in ("right", "left")],
        "landmarks": index_of[kit.landmarks].tolist(),
    }
    return _pack(header, arrays)


def _pack(header: dict[str, object], arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    places, body = {}, b""
    for name, array in arrays.items():
        kind = array.dtype.newbyteorder("<")
        places[name] = {"type": array.dtype.name, "shape": array.shape, "offset": len(body)}
        body += array.astype(kind).tobytes()
        body += bytes(-len(body) % 4)
    text = json.dumps({**header, "arrays": places}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + body


def _triangles_of(names: tuple[str, ...], faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The triangles of the parts, (n, 3). A triangle across two parts belongs to that of its last vertex."""
    mine = np.zeros(ict.VERTICES, bool)
    for name in names:
        mine[PARTS[name]] = True
    chosen: NDArray[np.int32] = faces[mine[faces.max(axis=1)]]
    return chosen


def _deltas(displacements: Floats) -> tuple[NDArray[np.generic], ...]:
    """Starts (53,), scales (52,), moved vertices (n,) and steps (n, 3) of the displacements (52, V, 3)."""
    seen = np.linalg.norm(displacements, axis=2) > _SMALLEST_CM
    scales = np.abs(displacements).max(axis=(1, 2)) / np.iinfo(np.int16).max
    shapes, moved = np.nonzero(seen)
    steps = np.rint(displacements[shapes, moved] / np.maximum(scales, 1e-12)[shapes, None]).astype(np.int16)
    starts = np.searchsorted(shapes, np.arange(COUNT + 1)).astype(np.uint32)
    return starts, scales.astype(np.float32), moved.astype(np.uint16), steps


def _eye_centre(neutral: Floats, side: str) -> Floats:
    """Centre of the eyeball, (3,) cm, fitted to the half behind the cornea."""
    eye = neutral[PARTS[f"sclera_{side}"]]
    return _sphere_centre(eye[eye[:, 2] < np.median(eye[:, 2])])


def _eyes_ahead(neutral: Floats) -> Floats:
    """The neutral vertices with the eyes turned straight ahead; the kit's point outwards a little."""
    turned = neutral.copy()
    for side in ("left", "right"):
        part, centre = PARTS[f"sclera_{side}"], _eye_centre(neutral, side)
        eye = neutral[part] - centre
        distance = np.linalg.norm(eye, axis=1)
        cornea = _sphere_centre(eye[distance > np.median(distance) + 0.1])
        axis = cornea / np.hypot(cornea[0], cornea[2])
        turned[part] = eye @ np.array([[axis[2], 0, axis[0]], [0, 1, 0], [-axis[0], 0, axis[2]]], np.float32) + centre
    return turned


def _sphere_centre(points: Floats) -> Floats:
    """Centre of the sphere through the points (n, 3), by least squares, (3,)."""
    fit, *_ = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(axis=1), rcond=None)
    centre: Floats = fit[:3].astype(np.float32)
    return centre


def _light(points: Floats, faces: NDArray[np.int32], directions: int = 96, cell_cm: float = 0.25) -> Floats:
    """Share of the ambient light that reaches each vertex, (V,) 0..1, from depth maps seen from many directions."""
    corners = points[faces]
    normals = _normals(points, faces)
    long = np.ptp(corners, axis=1).max(axis=1) > cell_cm
    weights = np.random.default_rng(0).dirichlet((1, 1, 1), 12).astype(np.float32)
    surface = np.concatenate([points, corners.mean(axis=1), (weights @ corners[long]).reshape(-1, 3)])
    lifted = points + 0.3 * normals
    reach = float(np.sqrt((surface**2).sum(axis=1).max())) + 1
    size = int(2 * reach / cell_cm) + 1
    reached, total = np.zeros(len(points), np.float32), np.zeros(len(points), np.float32)
    for direction in _sphere(directions):
        side = np.cross(direction, [0.3, 1, 0.2])
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(direction, side), direction], axis=1).astype(np.float32)
        spread, seen = surface @ frame, lifted @ frame
        nearest = np.full(size * size, -np.inf, np.float32)
        np.maximum.at(nearest, _cells(spread, reach, cell_cm, size), spread[:, 2])
        facing = np.maximum(normals @ direction.astype(np.float32), 0)
        total += facing
        reached += facing * (seen[:, 2] > nearest[_cells(seen, reach, cell_cm, size)] - 0.15)
    light: Floats = (reached / np.maximum(total, 1e-6)).astype(np.float32)
    for _ in range(2):  # so few directions leave grain
        light = _smooth(light, faces)
    return light


def _cells(seen: Floats, reach: float, cell_cm: float, size: int) -> NDArray[np.intp]:
    """The cells, (n,), of points (n, 3) in a depth map of size x size cells that begins at -reach cm."""
    column, row = ((seen[:, :2] + reach) / cell_cm).astype(np.intp).T
    cells: NDArray[np.intp] = column * size + row
    return cells


def _sphere(count: int) -> NDArray[np.float64]:
    """Evenly spread unit vectors (golden angle), (count, 3)."""
    height = 1 - 2 * (np.arange(count) + 0.5) / count
    angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)


def _normals(points: Floats, faces: NDArray[np.int32]) -> Floats:
    a, b, c = points[faces].transpose(1, 0, 2)
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in faces.T:
        np.add.at(normals, corner, across)
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


def _smooth(values: Floats, faces: NDArray[np.int32]) -> Floats:
    """Each vertex's value averaged with its neighbours'."""
    total, count = values.copy(), np.ones_like(values)
    for corner in range(3):
        np.add.at(total, faces[:, corner], values[faces[:, corner - 1]])
        np.add.at(count, faces[:, corner], 1)
    mixed: Floats = total / count
    return mixed
