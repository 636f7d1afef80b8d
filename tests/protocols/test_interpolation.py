from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from protocols.frame import as_rate
from protocols.interpolation import at_rate, between
from tests.protocols.faces import posed


def test_between_two_poses():
    first, second = posed(head_yaw=10, head_x=0.25), posed(head_yaw=20, right_eye_pitch=-4)
    assert between(first, second, 0).tolist() == first.tolist()
    assert between(first, second, 1).tolist() == second.tolist()
    assert between(first, second, 0.25) == pytest.approx(posed(head_yaw=12.5, head_x=0.1875, right_eye_pitch=-1))


@given(st.tuples(*[st.floats(-20, 20)] * 3), st.tuples(*[st.floats(-7, 7)] * 3), st.floats(0, 1))
def test_between_is_nearly_the_shortest_rotation(first, step, share):
    ends = np.array([first, np.add(first, step)])
    shortest = Slerp([0, 1], Rotation.from_euler("YXZ", ends, degrees=True))(share)
    poses = np.pad(ends, ((0, 0), (0, 7))).astype(np.float32)
    turned = between(poses[0], poses[1], share)[:3]
    assert np.rad2deg((shortest.inv() * Rotation.from_euler("YXZ", turned, degrees=True)).magnitude()) < 0.2


@pytest.mark.parametrize("wanted", ["24", "29.97", "45", "59.94", "60", "120"])
@pytest.mark.parametrize("fps", [25, 30, 60])
def test_another_rate_lasts_as_long_and_lies_on_the_lines_between(fps, wanted):
    rate = as_rate(wanted)
    frames = np.random.default_rng(0).uniform(-20, 20, (31, 3)).astype(np.float32)
    made = at_rate(frames, Fraction(fps), rate)
    assert (len(made) - 1) / rate < Fraction(31, fps) <= len(made) / rate
    times = np.arange(len(made)) * float(fps / rate)
    for column, wanted_column in zip(made.T, frames.T, strict=True):
        np.testing.assert_allclose(column, np.interp(times, np.arange(31), wanted_column), atol=1e-5)


def test_the_same_rate_changes_nothing_and_one_frame_will_do():
    frame = np.ones((1, 62), np.float32)
    assert at_rate(frame, Fraction(30), Fraction(30)) is frame
    assert at_rate(frame, Fraction(30), Fraction(60)).tolist() == [[1.0] * 62] * 2
    assert at_rate(frame, Fraction(60), Fraction(24)).tolist() == [[1.0] * 62]
    assert at_rate(frame[:0], Fraction(30), Fraction(60)).shape == (0, 62)
