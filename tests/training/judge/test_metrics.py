import numpy as np
import pytest

from protocols import blendshapes
from training.judge import metrics
from training.judge.metrics import JAW, Pair

ALL = np.ones(52, bool)


def moving(jaw: np.ndarray) -> np.ndarray:
    face = np.zeros((len(jaw), 52), np.float32)
    face[:, JAW] = jaw
    return face


def test_errors_against_hand_computed_cases() -> None:
    real, made = np.zeros((2, 52), np.float32), np.zeros((2, 52), np.float32)
    made[0, [JAW, metrics.CLOSE]] = 0.3, 0.4
    made[1, blendshapes.NAMES.index("mouthFunnel")] = 1.0
    pair = Pair(made, real, ALL)
    assert metrics.error(pair, blendshapes.LIPS_27) == pytest.approx((0.5 + 1.0) / 2)
    assert metrics.error(pair, blendshapes.LBE_12) == pytest.approx(0.5)  # its set has neither jawOpen nor mouthClose
    blind = ALL.copy()
    blind[JAW] = False
    assert metrics.error(Pair(made, real, blind), blendshapes.LIPS_27) == pytest.approx((0.4 + 1.0) / 2)


def test_dynamics_deviation_is_positive_for_a_dead_upper_face() -> None:
    real = np.zeros((10, 52), np.float32)
    real[::2, blendshapes.NAMES.index("eyeBlinkLeft")] = 1.0
    assert metrics.dynamics_deviation(Pair(real * 0, real, ALL)) == pytest.approx(0.5)
    assert metrics.dynamics_deviation(Pair(real, real, ALL)) == 0
    brows = np.zeros((10, 52), np.float32)
    brows[::2, blendshapes.NAMES.index("browInnerUp")] = 1.0
    assert metrics.dynamics_deviation(Pair(brows, brows * 0, ALL)) == 0  # the field's set has no brows


def test_lag_tells_who_is_late() -> None:
    jaw = np.random.default_rng(0).random(200).astype(np.float32)
    late = Pair(moving(np.roll(jaw, 3)), moving(jaw), ALL)
    r, lag = metrics.jaw_correlation([late, late])
    assert lag == 3
    assert abs(r) < 0.3
    assert metrics.jaw_correlation([Pair(moving(jaw), moving(jaw), ALL)]) == (pytest.approx(1.0), 0)


def test_ratios_of_amplitude_jitter_and_blinks() -> None:
    jaw = np.random.default_rng(0).random(200).astype(np.float32)
    half = [Pair(moving(jaw / 2), moving(jaw), ALL)]
    assert metrics.amplitude_ratio(half, [JAW]) == pytest.approx(0.5)
    assert metrics.jitter_ratio(half, [JAW]) == pytest.approx(0.5)
    blinking = np.zeros((100, 52), np.float32)
    blinking[10:14, metrics.BLINKS] = 1.0
    blinking[50:54, metrics.BLINKS] = 1.0
    once = blinking.copy()
    once[50:54] = 0
    assert metrics.blink_ratio([Pair(once, blinking, ALL)]) == 0.5
    assert metrics.lids_apart([once, blinking]) == 0
    wink = once.copy()
    wink[10:14, metrics.BLINKS[1]] = 0.5
    assert metrics.lids_apart([once, wink]) == pytest.approx(0.5 * 4 / 200)


def test_closures_want_at_least_half_the_real_dip() -> None:
    open_mouth = np.full(60, 0.4, np.float32)
    closed = open_mouth.copy()
    closed[28:33] = 0.0
    shallow = open_mouth.copy()
    shallow[28:33] = 0.3
    real = moving(closed)
    pairs = [Pair(moving(jaw), real, ALL, onsets_s=(1.0,)) for jaw in (closed, shallow)]
    recall, depth, count = metrics.closures(pairs, 30)
    assert (recall, count) == (0.5, 2)
    assert depth == pytest.approx((0.4 + 0.1) / 0.8)
    by_lips = moving(open_mouth)
    by_lips[28:33, metrics.CLOSE] = 0.4
    assert metrics.closures([Pair(by_lips, real, ALL, onsets_s=(1.0,))], 30)[0] == 1


def test_mbe_is_the_norm_over_all_but_the_tongue() -> None:
    made = np.zeros((2, 52), np.float32)
    made[0, [JAW, metrics.BLINKS[0]]] = 0.3, 0.4
    made[1, blendshapes.NAMES.index("tongueOut")] = 1.0
    assert metrics.error(Pair(made, made * 0, ALL), range(51)) == pytest.approx((0.5 + 0) / 2)


def test_dynamics_deviation_is_that_of_the_energy_by_hand() -> None:
    real, made = np.zeros((4, 52), np.float32), np.zeros((4, 52), np.float32)
    real[:, blendshapes.NAMES.index("eyeBlinkLeft")] = 0, 1, 0, 1
    real[:, blendshapes.NAMES.index("noseSneerLeft")] = 0, 1, 0, 1
    made[:, blendshapes.NAMES.index("eyeWideRight")] = 0, 0, 0, 2
    # energies 0 2 0 2 and 0 0 0 4: deviations 1 and sqrt(3)
    assert metrics.dynamics_deviation(Pair(made, real, ALL)) == pytest.approx(1 - 3**0.5)


def test_spread_is_the_deviation_over_takes() -> None:
    def face(jaw: float, frames: int) -> np.ndarray:
        return moving(np.full(frames, jaw, np.float32))

    takes = [[face(0.1, 5), face(0.5, 3)], [face(0.3, 5), face(0.5, 3)]]
    assert metrics.spread(takes, [JAW]) == pytest.approx((0.1 + 0) / 2)
    assert metrics.spread(takes, [JAW, metrics.CLOSE]) == pytest.approx(0.1 / 4)


def test_a_face_that_jumps_at_every_hop_has_seams() -> None:
    jaw = np.random.default_rng(0).random(3000).astype(np.float32)
    assert metrics.seam_ratio([moving(jaw)], [JAW], 3) == pytest.approx(1, abs=0.08)
    stairs = np.repeat(np.arange(40) % 2, 3).astype(np.float32)
    # A step of 1 at each join is a jerk of 2 there, of 1 beside it.
    assert metrics.seam_ratio([moving(stairs)], [JAW], 3) == pytest.approx(2)
    assert metrics.seam_ratio([moving(np.roll(stairs, 1))], [JAW], 3) == pytest.approx(1 / 1.5, abs=0.02)


def test_errors_by_shape_leave_out_what_was_not_captured() -> None:
    real = np.zeros((4, 52), np.float32)
    made = moving(np.array([0.1, -0.1, 0.3, 0.3], np.float32))
    captured = ALL.copy()
    captured[0] = False
    found = metrics.shape_errors([Pair(made, real, captured)])
    assert found[JAW] == pytest.approx(0.2)
    assert np.isnan(found[0])
    assert found[metrics.CLOSE] == 0


def test_the_spectrum_has_its_peak_where_the_jaw_moves() -> None:
    jaw = np.sin(2 * np.pi * 3.75 * np.arange(300) / 30).astype(np.float32)
    hertz, power = metrics.spectrum([moving(jaw)], [JAW], 30)
    assert hertz[int(np.argmax(power))] == pytest.approx(3.75)
    assert metrics.spectrum([moving(jaw[:40])], [JAW], 30)[0].size == 0
