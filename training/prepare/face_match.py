"""Where MediaPipe's landmarks lie on ICT-FaceKit's head, as weights of its vertices.

Lips, lids, brows and the bridge of the nose are lines on both: a landmark lies at the same share of its line's length.
A thin-plate warp that maps these lines from one face to the other maps all other landmarks, too, onto the nearest
vertices.
"""

import itertools
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from model.ict import PARTS, FaceKit
from protocols.errors import FacewireError
from training.prepare.face_points import CHIN, CURVES, MESH

Doubles = NDArray[np.float64]

_GEOMETRY: Final = "geometry_pipeline_metadata_landmarks.binarypb"
_NEAREST: Final = 4


def canonical_mesh(task: Path) -> Doubles:
    """MediaPipe's canonical face (468, 3), cm, y up, z out of the face, from a Face Landmarker bundle.

    Raises FacewireError for another file.
    """
    try:
        with zipfile.ZipFile(task) as bundle:
            content = bundle.read(_GEOMETRY)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise FacewireError(f"{task}: no Face Landmarker bundle (face_landmarker.task): {error}") from error
    # A protobuf: vertices are its longest run of floats of field 3 (tag 0x1d), x, y, z, u, v each.
    begin = content.find(b"\x1d")
    record = struct.Struct("<Bf")
    floats = []
    for tag, value in record.iter_unpack(content[begin : begin + MESH * 5 * record.size]):
        if tag != 0x1D:
            break
        floats.append(value)
    if begin < 0 or len(floats) != MESH * 5:
        raise FacewireError(f"{task}: its canonical face has {len(floats) // 5} points, expected {MESH}")
    return np.array(floats).reshape(MESH, 5)[:, :3]


def match(kit: FaceKit, canonical: Doubles) -> csr_array:
    """Weights (468, V) of the kit's vertices for each of MediaPipe's points; every row sums to 1."""
    face = PARTS["face"].stop
    neutral = kit.neutral[:face].astype(np.float64)
    weights = np.zeros((MESH, face))
    on_lines = {CHIN[0]: {int(kit.landmarks[CHIN[1]]): 1.0}}
    edges = _edges(neutral, kit.faces)
    for points, landmarks in CURVES.values():
        path = _path(edges, kit.landmarks[list(landmarks)])
        shares = _length(canonical[list(points)])
        on_lines |= dict(zip(points, _along(path, _length(neutral[path]), shares), strict=True))
    for point, vertices in on_lines.items():
        weights[point, list(vertices)] = list(vertices.values())
    fixed = sorted(on_lines)
    warp = RBFInterpolator(canonical[fixed], weights[fixed] @ neutral, kernel="thin_plate_spline")
    others = np.setdiff1d(np.arange(MESH), fixed)
    distance, vertex = cKDTree(neutral).query(warp(canonical[others]), _NEAREST)
    closeness = 1 / np.maximum(distance, 1e-3)
    weights[others[:, None], vertex] = closeness / closeness.sum(axis=1, keepdims=True)
    return csr_array(weights)


def _edges(vertices: Doubles, faces: NDArray[np.int32]) -> csr_array:
    """Lengths of the edges between vertices, (V, V)."""
    inside = faces[(faces < len(vertices)).all(axis=1)]
    pairs = np.unique(
        np.sort(np.concatenate([inside[:, [0, 1]], inside[:, [1, 2]], inside[:, [0, 2]]]), axis=1), axis=0
    )
    length = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
    return csr_array((length, (pairs[:, 0], pairs[:, 1])), shape=(len(vertices), len(vertices)))


def _path(edges: csr_array, stations: NDArray[np.int32]) -> list[int]:
    """Vertices of the shortest path along edges through all stations."""
    path = [int(stations[0])]
    for begin, end in itertools.pairwise(stations.tolist()):
        _, before = dijkstra(edges, directed=False, indices=begin, return_predecessors=True)
        leg = [end]
        while leg[-1] != begin:
            if (vertex := int(before[leg[-1]])) < 0:
                raise FacewireError("ICT-FaceKit's landmarks are not connected by its mesh: is it another version?")
            leg.append(vertex)
        path += leg[::-1][1:]
    return path


def _length(line: Doubles) -> Doubles:
    """Share of a line's length, 0 to 1, at which each of its points (n, 3) lies."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    shares: Doubles = along / along[-1]
    return shares


def _along(path: Sequence[int], length: Doubles, shares: Doubles) -> list[dict[int, float]]:
    """Weights of the two vertices of a path between which each share of its length lies."""
    after = np.clip(np.searchsorted(length, shares), 1, len(path) - 1)
    part = (shares - length[after - 1]) / (length[after] - length[after - 1])
    return [{path[i - 1]: 1 - float(p), path[i]: float(p)} for i, p in zip(after, part, strict=True)]
