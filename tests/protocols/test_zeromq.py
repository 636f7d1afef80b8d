import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import zeromq
from protocols.blendshapes import NAMES
from protocols.errors import FacewireError
from tests.protocols.faces import EPOCH_NS, any_frame, face, one_hot_sweep

BOTH = [zeromq.Options("face"), zeromq.Options("face", conflate=True)]


def test_golden():
    frame = face(index=45, jawOpen=0.5, tongueOut=0.25, head_yaw=12.5, head_z=-0.25, right_eye_pitch=-3)
    topic, header, payload = zeromq.encode(frame, zeromq.Options("face"))
    assert topic == b"face"
    assert json.loads(header) == {
        "version": 2,
        "index": 45,
        "time_s": 1.5,
        "epoch_ns": EPOCH_NS,
        "fps": 30,
        "names": list(NAMES),
        "pose": {
            "head_yaw": 12.5, "head_pitch": 0, "head_roll": 0, "head_x": 0, "head_y": 0, "head_z": -0.25,
            "left_eye_yaw": 0, "left_eye_pitch": 0, "right_eye_yaw": 0, "right_eye_pitch": -3,
        },
    }  # fmt: skip
    # Little-endian: .5 at 17, .25 at 51.
    assert payload == bytes(17 * 4) + bytes.fromhex("0000003f") + bytes(33 * 4) + bytes.fromhex("0000803e")


def test_one_part_is_the_three_joined():
    frame = face(jawOpen=0.5)
    (one,) = zeromq.encode(frame, BOTH[1])
    assert one == b"\n".join(zeromq.encode(frame, BOTH[0]))


@given(any_frame, st.sampled_from(BOTH))
def test_any_frame_survives(frame, options):
    topic, read = zeromq.decode(zeromq.encode(frame, options))
    assert topic == "face"
    assert (read.index, read.rate, read.epoch_ns) == (frame.index, frame.rate, frame.epoch_ns)
    np.testing.assert_array_equal(read.weights, frame.weights)
    np.testing.assert_array_equal(read.pose, frame.pose)


def test_version_1_has_no_pose():
    topic, header, payload = zeromq.encode(face(jawOpen=0.5, head_yaw=10), BOTH[0])
    old = {name: value for name, value in json.loads(header).items() if name not in ("version", "pose")}
    _, read = zeromq.decode([topic, json.dumps(old).encode(), payload])
    assert read.weights[17] == 0.5
    assert not read.pose.any()


def test_a_reader_of_version_1_reads_on():
    # As docs/receivers.md showed it before there was a pose: three parts, 52 floats.
    topic, header, payload = zeromq.encode(face(jawOpen=0.5, head_yaw=10), BOTH[0])
    values = dict(zip(json.loads(header)["names"], struct.unpack("<52f", payload), strict=True))
    assert (topic, values["jawOpen"]) == (b"face", 0.5)


@pytest.mark.parametrize("options", BOTH)
def test_sweep_with_nothing_but_struct_and_json(options):
    for index, frame in enumerate(one_hot_sweep()):
        parts = zeromq.encode(frame, options)
        _, header, payload = parts if len(parts) == 3 else parts[0].split(b"\n", 2)
        values = dict(zip(json.loads(header)["names"], struct.unpack("<52f", payload), strict=True))
        assert {name: value for name, value in values.items() if value} == {NAMES[index]: (index + 1) / 64}


def test_topic_is_one_line():
    with pytest.raises(FacewireError, match="topic"):
        zeromq.Options(topic="a\nb")


@given(st.lists(st.binary(max_size=220), max_size=4))
def test_garbage_is_refused(parts):
    with pytest.raises(FacewireError):
        zeromq.decode(parts)


HEADER = {"index": 0, "epoch_ns": 0, "fps": 30, "names": ["jawOpen"]}


@pytest.mark.parametrize(
    ("header", "floats"),
    [
        (HEADER, [np.nan]),
        (HEADER, [2.0]),
        (HEADER, [0.0, 0.0]),
        (HEADER | {"names": ["jawWide"]}, [0.0]),
        (HEADER | {"names": 1}, [0.0]),
        (HEADER | {"names": [1]}, [0.0]),
        (HEADER | {"fps": 0}, [0.0]),
        (HEADER | {"fps": [30, 1]}, [0.0]),
        (HEADER | {"fps": "1e999999999"}, [0.0]),
        (HEADER | {"index": float("inf")}, [0.0]),
        (HEADER | {"index": 10**400}, [0.0]),
        (HEADER | {"epoch_ns": 10**400}, [0.0]),
        (HEADER | {"pose": {"head_yaw": 200}}, [0.0]),
        (HEADER | {"pose": {"head_yaw": float("nan")}}, [0.0]),
        (HEADER | {"pose": {"head_yaw": 10**400}}, [0.0]),
        (HEADER | {"pose": {"head_yaw": "far"}}, [0.0]),
        (HEADER | {"pose": [0.0] * 10}, [0.0]),
        (HEADER | {"pose": None}, [0.0]),
        ({"names": ["jawOpen"]}, [0.0]),
        ([], [0.0]),
    ],
)
def test_near_misses_are_refused(header, floats):
    with pytest.raises(FacewireError):
        zeromq.decode([b"face", json.dumps(header).encode(), struct.pack(f"<{len(floats)}f", *floats)])
