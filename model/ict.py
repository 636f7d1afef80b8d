"""Reads ICT-FaceKit (USC ICT Vision and Graphics Lab, MIT): a head whose expression shapes have ARKit's names.

The topology is fixed, so parts of the head are ranges of vertices, as listed in the kit's README. Lengths are in
centimetres; x points to the head's own left, y up, z out of the face. Users bring their own copy of the kit; nothing of
it ships with facewire.
"""

import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols.blendshapes import COUNT, INDEX, NAMES
from protocols.errors import FacewireError

Floats = NDArray[np.float32]

VERTICES: Final = 26719
PARTS: Final[Mapping[str, slice]] = MappingProxyType(
    {
        "face": slice(0, 9409),
        "head_neck": slice(9409, 11248),
        "mouth_socket": slice(11248, 13294),
        "eye_socket_left": slice(13294, 13678),
        "eye_socket_right": slice(13678, 14062),
        "gums": slice(14062, 16611),
        "tongue": slice(16611, 17039),  # part of the gums in the README; this cut severs the fewest edges
        "teeth_upper": slice(17039, 19247),
        "teeth_lower": slice(19247, 21451),
        "sclera_left": slice(21451, 22221),
        "iris_left": slice(22221, 23021),
        "sclera_right": slice(23021, 23791),
        "iris_right": slice(23791, 24591),
        "lacrimal_left": slice(24591, 24795),
        "lacrimal_right": slice(24795, 24999),
        "eye_blend_left": slice(24999, 25023),
        "eye_blend_right": slice(25023, 25047),
        "eye_occlusion_left": slice(25047, 25199),
        "eye_occlusion_right": slice(25199, 25351),
        "lashes_left": slice(25351, 26035),
        "lashes_right": slice(26035, 26719),
    }
)
"""The vertices of each part. Left is the head's own left."""

_NEUTRAL: Final = "generic_neutral_mesh.obj"
_INDICES: Final = "vertex_indices.json"
_SOURCE: Final = "get it from github.com/ICT-VGL/ICT-FaceKit and name its folder or an archive of it"


@dataclass(frozen=True)
class FaceKit:
    """A head, and how each blendshape deforms it."""

    neutral: Floats
    """(V, 3) vertices of the neutral face, in cm."""
    faces: NDArray[np.int32]
    """(T, 3) triangles, counter-clockwise from outside."""
    displacements: Floats
    """(52, V, 3) cm at weight 1, in the order of `protocols.blendshapes.NAMES`. Eyeballs do not move."""
    landmarks: NDArray[np.int32]
    """(68,) vertices of the Multi-PIE landmarks; 36-41 are the right eye, 42-47 the left eye, 48-67 the mouth."""


def read(path: Path) -> FaceKit:
    """Read a kit from its folder (or the `FaceXModel` folder in it), or from a .tar.xz, .tar.gz or .zip of it.

    `tongueOut`, which the kit lacks, is composed of the tongue, the jaw and the lips. The kit's extra shapes
    (`cheekRaiser`, `PupilDilate`) are not in ARKit and are ignored. Raises FacewireError if files are missing or
    damaged.
    """
    wanted = {file for files in _SHAPES.values() for file in files} | {_NEUTRAL, _INDICES}
    try:
        files = dict(_files(path, wanted))
    except (EOFError, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error) as error:
        raise FacewireError(
            f"{path} is neither a folder nor a complete .tar.xz, .tar.gz or .zip archive; {_SOURCE}"
        ) from error
    except OSError as error:
        raise FacewireError(f"cannot read ICT-FaceKit: {error}; {_SOURCE}") from error
    if missing := sorted(wanted - files.keys()):
        named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise FacewireError(f"{path} lacks ICT-FaceKit's {named}; {_SOURCE}")
    try:
        return _kit(files)
    except (ValueError, KeyError, TypeError) as error:
        raise FacewireError(f"ICT-FaceKit in {path} is damaged: {error}; {_SOURCE}") from error


def _shapes() -> dict[str, tuple[str, ...]]:
    """For each ARKit shape, the kit's files whose displacements add up to it."""
    shapes: dict[str, tuple[str, ...]] = {}
    for name in NAMES:
        if name in ("browInnerUp", "cheekPuff"):
            shapes[name] = (f"{name}_L.obj", f"{name}_R.obj")
        elif name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            shapes[name] = (f"{name}.obj",)
        elif name != "tongueOut":
            shapes[name] = (f"{name.replace('Left', '_L').replace('Right', '_R')}.obj",)
    return shapes


