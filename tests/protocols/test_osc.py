import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import osc
from protocols.blendshapes import FACECAP, NAMES, canonical
from protocols.errors import FacewireError
from tests.peers.osc import osc_min, oscdump
from tests.protocols.faces import any_frame, face, one_hot_sweep

EVERY_OPTIONS = [
    osc.Options(style, bundle=bundle)  # type: ignore[arg-type]
    for style in ("shapes", "message", "facecap")
    for bundle in ("mtu", "one", "off")
]

JAW = b"/arkit/jawOpen\0\0" + b",f\0\0" + bytes.fromhex("3f000000")
FACECAP_JAW = b"/W\0\0" + b",if\0" + bytes.fromhex("00000018 3f000000")  # index 24
POSE = {
    "head_yaw": 32, "head_pitch": 16, "head_roll": 8, "head_x": 0.25, "head_y": 0.5, "head_z": -0.125,
    "left_eye_yaw": 4, "left_eye_pitch": 2, "right_eye_yaw": -2, "right_eye_pitch": 1,
}  # fmt: skip
HEAD = b"/arkit/head\0" + b",ffffff\0" + bytes.fromhex("42000000 41800000 41000000 3e800000 3f000000 be000000")
EYES = b"/arkit/eyes\0" + b",ffff\0\0\0" + bytes.fromhex("40800000 40000000 c0000000 3f800000")
FACECAP_POSE = [
    b"/HT\0" + b",fff\0\0\0\0" + bytes.fromhex("c1c80000 42480000 c1480000"),  # -25, 50, -12.5 cm
    b"/HR\0" + b",fff\0\0\0\0" + bytes.fromhex("41800000 c2000000 41000000"),  # pitch 16, -yaw -32, roll 8
    b"/ELR\0\0\0\0" + b",ff\0" + bytes.fromhex("40000000 c0800000"),
    b"/ERR\0\0\0\0" + b",ff\0" + bytes.fromhex("3f800000 40000000"),
]
ALL = (
    b"/arkit/blendshapes\0\0" + b"," + b"f" * 52 + b"\0\0\0"
    + bytes(17 * 4) + bytes.fromhex("3f000000") + bytes(34 * 4)  # 17 is jawOpen
)  # fmt: skip


def test_golden():
    frame = face(jawOpen=0.5, **POSE)
    assert osc.encode(frame, osc.Options("message")) == [HEAD, EYES, ALL]
    assert len(ALL) == 284
    shapes = osc.encode(frame, osc.Options("shapes", bundle="off"))
    assert (shapes[:2], shapes[2 + 17], len(shapes)) == ([HEAD, EYES], JAW, 54)
    facecap = osc.encode(frame, osc.Options("facecap", bundle="off"))
    assert (facecap[:4], facecap[4 + 24], len(facecap)) == (FACECAP_POSE, FACECAP_JAW, 56)


def test_prefix():
    options = osc.Options("shapes", prefix="/avatar/face", bundle="off")
    assert osc.encode(face(), options)[0].startswith(b"/avatar/face/head\0")
    assert osc.encode(face(), options)[19].startswith(b"/avatar/face/jawOpen\0")
    assert osc.encode(face(), osc.Options("shapes", prefix="", bundle="off"))[19].startswith(b"/jawOpen\0")
    assert osc.encode(face(), osc.Options("message", prefix=""))[2].startswith(b"/blendshapes\0")


@pytest.mark.parametrize("prefix", ["arkit", "/arkit/", "/", "//a", "/a b", "/a*", "/ä"])
def test_bad_prefix(prefix):
    with pytest.raises(FacewireError, match="prefix"):
        osc.Options(prefix=prefix)


def test_face_cap_has_a_fixed_address():
    with pytest.raises(FacewireError, match="/W"):
        osc.Options("facecap", prefix="/me")


@given(any_frame, st.sampled_from(EVERY_OPTIONS))
def test_any_frame_survives(frame, options):
    sent = osc.encode(frame, options)
    assert options.bundle == "off" or len(sent) <= 3
    if options.bundle == "mtu":
        assert all(len(datagram) <= 1400 for datagram in sent)
    (received,) = osc.decode(sent)
    np.testing.assert_array_equal(received.weights, frame.weights)
    np.testing.assert_allclose(received.pose, frame.pose, atol=1e-6)


