"""Weights that were planted in a made-up face come out again."""

import re

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from protocols.blendshapes import COUNT, INDEX
from tests.training import faces
from training.prepare.fit_report import fit_report
from training.prepare.head_pose import mean_face, still
from training.prepare.least_squares import bounded, coupling
from training.prepare.solve import CONFIDENCE, person, solve


def planted(frames: int = 300, seed: int = 0) -> np.ndarray:
    """Silence, speech, silence; lips that meet in it while the jaw is open; three blinks."""
    curves = np.zeros((frames, COUNT))
    time_s = np.arange(frames) / faces.FPS
    speech = (time_s > 1.5) & (time_s < frames / faces.FPS - 1.5)
    jaw = np.where(speech, 0.15 + 0.12 * np.sin(2 * np.pi * 2 * time_s), 0)
    curves[:, INDEX["jawOpen"]] = jaw
    closed = speech & (np.arange(frames) % 40 < 6)
    curves[:, INDEX["mouthClose"]] = np.where(closed, jaw * 0.95, 0)
    curves[:, INDEX["mouthPucker"]] = np.where(speech & ~closed, 0.3 * np.clip(np.sin(5 * time_s + seed), 0, 1), 0)
    for side in ("Left", "Right"):
        curves[:, INDEX[f"mouthSmile{side}"]] = np.where(speech, 0.2 * np.clip(np.sin(3 * time_s), 0, 1), 0)
        curves[:, INDEX[f"browDown{side}"]] = np.where(speech, 0.3 * np.clip(np.sin(2 * time_s), 0, 1), 0)
    for blink in (50, 120, 260):
        for side in ("Left", "Right"):
            curves[blink : blink + 5, INDEX[f"eyeBlink{side}"]] = [0.4, 0.9, 1, 0.8, 0.3]
    return curves


def test_planted_weights_come_out_of_a_moving_head() -> None:
    curves = planted()
    take = faces.take(curves)
    solved = solve(take, person([take], faces.model()), faces.model())
    assert solved.curves.shape == curves.shape
    assert (solved.curves >= 0).all()
    assert (solved.curves <= 1).all()
    # Shapes that move the same lips share what was seen: sizes of the jaw and the mouth are less sure than blinks.
    for name, least, error in (
        ("jawOpen", 0.99, 0.05), ("mouthClose", 0.97, 0.03), ("mouthPucker", 0.88, 0.06),
        ("mouthSmileLeft", 0.85, 0.06), ("mouthSmileRight", 0.85, 0.06), ("eyeBlinkLeft", 0.98, 0.04),
        ("eyeBlinkRight", 0.98, 0.04), ("browDownLeft", 0.98, 0.06), ("browDownRight", 0.98, 0.06),
    ):  # fmt: skip
        found, truth = solved.curves[:, INDEX[name]], curves[:, INDEX[name]]
        assert np.corrcoef(found, truth)[0, 1] > least, name
        assert np.sqrt(np.mean((found - truth) ** 2)) < error, name


def test_lips_that_meet_meet_again() -> None:
    curves = planted()
    take = faces.take(curves)
    solved = solve(take, person([take], faces.model()), faces.model())
    meeting = curves[:, INDEX["mouthClose"]] > 0
    lips = faces.model().displacements[:, [13, 14], 1]
    gap = (solved.curves @ (lips[:, 0] - lips[:, 1]))[meeting]
    assert np.abs(gap).max() < 0.02
    assert (solved.curves[:, INDEX["mouthClose"]] <= solved.curves[:, INDEX["jawOpen"]]).all()
    truth = curves @ (lips[:, 0] - lips[:, 1])
    assert np.corrcoef(solved.lip_gap, truth)[0, 1] > 0.999
    np.testing.assert_allclose(solved.lip_gap, truth, atol=0.01)