_SHAPES: Final = _shapes()


def _files(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the wanted files."""
    if path.is_dir():
        folders = (path / "FaceXModel", path / "ICT-FaceKit" / "FaceXModel")
        folder = next((folder for folder in folders if folder.is_dir()), path)
        for file in folder.iterdir():
            if file.name in wanted:
                yield file.name, file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            for entry in zipped.namelist():
                if PurePosixPath(entry).name in wanted:
                    yield PurePosixPath(entry).name, zipped.read(entry)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if member.isfile() and name in wanted and (content := archive.extractfile(member)):
                    yield name, content.read()


def _kit(files: Mapping[str, bytes]) -> FaceKit:
    neutral = _vertices(_NEUTRAL, files)
    displacements = np.zeros((COUNT, VERTICES, 3), np.float32)
    for shape, names in _SHAPES.items():
        for name in names:
            displacements[INDEX[shape]] += _vertices(name, files) - neutral
    displacements[INDEX["tongueOut"]] = _tongue_out(neutral, displacements)
    landmarks = np.array(json.loads(files[_INDICES])["idx_to_landmark_verts"], np.int32)
    if landmarks.shape != (68,) or not _are_vertices(landmarks):
        raise ValueError(f"{_INDICES}: idx_to_landmark_verts must list 68 vertices")
    return FaceKit(neutral, _triangles(files[_NEUTRAL]), displacements, landmarks)


def _vertices(name: str, files: Mapping[str, bytes]) -> Floats:
    """The `v x y z` lines of an .obj file, (V, 3)."""
    text = b"\n" + files[name]
    first, last = text.find(b"\nv "), text.rfind(b"\nv ")
    if first < 0:
        raise ValueError(f"{name} has no vertices")
    lines = io.BytesIO(text[first : text.find(b"\n", last + 1)])
    try:
        vertices = np.loadtxt(lines, np.float32, comments=None, usecols=(1, 2, 3), ndmin=2)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if len(vertices) != VERTICES or not np.isfinite(vertices).all():
        raise ValueError(f"{name} has {len(vertices)} vertices, expected {VERTICES} finite ones")
    return vertices


def _triangles(text: bytes) -> NDArray[np.int32]:
    """The `f` lines of an .obj file, split into triangles (T, 3) of vertex indices from 0."""
    polygons = [
        [int(corner.partition(b"/")[0]) - 1 for corner in line.split()[1:]]
        for line in text.splitlines()
        if line.startswith(b"f ")
    ]
    fans = [(polygon[0], *polygon[at : at + 2]) for polygon in polygons for at in range(1, len(polygon) - 1)]
    triangles = np.array(fans, np.int32).reshape(-1, 3)
    if not len(triangles) or not _are_vertices(triangles):
        raise ValueError(f"{_NEUTRAL}: its faces refer to vertices that do not exist")
    return triangles


def _are_vertices(indices: NDArray[np.int32]) -> bool:
    return bool(((indices >= 0) & (indices < VERTICES)).all())


def _tongue_out(neutral: Floats, displacements: Floats) -> Floats:
    """Displacements (V, 3) that move the tongue out between the lips.

    The lips part for it, even if no other shape opens them. The farther forward a point of the tongue lies, the farther
    it moves. The tongue flattens, passes over the lower teeth and bends down in front of the lip.
    """
    lips = (
        ("mouthLowerDownLeft", 0.5),
        ("mouthLowerDownRight", 0.5),
        ("mouthUpperUpLeft", 0.3),
        ("mouthUpperUpRight", 0.3),
    )
    moved: Floats = 0.22 * displacements[INDEX["jawOpen"]]
    for name, share in lips:
        moved += share * displacements[INDEX[name]]
    tongue = neutral[PARTS["tongue"]]
    x, y, z = tongue.T
    along = (z - z.min()) / max(float(np.ptp(z)), 1e-6)
    out = z + 4.2 * along**2 * (3 - 2 * along)  # the whole tip moves alike, so that it stays round
    middle = -3.65 - 0.2 * np.maximum(out - 10.8, 0) ** 2
    height = y + along * (middle + 0.5 * (y + 3.9) - y)
    moved[PARTS["tongue"]] = np.stack([np.zeros_like(x), height - y, out - z], axis=1)
    return moved
