"""A made-up face: a few shapes that move MediaPipe's points, and a take of a head that nods while it makes them."""

import numpy as np
from scipy.spatial.transform import Rotation

from protocols.blendshapes import COUNT, INDEX
from training.prepare import face_points
from training.prepare.face_model import FaceModel
from training.prepare.landmarks import Landmarks
from training.prepare.solve import Take

FPS = 30
LOWER = [p for name, (points, _) in face_points.CURVES.items() if "lower lip" in name for p in points]
UPPER = [p for name, (points, _) in face_points.CURVES.items() if "upper lip" in name for p in points]


def neutral() -> np.ndarray:
    """(468, 3): a shallow bowl with eyes, brows and lips where they belong."""
    turn, out = np.arange(468) * 2.4, np.sqrt((np.arange(468) + 0.5) / 468)
    face = np.stack([0.8 * out * np.cos(turn), -0.35 + 1.0 * out * np.sin(turn)], axis=1)
    lines = {
        "brow right": (-0.5, -0.15, 0.25, 0.05), "brow left": (0.15, 0.5, 0.25, 0.05),
        "upper lid right": (-0.5, -0.15, 0.0, 0.05), "lower lid right": (-0.5, -0.15, 0.0, -0.05),
        "upper lid left": (0.15, 0.5, 0.0, 0.05), "lower lid left": (0.15, 0.5, 0.0, -0.05),
    }  # fmt: skip
    for name, (left, right, height, bow) in lines.items():
        points = list(face_points.CURVES[name][0])
        along = np.linspace(0, 1, len(points))
        face[points] = np.stack([left + (right - left) * along, height + bow * np.sin(np.pi * along)], axis=1)
    for points, width, bow in (
        ((61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291), 0.28, 0.07),
        ((61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291), 0.28, -0.09),
        ((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308), 0.22, 0.003),
        ((78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308), 0.22, -0.003),
    ):
        along = np.linspace(-1, 1, len(points))
        face[list(points)] = np.stack([width * along, -0.8 + bow * (1 - along**2)], axis=1)
    return np.column_stack([face, 0.5 - np.square(face).sum(axis=1) / 3])


def model() -> FaceModel:
    """Jaw, lips, lids and brows move as one would expect; all other shapes do nothing."""
    rest = neutral()
    x, y, _ = rest.T
    moved = np.zeros((COUNT, 468, 3))
    middle = np.clip(1 - np.square(x / 0.28), 0, 1)
    lower, upper = np.isin(np.arange(468), LOWER) * middle, np.isin(np.arange(468), UPPER) * middle
    lips = np.isin(np.arange(468), LOWER + UPPER)
    chin = (y < -0.92) * ~lips
    moved[INDEX["jawOpen"], :, 1] = -0.35 * lower - 0.4 * chin
    moved[INDEX["mouthClose"], :, 1] = 0.3 * lower - 0.05 * upper
    moved[INDEX["mouthPucker"], :, 0] = -0.4 * x * lips
    moved[INDEX["mouthFunnel"], :, 1] = 0.1 * upper - 0.1 * lower
    for side, half in (("Left", x > 0), ("Right", x < 0)):
        sign = 1 if side == "Left" else -1
        corner = lips * np.clip(np.abs(x) / 0.28, 0, 1) ** 2 * half
        moved[INDEX[f"mouthSmile{side}"]] = np.stack([0.1 * sign * corner, 0.12 * corner, 0 * x], axis=1)
        moved[INDEX[f"mouthLowerDown{side}"], :, 1] = -0.12 * lower * half
        moved[INDEX[f"mouthUpperUp{side}"], :, 1] = 0.12 * upper * half
        eye, _ = face_points.CURVES[f"upper lid {side.lower()}"]
        under, _ = face_points.CURVES[f"lower lid {side.lower()}"]
        brow, _ = face_points.CURVES[f"brow {side.lower()}"]
        moved[INDEX[f"eyeBlink{side}"], list(eye), 1] = -0.1 * np.sin(np.pi * np.linspace(0, 1, len(eye)))
        moved[INDEX[f"eyeSquint{side}"], list(under), 1] = 0.05 * np.sin(np.pi * np.linspace(0, 1, len(under)))
        moved[INDEX[f"browDown{side}"], list(brow), 1] = -0.1
        moved[INDEX["browInnerUp"], list(brow), 1] = 0.12 * np.abs(x[list(brow)] / 0.5 - sign)
    return FaceModel(rest.astype(np.float32), moved.astype(np.float32))


def take(curves: np.ndarray, *, noise: float = 0.0005, seed: int = 0) -> Take:
    """A take of weights (n, 52): the head nods, turns and comes nearer; there is sound where a mouth is open."""
    rng = np.random.default_rng(seed)
    shapes, frames = model(), len(curves)
    time_s = np.arange(frames) / FPS
    angles = np.stack([0.1 * np.sin(time_s), 0.15 * np.sin(0.7 * time_s), 0.05 * np.cos(time_s)], axis=1)
    face = shapes.neutral + np.tensordot(curves, shapes.displacements, 1)
    face = face @ Rotation.from_euler("xyz", [0.1, 0.05, 0]).as_matrix()
    posed = np.einsum("nij,npj->npi", Rotation.from_rotvec(angles).as_matrix(), face)
    posed = 0.3 * (1 + 0.05 * np.sin(time_s))[:, None, None] * posed + rng.normal(0, noise * 0.3, posed.shape)
    posed = np.concatenate([posed, np.zeros((frames, 10, 3))], axis=1)  # the irises, which nobody looks at
    points = posed + np.array([0.6, -0.5, 0])
    loud = np.repeat(curves[:, INDEX["jawOpen"]] > 0, 16_000 // FPS)
    sound = (0.1 * loud * rng.standard_normal(len(loud)) + 1e-5).astype(np.float32)
    landmarks = Landmarks(time_s, points.astype(np.float32), np.zeros((frames, COUNT), np.float32))
    return Take(landmarks, np.ones(frames, bool), float(FPS), sound)
