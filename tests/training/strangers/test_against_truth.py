import numpy as np
import pytest

from model.ict import PARTS, VERTICES, FaceKit
from protocols.blendshapes import COUNT, INDEX
from training.judge.metrics import Pair
from training.strangers import vertices
from training.strangers.against_truth import figures
from training.strangers.shapes import JUDGED, resampled, values

CAPTURED = np.ones(COUNT, bool)


def real(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 0.5, (90, COUNT)).astype(np.float32)


def test_the_truth_has_no_error_and_a_mean_face_no_motion() -> None:
    faces = [real(0), real(1)]
    true = figures([Pair(face, face, CAPTURED) for face in faces])
    still = figures([Pair(np.tile(face.mean(0), (90, 1)), face, CAPTURED) for face in faces])
    assert true["lip error 27"] == true["lip error 27 about the means"] == 0
    for shape in JUDGED:
        assert true[f"r {shape}"] == pytest.approx(1, abs=1e-5)
        assert true[f"size {shape}"] == pytest.approx(1, abs=1e-5)
        assert still[f"r {shape}"] == still[f"size {shape}"] == 0
    assert still["lip error 27"] == pytest.approx(still["lip error 27 about the means"], abs=1e-5)
    assert still["lip error 27"] > 0


def test_where_a_face_rests_is_not_how_it_moves() -> None:
    face = real(0)
    apart = figures([Pair(0.5 * face + 0.3, face, CAPTURED), Pair(0.5 * face, face, CAPTURED)])
    assert apart["r mouthPucker"] == pytest.approx(1, abs=1e-5)
    assert apart["size mouthPucker"] == pytest.approx(0.5, abs=1e-5)
    assert apart["lip error 27"] > apart["lip error 27 about the means"]


def test_both_sides_and_the_gap() -> None:
    face = np.zeros((1, COUNT), np.float32)
    for name, weight in (("jawOpen", 0.5), ("mouthClose", 0.2), ("mouthSmileLeft", 0.4)):
        face[0, INDEX[name]] = weight
    assert values(face, "gap") == pytest.approx(0.3)
    assert values(face, "mouthSmile") == pytest.approx(0.2)


def test_another_rate_has_the_same_curves() -> None:
    ramp = np.tile(np.arange(50, dtype=np.float32)[:, None], COUNT)
    np.testing.assert_allclose(resampled(ramp, 50, 25)[:, 0], np.arange(0, 50, 2), atol=1e-4)
    assert len(resampled(ramp, 50, 30, 31)) == 31
    np.testing.assert_array_equal(resampled(ramp, 30, 30), ramp)


def test_errors_are_millimetres_on_the_head() -> None:
    neutral = np.full((VERTICES, 3), 100, np.float32)
    landmarks = np.arange(68, dtype=np.int32)
    neutral[landmarks] = np.arange(68)[:, None] * [2, 0, 0]
    moves = np.zeros((COUNT, VERTICES, 3), np.float32)
    moves[INDEX["jawOpen"], 66, 1] = -1  # the lower lip, down by a centimetre
    moves[INDEX["jawOpen"], 10, 1] = -9  # the chin is no lip
    moves[INDEX["mouthFunnel"], 60, 2] = 0.5
    kit = FaceKit(neutral, np.zeros((0, 3), np.int32), moves, landmarks)
    assert vertices.lip_vertices(kit).tolist() == list(range(48, 68))
    still, wide = np.zeros((4, COUNT), np.float32), np.zeros((4, COUNT), np.float32)
    wide[:, INDEX["jawOpen"]], wide[:, INDEX["mouthFunnel"]] = 0.3, 0.2
    assert vertices.figures(kit, [Pair(still, wide, CAPTURED)]) == pytest.approx({"LVE, mm": 3, "MOD, mm": 3})
    captured = CAPTURED.copy()
    captured[INDEX["jawOpen"]] = False
    assert vertices.figures(kit, [Pair(still, wide, captured)]) == pytest.approx({"LVE, mm": 1, "MOD, mm": 0})
    assert PARTS["face"].stop > 68
