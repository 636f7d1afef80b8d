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
FACECAP_JAW = b"/W\0\0" + b",if\0" + bytes.fromhex("0000002f 3f000000")  # index 47
ALL = (
    b"/arkit/blendshapes\0\0" + b"," + b"f" * 52 + b"\0\0\0"
    + bytes(17 * 4) + bytes.fromhex("3f000000") + bytes(34 * 4)  # 17 is jawOpen
)  # fmt: skip


def test_golden():
    frame = face(jawOpen=0.5)
    assert osc.encode(frame, osc.Options("message")) == [ALL]
    assert len(ALL) == 284
    assert osc.encode(frame, osc.Options("shapes", bundle="off"))[17] == JAW
    assert osc.encode(frame, osc.Options("facecap", bundle="off"))[47] == FACECAP_JAW


def test_prefix():
    options = osc.Options("shapes", prefix="/avatar/face", bundle="off")
    assert osc.encode(face(), options)[17].startswith(b"/avatar/face/jawOpen\0")
    assert osc.encode(face(), osc.Options("shapes", prefix="", bundle="off"))[17].startswith(b"/jawOpen\0")
    assert osc.encode(face(), osc.Options("message", prefix=""))[0].startswith(b"/blendshapes\0")


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
    assert options.bundle == "off" or len(sent) < 3
    if options.bundle == "mtu":
        assert all(len(datagram) <= 1400 for datagram in sent)
    (weights,) = osc.decode(sent)
    np.testing.assert_array_equal(weights, frame.weights)


@pytest.mark.parametrize("options", EVERY_OPTIONS, ids=str)
def test_sweep_is_read_by_osc_min(options):
    sent = [osc.encode(frame, options) for frame in one_hot_sweep()]
    read = iter(osc_min(datagram for datagrams in sent for datagram in datagrams))
    for index, datagrams in enumerate(sent):
        messages = [message for _ in datagrams for message in next(read)]
        match options.style:
            case "shapes":
                values = {address.removeprefix("/arkit/"): args[0] for address, args in messages}
            case "message":
                values = dict(zip(NAMES, messages[0][1], strict=True))
            case "facecap":
                values = {canonical(FACECAP[args[0]]): args[1] for _, args in messages}
        assert len(values) == 52
        assert {name: value for name, value in values.items() if value} == {NAMES[index]: (index + 1) / 64}


def test_styles_are_read_by_liblo():
    frame = face(jawOpen=0.5)
    assert "/arkit/jawOpen f 0.500000" in oscdump(osc.encode(frame, osc.Options("shapes")))
    assert "/W if 47 0.500000" in oscdump(osc.encode(frame, osc.Options("facecap")))
    (line,) = oscdump(osc.encode(frame, osc.Options("message")))
    assert line.split() == ["/arkit/blendshapes", "f" * 52, *["0.000000"] * 17, "0.500000", *["0.000000"] * 34]


def test_a_lost_datagram_costs_its_frame_only():
    options = osc.Options("shapes")
    first, second = (osc.encode(face(jawOpen=value), options) for value in (0.25, 0.5))
    assert len(first) == 2
    (weights,) = osc.decode([first[0], *second])
    assert weights[17] == 0.5


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
        JAW[:-4] + struct.pack(">f", np.inf),
        b"/W",
    ],
)
def test_near_misses_are_refused(data):
    with pytest.raises(FacewireError):
        osc.decode([data])
