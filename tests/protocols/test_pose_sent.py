"""A head that turns to its own right, down, and onto its right shoulder, through every protocol.

The truth is a rotation by scipy in ARKit's axes of a face (right-handed: x to its own left, y up, z forward). What was
sent is turned back into these axes by the receiver's own arithmetic, not by ours.
"""

import json
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from scipy.spatial.transform import Rotation

from protocols import livelink, osc, vmc, zeromq
from protocols.frame import Frame
from protocols.pose import POSE_NAMES
from tests.protocols.faces import any_pose, face

TURNS = [
    ({"head_yaw": 20}, (-np.sin(np.deg2rad(20)), 0), "to its right"),
    ({"head_pitch": 15}, (0, -np.sin(np.deg2rad(15))), "down"),
    ({"head_roll": 10}, (0, 0), "onto its right shoulder"),
    ({"head_yaw": -25, "head_pitch": 12, "head_roll": -8}, None, "all at once"),
]


def truth(yaw=0.0, pitch=0.0, roll=0.0):
    """About y to its left, about x down, about z onto its right shoulder."""
    return Rotation.from_euler("YXZ", [-yaw, pitch, roll], degrees=True)


def mirrored(rotation, axis):
    """The same rotation seen in axes of the other handedness, of which one points the other way."""
    flip = np.diag([-1 if each == axis else 1 for each in "xyz"])
    return Rotation.from_matrix(flip @ rotation.as_matrix() @ flip)


def by_unreal(yaw, pitch, roll):
    """FRotator::Quaternion, then the inverse of FAppleARKitConversion::ToFTransform."""
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(a / 2), np.cos(a / 2)) for a in (yaw, pitch, roll))
    x, y, z, w = (
        cr * sp * sy - sr * cp * cy,
        -cr * sp * cy - sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )
    return Rotation.from_quat([y, z, -x, -w])


def by_livelink(frame):
    curves = struct.unpack(">61f", livelink.encode(frame, "face", livelink.device_id("face"))[-244:])
    return [by_unreal(*curves[at : at + 3]) for at in (52, 55, 58)]


def by_vmc(frame):
    """Unity's axes, the avatar facing +z: x is to its own right."""
    bones = vmc.decode(vmc.encode(frame, vmc.Options(eyes=True)))[0].bones
    return [mirrored(Rotation.from_quat(bones[bone]), "x") for bone in ("Head", "LeftEye", "RightEye")]


def by_facecap(frame):
    """The app author's receiver: Quaternion.Euler, then (x, y, -z, -w), about an avatar that faces Unity's -z."""
    sent = osc.encode(frame, osc.Options("facecap", bundle="off"))
    euler = [[*struct.unpack(">3f", sent[1][-12:])], *([*struct.unpack(">2f", each[-8:]), 0] for each in sent[2:4])]
    turned = [Rotation.from_euler("YXZ", [y, x, z], degrees=True).as_quat() * [1, 1, -1, -1] for x, y, z in euler]
    return [mirrored(Rotation.from_quat(each), "z") for each in turned]


def by_osc(frame):
    head, eyes, _ = osc.encode(frame, osc.Options("message"))
    values = [*struct.unpack(">6f", head[-24:]), *struct.unpack(">4f", eyes[-16:])]
    return [truth(*values[:3]), truth(*values[6:8]), truth(*values[8:])]


def by_zeromq(frame):
    sent = json.loads(zeromq.encode(frame, zeromq.Options())[1])["pose"]
    parts = (
        ("head_yaw", "head_pitch", "head_roll"),
        *((f"{side}_eye_yaw", f"{side}_eye_pitch") for side in ("left", "right")),
    )
    return [truth(*(sent[name] for name in part)) for part in parts]


RECEIVERS = [by_livelink, by_vmc, by_facecap, by_osc, by_zeromq]


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize(("turn", "nose", "where"), TURNS, ids=[where for *_, where in TURNS])
def test_the_head_turns_where_it_should(receiver, turn, nose, where):
    head, *eyes = receiver(face(**turn))
    if nose is not None:
        assert head.apply([0, 0, 1])[:2] == pytest.approx(nose, abs=1e-6)
    if where == "onto its right shoulder":
        assert head.apply([0, 1, 0])[0] == pytest.approx(-np.sin(np.deg2rad(10)), abs=1e-6)
    assert (truth(*(turn.get(f"head_{each}", 0) for each in ("yaw", "pitch", "roll"))).inv() * head).magnitude() < 1e-5
    assert all(eye.magnitude() < 1e-6 for eye in eyes)


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_eyes_turn_each_by_itself(receiver):
    _, left, right = receiver(face(left_eye_yaw=12, right_eye_pitch=9))
    assert left.apply([0, 0, 1])[:2] == pytest.approx([-np.sin(np.deg2rad(12)), 0], abs=1e-6)
    assert right.apply([0, 0, 1])[:2] == pytest.approx([0, -np.sin(np.deg2rad(9))], abs=1e-6)


@pytest.mark.parametrize("receiver", RECEIVERS)
@given(pose=any_pose)
def test_any_pose_arrives(receiver, pose):
    number = dict(zip(POSE_NAMES, pose.tolist(), strict=True))
    head, left, right = receiver(Frame(0, Fraction(30), 0, np.zeros(52), pose))
    expected = [
        truth(number["head_yaw"], number["head_pitch"], number["head_roll"]),
        truth(number["left_eye_yaw"], number["left_eye_pitch"]),
        truth(number["right_eye_yaw"], number["right_eye_pitch"]),
    ]
    for turned, right_one in zip((head, left, right), expected, strict=True):
        assert (right_one.inv() * turned).magnitude() < 1e-5


def test_the_head_moves_where_it_should():
    frame = face(head_x=0.02, head_y=0.01, head_z=-0.03)
    # The author's receiver negates x and sets the local position of an avatar: x to its own right, z forward, in cm.
    x, y, z = struct.unpack(">3f", osc.encode(frame, osc.Options("facecap", bundle="off"))[0][-12:])
    assert (-x, y, z) == pytest.approx((2, 1, -3))
    assert struct.unpack(">3f", osc.encode(frame, osc.Options("message"))[0][-12:]) == pytest.approx(
        (0.02, 0.01, -0.03)
    )
    assert json.loads(zeromq.encode(frame, zeromq.Options())[1])["pose"]["head_z"] == pytest.approx(-0.03)
