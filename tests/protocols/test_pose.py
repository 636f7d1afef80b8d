import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from protocols import pose
from protocols.errors import FacewireError
from tests.protocols.faces import any_pose, posed

angle = st.floats(-180, 180)


def test_the_order_is_pinned():
    assert pose.POSE_NAMES == (
        "head_yaw", "head_pitch", "head_roll", "head_x", "head_y", "head_z",
        "left_eye_yaw", "left_eye_pitch", "right_eye_yaw", "right_eye_pitch",
    )  # fmt: skip
    assert pose.POSE_NAMES[pose.HEAD] == pose.POSE_NAMES[:6]
    assert pose.POSE_NAMES[pose.EYES] == pose.POSE_NAMES[6:]
    with pytest.raises(ValueError, match="read-only"):
        pose.AT_REST[0] = 1


@given(angle, angle, angle)
def test_quaternions_are_scipys(yaw, pitch, roll):
    oracle = Rotation.from_euler("YXZ", [yaw, pitch, -roll], degrees=True)
    assert (oracle.inv() * Rotation.from_quat(pose.quaternion(yaw, pitch, roll))).magnitude() < 1e-9


@given(angle, angle, angle)
def test_quaternions_are_turned_back(yaw, pitch, roll):
    there = pose.quaternion(yaw, pitch, roll)
    again = pose.quaternion(*pose.from_quaternion(*(3 * part for part in there)))
    assert (Rotation.from_quat(there).inv() * Rotation.from_quat(again)).magnitude() < 1e-3
    if abs(pitch) < 89 and max(abs(yaw), abs(roll)) < 180:
        assert pose.from_quaternion(*there) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@pytest.mark.parametrize("pitch", [90, -90])
def test_straight_down_and_up(pitch):
    yaw, down, roll = pose.from_quaternion(*pose.quaternion(33, pitch, 0))
    assert (yaw, down, roll) == pytest.approx((33, pitch, 0))
    assert pose.from_quaternion(0, 0, 0, 0) == (0, 0, 0)


def test_which_way_an_avatar_turns():
    # Unity, left-handed, the avatar facing +z: +x is to its own right.
    nose, crown = [0, 0, 1], [0, 1, 0]
    right = Rotation.from_quat(pose.quaternion(30, 0)).apply(nose)
    assert right == pytest.approx([0.5, 0, np.sqrt(0.75)])
    down = Rotation.from_quat(pose.quaternion(0, 30)).apply(nose)
    assert down == pytest.approx([0, -0.5, np.sqrt(0.75)])
    onto_its_right_shoulder = Rotation.from_quat(pose.quaternion(0, 0, 30)).apply(crown)
    assert onto_its_right_shoulder == pytest.approx([0.5, np.sqrt(0.75), 0])


@given(any_pose)
def test_units_turn_back(poses):
    np.testing.assert_allclose(pose.from_facecap(pose.to_facecap(poses)), poses, atol=1e-6)
    angles = pose.to_livelink(poses)
    assert np.abs(angles).max() <= np.pi + 1e-6
    np.testing.assert_allclose(pose.from_livelink(angles), poses * [1, 1, 1, 0, 0, 0, 1, 1, 1, 1], atol=1e-5)


def test_units_of_many_frames_at_once():
    poses = np.stack([posed(head_roll=20), posed(left_eye_yaw=-9)])
    assert pose.to_livelink(poses)[:, [2, 3]] == pytest.approx(np.deg2rad([[-20, 0], [0, -9]]))
    assert pose.to_facecap(poses)[:, [5, 7]] == pytest.approx(np.array([[20, 0], [0, 9]]))


def test_names_decide_and_strangers_are_ignored():
    read = pose.named(["tail", "head_z", "head_yaw"], [[9, 0.5, 3], [9, 0.25, 4]])
    assert read.tolist() == [posed(head_z=0.5, head_yaw=3).tolist(), posed(head_z=0.25, head_yaw=4).tolist()]
    with pytest.raises(FacewireError, match="does not fit 1 names"):
        pose.named(["head_yaw"], [1, 2])


def test_checked_tells_the_frame():
    poses = np.zeros((4, 10))
    poses[2, 1] = -181
    with pytest.raises(FacewireError, match=r"frame 2: head_pitch = -181\.0, must be -180 to 180"):
        pose.checked(poses)
    assert pose.checked(pose.clamped(poses))[2, 1] == -180
    for shape in ((), (9,), (2, 9), (1, 1, 10)):
        with pytest.raises(FacewireError, match="shape"):
            pose.checked(np.zeros(shape))
