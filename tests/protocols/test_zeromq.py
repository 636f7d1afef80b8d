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
    topic, header, payload = zeromq.encode(face(index=45, jawOpen=0.5, tongueOut=0.25), zeromq.Options("face"))
    assert topic == b"face"
    assert json.loads(header) == {
        "index": 45,
        "time_s": 1.5,
        "epoch_ns": EPOCH_NS,
        "fps": 30,
        "names": list(NAMES),
    }
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
        (HEADER | {"index": float("inf")}, [0.0]),
        ({"names": ["jawOpen"]}, [0.0]),
        ([], [0.0]),
    ],
)
def test_near_misses_are_refused(header, floats):
    with pytest.raises(FacewireError):
        zeromq.decode([b"face", json.dumps(header).encode(), struct.pack(f"<{len(floats)}f", *floats)])
