"""Frames of videos beside the head that wears their solved weights, for a look. Needs the extra `train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.ict import PARTS, FaceKit
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from training.prepare.decode import frames
from training.prepare.face_model import FaceModel
from training.prepare.solve import Solved, person, solve
from training.prepare.video import Tracked

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]

SHAPES: Final = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLowerDownLeft", "mouthUpperUpLeft",
    "mouthStretchLeft", "mouthSmileLeft", "mouthRollLower", "eyeBlinkLeft", "browInnerUp",
)  # fmt: skip
"""The sheet shows the frame in which each is largest, and a resting one."""
_DRAWN: Final = {
    "face": (0.86, 0.70, 0.62), "head_neck": (0.86, 0.70, 0.62), "eye_socket_left": (0.7, 0.5, 0.45),
    "eye_socket_right": (0.7, 0.5, 0.45), "mouth_socket": (0.35, 0.1, 0.1), "gums": (0.7, 0.35, 0.35),
    "tongue": (0.7, 0.3, 0.3), "teeth_upper": (0.95, 0.94, 0.9), "teeth_lower": (0.95, 0.94, 0.9),
    "sclera_left": (0.95, 0.95, 0.95), "sclera_right": (0.95, 0.95, 0.95), "iris_left": (0.3, 0.4, 0.5),
    "iris_right": (0.3, 0.4, 0.5),
}  # fmt: skip
_LIGHT: Final = np.array([0.3, 0.4, 0.87])
_SIDE: Final = 360
"""Of each picture, in pixels."""


def draw(videos: Sequence[Tracked], model: FaceModel, kit: FaceKit, aspect: float | None, path: Path) -> None:
    """Write the sheet as a picture. `aspect` overrides the videos' pixel aspect.

    Raises FacewireError if there is no face.
    """
    if not videos:
        raise FacewireError(f"{path}: no video with a face to draw")
    known = person([video.take for video in videos], model)
    solved = [solve(video.take, known, model) for video in videos]
    pictures = []
    for name, video, frame in _chosen(solved):
        curves = solved[video].curves[frame]
        label = f"{name} {curves[INDEX[name]]:.2f}" if name else "resting"
        pictures.append((f"{videos[video].source.stem} {frame}\n{label}", _cut(videos[video], frame, aspect), curves))
    _sheet(pictures, kit, path)


def _chosen(solved: Sequence[Solved]) -> list[tuple[str, int, int]]:
    """Shape, video and frame of each picture; the resting face first."""
    stacked = [one.curves for one in solved]
    starts = np.cumsum([0, *map(len, stacked)])
    curves = np.concatenate(stacked)
    at = {"": int(curves.sum(axis=1).argmin())} | {name: int(curves[:, INDEX[name]].argmax()) for name in SHAPES}
    found = []
    for name, index in at.items():
        video = int(np.searchsorted(starts, index, "right")) - 1
        found.append((name, video, index - int(starts[video])))
    return found


def _cut(video: Tracked, frame: int, aspect: float | None) -> Pixels:
    """The face in the picture of a frame, always at the same place and size."""
    wanted = video.take.landmarks.times_s[frame]
    picture = min(frames(video.source), key=lambda one: abs(one.time_s - wanted))
    height, width, _ = picture.rgb.shape
    points = video.take.landmarks.points[frame]
    x, y, _ = points[[33, 263, 152]].mean(axis=0) * [1, -1, 0]
    window = 0.62 * float(np.ptp(points[:, 1])) * np.linspace(-1, 1, _SIDE)
    rows = np.clip((y + window) * height, 0, height - 1).astype(int)
    columns = np.clip((x + window) * height / (aspect or picture.pixel_aspect), 0, width - 1).astype(int)
    face: Pixels = picture.rgb[rows][:, columns]
    return face


def _sheet(pictures: Sequence[tuple[str, Pixels, NDArray[np.float32]]], kit: FaceKit, path: Path) -> None:
    import matplotlib.figure

    columns = 4
    rows = -(-len(pictures) // columns)
    figure = matplotlib.figure.Figure((columns * 4.4, rows * 2.5), dpi=100, layout="tight")
    axes = figure.subplots(rows, columns * 2, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, (label, picture, curves) in enumerate(pictures):
        left, right = axes.flat[number * 2], axes.flat[number * 2 + 1]
        left.imshow(picture)
        left.set_title(label, fontsize=7)
        _head(right, kit, curves)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _head(axis: Any, kit: FaceKit, curves: NDArray[np.float32]) -> None:
    """Paint the head's triangles from the back to the front."""
    from matplotlib.collections import PolyCollection

    vertices = kit.neutral + np.tensordot(curves, kit.displacements, 1)
    colour = np.zeros((len(vertices), 3))
    drawn = np.zeros(len(vertices), bool)
    for part, tone in _DRAWN.items():
        colour[PARTS[part]] = tone
        drawn[PARTS[part]] = True
    faces = kit.faces[drawn[kit.faces].all(axis=1)]
    corners = vertices[faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    front = normal[:, 2] > 0
    order = np.flatnonzero(front)[np.argsort(corners[front][:, :, 2].mean(axis=1))]
    shade = (0.35 + 0.65 * np.clip(normal[order] @ _LIGHT, 0, 1))[:, None] * colour[faces[order, 0]]
    axis.add_collection(PolyCollection(list(corners[order][:, :, :2]), facecolors=shade, antialiaseds=False))
    axis.set_xlim(-8.5, 8.5)
    axis.set_ylim(-11, 6)
    axis.set_aspect("equal")