def test_a_typical_blink_is_a_whole_one_though_these_lids_move_less() -> None:
    curves = planted()
    lazy = curves.copy()
    lazy[:, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] *= 0.75
    take = faces.take(lazy)
    blink = solve(take, person([take], faces.model()), faces.model()).curves[:, INDEX["eyeBlinkLeft"]]
    assert blink[51:55].max() > 0.9
    assert np.delete(blink, [*range(48, 58), *range(118, 128), *range(258, 268)]).max() < 0.1


def test_what_cannot_be_seen_is_nothing_and_says_so() -> None:
    curves = planted()
    take = faces.take(curves)
    solved = solve(take, person([take], faces.model()), faces.model())
    for name in ("tongueOut", "cheekPuff", "jawForward", "noseSneerLeft", "mouthPressLeft"):
        assert CONFIDENCE[name] == 0
        assert not solved.curves[:, INDEX[name]].any()
    assert CONFIDENCE["jawOpen"] == 1
    assert CONFIDENCE["mouthFunnel"] == 0.5


def test_gaze_is_what_exceeds_the_usual_scores_and_stops_in_blinks() -> None:
    curves = planted()
    take = faces.take(curves)
    take.landmarks.scores[:, INDEX["eyeLookInLeft"]] = 0.2
    take.landmarks.scores[100:130, INDEX["eyeLookInLeft"]] = 0.7
    found = solve(take, person([take], faces.model()), faces.model()).curves[:, INDEX["eyeLookInLeft"]]
    np.testing.assert_allclose(found[:40], 0, atol=0.01)
    np.testing.assert_allclose(found[100:118], 0.5, atol=0.05)
    assert found[122] < 0.1


def test_the_head_is_held_still() -> None:
    take = faces.take(np.zeros((120, COUNT)), noise=0)
    points = take.landmarks.points.astype(np.float64)
    face = mean_face(points, faces.neutral())
    np.testing.assert_allclose(np.linalg.norm(face[33] - face[263]), 1, atol=1e-6)
    np.testing.assert_allclose(face[:468], faces.neutral(), atol=0.01)
    held, angles = still(points, face, faces.FPS)
    assert np.ptp(held[10:-10], axis=0).max() < 0.02 < np.ptp(points / 0.3, axis=0).max()
    assert np.ptp(angles[:, 0]) == pytest.approx(0.2, abs=0.05)


def test_bounded_least_squares_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    basis, seen = rng.normal(size=(30, 6)), rng.normal(size=(4, 30))
    prior = rng.uniform(0.1, 3, (4, 6))
    found = bounded(basis.T @ basis, seen @ basis, prior)
    for row, ridge, weights in zip(seen, prior, found, strict=True):
        rows = np.concatenate([basis, np.diag(np.sqrt(ridge))])
        truth = lsq_linear(rows, np.concatenate([row, np.zeros(6)]), (0, 1)).x
        np.testing.assert_allclose(weights, truth, atol=2e-3)


def test_left_and_right_are_drawn_together() -> None:
    names = ("mouthSmileLeft", "mouthSmileRight")
    target = np.array([[1.0, 0.2]])
    apart = bounded(np.eye(2), target, np.ones((1, 2)))
    tied = bounded(np.eye(2) + coupling(names, np.ones(2), 50.0), target, np.ones((1, 2)))
    assert np.ptp(apart) == pytest.approx(0.4, abs=1e-3)
    assert np.ptp(tied) < 0.02


def test_the_report_tells_what_is_left() -> None:
    curves = planted()
    take = faces.take(curves)
    report = fit_report([take], faces.model())
    parts = re.findall(r"(\w+) ([\d.]+) mm \(a still face ([\d.]+)\)", report)
    assert [name for name, *_ in parts] == ["lips", "chin", "lids"]
    for _, left, still_face in parts:
        assert 2 * float(left) < float(still_face)
    assert float(re.findall(r"lip gap r ([\d.]+)", report)[0]) > 0.99
