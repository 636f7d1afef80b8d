"""Scale and offset: found exactly where there is much to see, presumed to be none where there is little."""

import numpy as np
import pytest

from protocols import blendshapes
from training.enroll import adapter
from training.judge.metrics import Pair

FPS = 30
JAW, BROW, LID = (blendshapes.INDEX[name] for name in ("jawOpen", "browInnerUp", "eyeBlinkLeft"))
CAPTURED = np.ones(52, bool)


def face(frames: int, seed: int = 0) -> np.ndarray:
    """Channels that go up from a rest of .1; nobody speaks in the first quarter, where the jaw rests."""
    moved = np.maximum(np.random.default_rng(seed).standard_normal((frames, 52)), 0) * 0.1
    moved[: frames // 4, list(blendshapes.LIPS_27)] = 0
    return (0.1 + moved).astype(np.float32)


def quiet(frames: int) -> np.ndarray:
    return np.arange(frames) < frames // 4


def test_rest_stays_rest() -> None:
    made = face(6000)
    real = made.copy()
    real[:, JAW] = 0.05 + 0.5 * (made[:, JAW] - 0.1)
    real[:, BROW] = made[:, BROW] + 0.08
    scale, offset = adapter.matched(made, real, CAPTURED, quiet(6000), FPS)
    assert scale[JAW] == pytest.approx(0.5, abs=0.02)
    assert 0.1 * scale[JAW] + offset[JAW] == pytest.approx(0.05, abs=0.005)
    assert (scale[BROW], offset[BROW]) == (pytest.approx(1, abs=1e-3), pytest.approx(0.08, abs=0.005))


def test_who_talks_more_has_no_other_rest() -> None:
    """Means would tell that this jaw hangs open."""
    made = face(6000)
    real = np.concatenate([made[:750], made[1500:], made[1500:2250]])
    made = np.concatenate([made[:750], made[750:1500] + 0, made[1500:]])
    hushed = np.arange(6000) < 750
    _, offset = adapter.matched(made, real, CAPTURED, hushed, FPS)
    assert abs(offset[JAW]) < 0.01
    assert real[:, JAW].mean() - made[:, JAW].mean() > 0.004


def test_little_evidence_changes_little_and_nothing_goes_too_far() -> None:
    some, much = (
        adapter.matched(face(frames), face(frames) * 0.25, CAPTURED, quiet(frames), FPS)[0][JAW]
        for frames in (60, 6000)
    )
    assert 0.6 < some < 0.85
    assert much < 0.28
    far = face(6000)
    scale, offset = adapter.matched(far * 0.1, far * 0.9 + 0.5, CAPTURED, quiet(6000), FPS)
    assert scale.max() <= adapter.SCALES[1]
    assert offset.max() <= adapter.FURTHEST


def test_only_what_was_captured_and_moves_is_adapted() -> None:
    made, real = face(600), face(600) * 0.5
    made[:, LID], real[:, BROW] = 0.3, 0.2
    captured = CAPTURED.copy()
    captured[JAW] = False
    scale, offset = adapter.matched(made, real, captured, quiet(600), FPS)
    for index in (JAW, LID, BROW):
        assert (scale[index], offset[index]) == (1, 0)


def test_without_silence_lips_keep_their_rest() -> None:
    _, offset = adapter.matched(face(600), face(600) + 0.2, CAPTURED, np.zeros(600, bool), FPS)
    assert not offset[list(blendshapes.LIPS_27)].any()
    assert offset[BROW] > 0.1


def test_two_adapters_in_a_row_are_one() -> None:
    made = face(60) * 0.3 + 0.3
    first, second = (
        (np.full(52, scale, np.float32), np.full(52, offset, np.float32)) for scale, offset in ((0.5, 0.2), (1.2, -0.1))
    )
    in_a_row = adapter.adapted(adapter.adapted(made, first), second)
    np.testing.assert_allclose(adapter.adapted(made, adapter.behind(first, second)), in_a_row, atol=1e-6)


def test_an_adapter_is_kept_where_it_helps() -> None:
    made = face(600)
    scale, offset = adapter.none()
    scale[JAW], offset[BROW] = 0.5, 0.2
    helps = [Pair(made, adapter.adapted(made, (scale, offset)), CAPTURED)]
    assert [each.tolist() for each in adapter.kept((scale, offset), helps)] == [scale.tolist(), offset.tolist()]
    real = made.copy()
    real[:, JAW] *= 0.5
    kept = adapter.kept((scale, offset), [Pair(made, real, CAPTURED)])
    assert (kept[0][JAW], kept[1][BROW]) == (0.5, 0)
