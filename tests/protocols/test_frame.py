from fractions import Fraction

import numpy as np
import pytest

from protocols.errors import FacewireError
from protocols.frame import Frame, as_rate
from tests.protocols.faces import face


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30", Fraction(30)),
        (60, Fraction(60)),
        ("59.94", Fraction(60000, 1001)),
        ("60000/1001", Fraction(60000, 1001)),
        (60000 / 1001, Fraction(60000, 1001)),
        (29.97, Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_rates(text, rate):
    assert as_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "fast", "0", "-30", "1/0", "1000", "1e999999999", "1e-999999999", "9" * 9999, "1/" + "9" * 9999,
     float("nan"), float("inf"), 1e300, 10**400],
)  # fmt: skip
def test_bad_rates(text):
    with pytest.raises(FacewireError, match="frame rate"):
        as_rate(text)


def test_weights_are_copied_and_read_only():
    mine = np.zeros(52)
    frame = Frame(3, Fraction(30), 0, mine)
    mine[0] = 1
    assert frame.weights[0] == 0
    assert frame.weights.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        frame.weights[0] = 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.001, 1.001, 1e300])
def test_bad_weights_name_the_shape(value):
    weights = np.zeros(52)
    weights[17] = value
    with pytest.raises(FacewireError, match="jawOpen"):
        Frame(0, Fraction(30), 0, weights)


def test_the_pose_is_copied_and_read_only():
    mine = np.zeros(10)
    frame = Frame(3, Fraction(30), 0, np.zeros(52), mine)
    mine[0] = 1
    assert frame.pose[0] == 0
    assert frame.pose.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        frame.pose[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        face().pose[0] = 1


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (0, np.nan, "frame 3: head_yaw = nan, must be -180 to 180"),
        (2, 180.1, "head_roll = 180.1"),
        (5, -1.01, r"head_z = -1\.0\d*, must be -1 to 1"),
        (9, -np.inf, "right_eye_pitch"),
        (4, 1e300, "head_y"),
    ],
)
def test_a_bad_pose_names_its_number(at, value, said):
    pose = np.zeros(10)
    pose[at] = value
    with pytest.raises(FacewireError, match=said):
        Frame(3, Fraction(30), 0, np.zeros(52), pose)


def test_wrong_shape():
    with pytest.raises(FacewireError, match=r"\(51,\)"):
        Frame(0, Fraction(30), 0, np.zeros(51))
    for pose in (np.zeros(9), np.zeros((1, 10)), np.zeros(())):
        with pytest.raises(FacewireError, match="pose"):
            Frame(0, Fraction(30), 0, np.zeros(52), pose)


def test_rate_must_be_positive():
    with pytest.raises(FacewireError, match="rate"):
        Frame.neutral(0, Fraction(0), 0)


def test_time_is_exact():
    assert face(index=60_000, rate=Fraction(60000, 1001)).time_s == 1001


def test_neutral_is_at_rest():
    neutral = Frame.neutral(1, Fraction(30), 0)
    assert not neutral.weights.any()
    assert not neutral.pose.any()
