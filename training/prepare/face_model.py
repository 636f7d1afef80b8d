"""What each blendshape does to MediaPipe's landmarks: ICT-FaceKit's shapes at the matching points.

Made once from the user's copy of the kit and kept in the cache folder; the kit itself never ships with facewire.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from model import ict
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.prepare.face_match import canonical_mesh, match
from training.prepare.face_points import MESH, OUTER_EYES
from training.prepare.fetch import fetch

Floats = NDArray[np.float32]

FORMAT: Final = "facewire-face-model-1"
_COMMIT: Final = "da5f95a"
_KIT_URL: Final = f"https://github.com/ICT-VGL/ICT-FaceKit/archive/{_COMMIT}.tar.gz"
_KIT_SHA256: Final = "83c83c035a8d057f093b0ec733d0664bf648cc20f6fc2d420378762a152fe81e"
"""Of its vertices and displacements as `model.ict` reads them, without `tongueOut`, which the kit lacks."""
_TASK_URL: Final = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
_TASK_SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A face as MediaPipe's landmarks, and how its shapes move them. Lengths are distances of the outer eye corners."""

    neutral: Floats
    """(468, 3): x to the face's left, y up, z out of it."""
    displacements: Floats
    """(52, 468, 3) at weight 1, in the order of `blendshapes.NAMES`."""


def build(kit: Path, task: Path) -> FaceModel:
    """Match a copy of ICT-FaceKit (folder or archive) to MediaPipe's landmarks. Raises FacewireError."""
    return matched(ict.read(kit), canonical_mesh(task))


def matched(head: ict.FaceKit, canonical: NDArray[np.float64]) -> FaceModel:
    """A head's shapes at the points of MediaPipe's canonical mesh (468, 3)."""
    weights = match(head, canonical)
    face = weights.shape[1]
    neutral = weights @ head.neutral[:face]
    unit = np.linalg.norm(np.subtract(*neutral[list(OUTER_EYES)]))
    moved = [weights @ displacement[:face] / unit for displacement in head.displacements]
    return FaceModel((neutral / unit).astype(np.float32), np.stack(moved).astype(np.float32))


def default_path() -> Path:
    """Where `facewire-train face-model` puts it."""
    return user_cache_path("facewire", appauthor=False) / "face-model.safetensors"


def write(model: FaceModel, path: Path) -> None:
    """Write it, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_not_at_all(path) as partial:
        save_file({"neutral": model.neutral, "displacements": model.displacements}, partial, {"format": FORMAT})


def read(path: Path) -> FaceModel:
    """Read what `write` wrote. Raises FacewireError for a missing or different file."""
    if not path.exists():
        raise FacewireError(f"{path}: no face model; make it with `facewire-train face-model`")
    try:
        with safe_open(path, "numpy") as file:
            told = (file.metadata() or {}).get("format")
            model = FaceModel(file.get_tensor("neutral"), file.get_tensor("displacements"))
    except (SafetensorError, OSError) as error:
        raise FacewireError(f"{path}: no face model ({error}); make it with `facewire-train face-model`") from error
    if told != FORMAT or model.displacements.shape != (blendshapes.COUNT, MESH, 3):
        raise FacewireError(f"{path}: a face model of another version; make it anew with `facewire-train face-model`")
    return model


def landmarker_task(path: Path | None) -> Path:
    """MediaPipe's Face Landmarker bundle at `path`, or fetched once. Raises FacewireError."""
    if path is None:
        instead = "give the path of a copy with --landmarker"
        return fetch(
            _TASK_URL, user_cache_path("facewire", appauthor=False) / "face_landmarker.task", instead, _TASK_SHA256
        )
    if not path.is_file():
        raise FacewireError(f"{path}: no such file; expected MediaPipe's face_landmarker.task")
    return path


def fetched_kit() -> Path:
    """ICT-FaceKit at the pinned commit, fetched to the cache folder. Raises FacewireError."""
    path = user_cache_path("facewire", appauthor=False) / f"ICT-FaceKit-{_COMMIT}.tar.gz"
    instead = "get it from github.com/ICT-VGL/ICT-FaceKit and give its folder"
    if not path.exists():
        fetch(_KIT_URL, path, instead)
    # GitHub packs its archives anew now and then: what counts is in them.
    head = ict.read(path)
    shapes = head.displacements[: blendshapes.INDEX["tongueOut"]]
    found = hashlib.sha256(head.neutral.tobytes() + shapes.tobytes()).hexdigest()
    if found != _KIT_SHA256:
        path.unlink()
        raise FacewireError(f"{_KIT_URL}: not the head that was expected (SHA-256 {found}); {instead}")
    return path