@pytest.mark.parametrize("options", EVERY_OPTIONS, ids=str)
def test_sweep_is_read_by_osc_min(options):
    sent = [osc.encode(frame, options) for frame in one_hot_sweep()]
    read = iter(osc_min(datagram for datagrams in sent for datagram in datagrams))
    for index, datagrams in enumerate(sent):
        messages = [message for _ in datagrams for message in next(read)]
        posed = 4 if options.style == "facecap" else 2
        assert not any(value for _, values in messages[:posed] for value in values)
        messages = messages[posed:]
        match options.style:
            case "shapes":
                values = {address.removeprefix("/arkit/"): args[0] for address, args in messages}
            case "message":
                values = dict(zip(NAMES, messages[0][1], strict=True))
            case "facecap":
                values = {canonical(FACECAP[args[0]]): args[1] for _, args in messages}
        assert len(values) == 52
        assert {name: value for name, value in values.items() if value} == {NAMES[index]: (index + 1) / 64}


@pytest.mark.parametrize("options", EVERY_OPTIONS, ids=str)
def test_a_pose_is_read_by_osc_min(options):
    sent = osc_min(osc.encode(face(**POSE), options))
    read = {address: values for messages in sent for address, values in messages}
    if options.style == "facecap":
        expected = {"/HT": (-25, 50, -12.5), "/HR": (16, -32, 8), "/ELR": (2, -4), "/ERR": (1, 2)}
    else:
        expected = {"/arkit/head": (32, 16, 8, 0.25, 0.5, -0.125), "/arkit/eyes": (4, 2, -2, 1)}
    assert {address: read[address] for address in expected} == expected


def test_styles_are_read_by_liblo():
    frame = face(jawOpen=0.5, **POSE)
    shapes = oscdump(osc.encode(frame, osc.Options("shapes")))
    assert {"/arkit/jawOpen f 0.500000", "/arkit/eyes ffff 4.000000 2.000000 -2.000000 1.000000"} <= {*shapes}
    facecap = oscdump(osc.encode(frame, osc.Options("facecap")))
    assert {"/W if 24 0.500000", "/HR fff 16.000000 -32.000000 8.000000", "/ELR ff 2.000000 -4.000000"} <= {*facecap}
    *_, line = oscdump(osc.encode(frame, osc.Options("message")))
    assert line.split() == ["/arkit/blendshapes", "f" * 52, *["0.000000"] * 17, "0.500000", *["0.000000"] * 34]


def test_a_lost_datagram_costs_its_frame_only():
    options = osc.Options("shapes")
    first, second = (osc.encode(face(jawOpen=value), options) for value in (0.25, 0.5))
    assert len(first) == 2
    (received,) = osc.decode([first[0], *second])
    assert received.weights[17] == 0.5


def test_a_frame_has_the_pose_sent_last():
    options = osc.Options("facecap", bundle="off")
    first, second = (osc.encode(face(jawOpen=0.5, head_yaw=yaw), options) for yaw in (10, 20))
    without = second[4:]
    assert [received.pose[0] for received in osc.decode([*first, *second, *without])] == pytest.approx([10, 20, 20])


def test_integers_will_do():
    whole = [b"/arkit/" + name.encode() + bytes(4 - (len(name) + 7) % 4) + b",i\0\0" for name in NAMES]
    (received,) = osc.decode([address + int(name == "jawOpen").to_bytes(4, "big")
                              for address, name in zip(whole, NAMES, strict=True)])  # fmt: skip
    assert received.weights.tolist() == face(jawOpen=1).weights.tolist()
    (received,) = osc.decode([b"/blendshapes\0\0\0\0" + b"," + b"i" * 52 + b"\0\0\0" + bytes(51 * 4) + b"\0\0\0\1"])
    assert received.weights[51] == 1


@given(st.binary(max_size=200))
def test_garbage_is_refused(data):
    with pytest.raises(FacewireError):
        osc.decode([data])


@pytest.mark.parametrize(
    "data",
    [
        b"/W\0\0" + b",if\0" + bytes.fromhex("00000034 3f000000"),  # index 52
        b"/arkit/jawWide\0\0" + b",f\0\0" + bytes(4),
        b"/blendshapes\0\0\0\0" + b",ff\0" + bytes(8),  # two values
        b"/arkit/head\0" + b",fff\0\0\0\0" + bytes(12),  # three values
        b"/HR\0" + b",ff\0" + bytes(8),
        JAW[:-4] + struct.pack(">f", np.inf),
        b"/W",
    ],
)
def test_near_misses_are_refused(data):
    with pytest.raises(FacewireError):
        osc.decode([data])
