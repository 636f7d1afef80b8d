import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from protocols import vmc
from protocols.blendshapes import NAMES, pascal
from protocols.errors import FacewireError
from protocols.frame import Frame
from tests.peers.osc import osc_min, oscdump
from tests.protocols.faces import any_frame, any_weights, face, one_hot_sweep

PLAIN = vmc.Options(vrm0=False, eyes=True)
EVERY_OPTIONS = [
    vmc.Options(case, vrm0, bundle, eyes=True)  # type: ignore[arg-type]
    for case in ("pascal", "camel", "both")
    for vrm0 in (True, False)
    for bundle in ("mtu", "one", "off")
]

# Written from the specification: address and type tags end in 1 to 4 zero bytes, to a multiple of 4.
OK = b"/VMC/Ext/OK\0" + b",iiii\0\0\0" + bytes.fromhex("00000001 00000003 00000000 00000001")
TIME_1_5 = b"/VMC/Ext/T\0\0" + b",f\0\0" + bytes.fromhex("3fc00000")
HEAD = (
    b"/VMC/Ext/Bone/Pos\0\0\0" + b",sfffffff\0\0\0" + b"Head\0\0\0\0"
    + bytes.fromhex("00000000 00000000 00000000")  # position
    + bytes.fromhex("00000000 00000000 00000000 3f800000")  # quaternion x y z w
)  # fmt: skip
TURNED = (
    b"/VMC/Ext/Bone/Pos\0\0\0" + b",sfffffff\0\0\0" + b"Head\0\0\0\0" + bytes(12)
    + bytes.fromhex("00000000 3f3504f3 00000000 3f3504f3")  # a quarter about +y: to its own right
)  # fmt: skip
LEFT_EYE = (
    b"/VMC/Ext/Bone/Pos\0\0\0" + b",sfffffff\0\0\0" + b"LeftEye\0" + bytes(12)
    + bytes.fromhex("3f000000 00000000 00000000 3f5db3d7")  # a sixth about +x: down
)  # fmt: skip
RIGHT_EYE = b"/VMC/Ext/Bone/Pos\0\0\0" + b",sfffffff\0\0\0" + b"RightEye\0\0\0\0" + HEAD[-28:]
BLINK = b"/VMC/Ext/Blend/Val\0\0" + b",sf\0" + b"EyeBlinkLeft\0\0\0\0" + bytes.fromhex("3f800000")
JAW = b"/VMC/Ext/Blend/Val\0\0" + b",sf\0" + b"JawOpen\0" + bytes.fromhex("3f000000")
VOWEL_A = b"/VMC/Ext/Blend/Val\0\0" + b",sf\0" + b"A\0\0\0" + bytes.fromhex("3f800000")
APPLY = b"/VMC/Ext/Blend/Apply\0\0\0\0" + b",\0\0\0"
BUNDLE = b"#bundle\0" + bytes.fromhex("00000000 00000001")  # time tag: at once


def test_golden_messages():
    frame = face(index=45, eyeBlinkLeft=1, jawOpen=0.5)
    sent = vmc.encode(frame, vmc.Options(bundle="off"))
    assert len(sent) == 3 + 52 + 7 + 1
    assert sent[:3] == [OK, TIME_1_5, HEAD]
    assert sent[3:4] == [BLINK]
    assert sent[3 + 17] == JAW
    assert sent[3 + 52] == VOWEL_A
    assert sent[-1] == APPLY


def test_golden_bones():
    frame = face(head_yaw=90, left_eye_pitch=60, head_x=0.5)
    assert vmc.encode(frame, vmc.Options(bundle="off"))[2:-60] == [TURNED]
    without = {
        (head, eyes): vmc.encode(frame, vmc.Options(bundle="off", head=head, eyes=eyes))[2:-60]
        for head in (True, False)
        for eyes in (True, False)
    }
    assert without == {
        (True, True): [TURNED, LEFT_EYE, RIGHT_EYE],
        (True, False): [TURNED],
        (False, True): [LEFT_EYE, RIGHT_EYE],
        (False, False): [],
    }


def test_golden_bundle():
    frame = face(index=45, eyeBlinkLeft=1, jawOpen=0.5)
    messages = vmc.encode(frame, vmc.Options(bundle="off"))
    expected = BUNDLE + b"".join(struct.pack(">i", len(message)) + message for message in messages)
    assert vmc.encode(frame, vmc.Options(bundle="one")) == [expected]


@given(any_frame, st.sampled_from(EVERY_OPTIONS))
def test_any_frame_survives(frame, options):
    sent = vmc.encode(frame, options)
    if options.bundle == "mtu":
        assert all(len(datagram) <= 1400 for datagram in sent)
    assert sent[-1].endswith(APPLY)
    (received,) = vmc.decode(sent)
    np.testing.assert_array_equal(received.weights, frame.weights)
    for sent_at, read_at in zip((slice(0, 3), slice(6, 8), slice(8, 10)), received.bones.values(), strict=True):
        yaw, pitch, roll = [*frame.pose[sent_at].tolist(), 0][:3]
        turned = Rotation.from_euler("YXZ", [yaw, pitch, -roll], degrees=True)
        assert (turned.inv() * Rotation.from_quat(read_at)).magnitude() < 1e-6
    keys = 52 * (1 + (options.case == "both")) + 7 * options.vrm0
    assert len(received.values) == keys


def test_time_is_since_the_start_and_begins_again_daily():
    day = 86_400 * 30
    assert vmc.decode(vmc.encode(face(index=45), PLAIN))[0].time_s == 1.5
    assert vmc.decode(vmc.encode(face(index=day + 45), PLAIN))[0].time_s == 1.5
    # As float32, the last frames of the day are still told apart.
    late = [
        vmc.decode(vmc.encode(face(index=i, rate=Fraction(60)), PLAIN))[0].time_s for i in (2 * day - 1, 2 * day - 2)
    ]
    assert late[0] != late[1]


@pytest.mark.parametrize("options", EVERY_OPTIONS, ids=str)
def test_sweep_is_read_by_osc_min(options):
    spelling = {"pascal": [pascal], "camel": [str], "both": [pascal, str]}[options.case]
    sent = [vmc.encode(frame, options) for frame in one_hot_sweep()]
    read = iter(osc_min(datagram for datagrams in sent for datagram in datagrams))
    for index, datagrams in enumerate(sent):
        messages = [message for _ in datagrams for message in next(read)]
        assert messages[0] == ("/VMC/Ext/OK", (1, 3, 0, 1))
        for message, bone in zip(messages[2:5], ("Head", "LeftEye", "RightEye"), strict=True):
            assert message == ("/VMC/Ext/Bone/Pos", (bone, 0, 0, 0, 0, 0, 0, 1))
        assert messages[-1] == ("/VMC/Ext/Blend/Apply", ())
        values = {args[0]: args[1] for address, args in messages if address == "/VMC/Ext/Blend/Val"}
        moving = {key for key, value in values.items() if value} - {"A", "I", "U", "E", "O", "Blink_L", "Blink_R"}
        assert moving == {spell(NAMES[index]) for spell in spelling}
        assert all(values[key] == (index + 1) / 64 for key in moving)


def test_a_frame_is_read_by_liblo():
    lines = oscdump(vmc.encode(face(jawOpen=0.5, tongueOut=0.25), PLAIN))
    assert lines[0] == "/VMC/Ext/OK iiii 1 3 0 1"
    assert lines[-1] == "/VMC/Ext/Blend/Apply"
    assert len(lines) == 5 + 52 + 1
    assert lines[4].startswith('/VMC/Ext/Bone/Pos sfffffff "RightEye" 0.000000 0.000000 0.000000 0.000000')
    assert '/VMC/Ext/Blend/Val sf "JawOpen" 0.500000' in lines
    assert '/VMC/Ext/Blend/Val sf "TongueOut" 0.250000' in lines
    assert sum(line.endswith(" 0.000000") for line in lines if "Blend/Val" in line) == 50


@given(any_weights)
def test_vowels_share_one_mouth(weights):
    presets = vmc.vrm0_presets(weights)
    vowels = [presets[vowel] for vowel in "AIUEO"]
    assert all(0 <= value <= 1 for value in presets.values())
    assert sum(vowels) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("shapes", "loudest"),
    [
        ({"jawOpen": 0.5}, "A"),
        ({"mouthStretchLeft": 0.9, "mouthStretchRight": 0.4, "mouthLowerDownLeft": 0.4}, "I"),
        ({"mouthPucker": 0.8}, "U"),
        ({"jawOpen": 0.4, "mouthStretchLeft": 0.9, "mouthStretchRight": 0.9}, "E"),
        ({"jawOpen": 0.4, "mouthFunnel": 0.8}, "O"),
        ({"eyeBlinkLeft": 0.7}, "Blink_L"),
        ({"eyeBlinkRight": 0.7}, "Blink_R"),
    ],
)  # fmt: skip
def test_each_preset_has_its_face(shapes, loudest):
    presets = vmc.vrm0_presets(face(**shapes).weights)
    assert max(presets, key=lambda name: presets[name]) == loudest


def test_closed_lips_are_no_vowel():
    closed = face(jawOpen=0.3, mouthClose=0.3, mouthSmileLeft=1, mouthSmileRight=1)
    assert not any(vmc.vrm0_presets(closed.weights).values())


def test_a_frame_begins_after_the_last_apply():
    first, second = face(jawOpen=0.5), Frame.neutral(1, Fraction(30), 0)
    received = vmc.decode([*vmc.encode(first, PLAIN), *vmc.encode(second, PLAIN)])
    assert [frame.weights[17] for frame in received] == [0.5, 0]
    assert vmc.decode(vmc.encode(first, PLAIN)[:-1]) == []


def test_bones_that_are_not_sent_are_at_rest():
    turned, left_out = face(head_yaw=20, right_eye_pitch=5), vmc.Options(head=False, eyes=False)
    received = vmc.decode([*vmc.encode(turned, PLAIN), *vmc.encode(turned, left_out)])
    assert received[0].pose == pytest.approx(turned.pose, abs=1e-4)
    assert not received[1].pose.any()


def test_a_frame_that_never_ends_does_not_fill_the_memory():
    assembly = vmc.Assembly()
    for number in range(3000):
        name = f"{number:07}".encode()
        assembly.push(b"/VMC/Ext/Blend/Val\0\0" + b",sf\0" + name + b"\0" + bytes(4))
    assert len(assembly.pending) == 1000


def test_integers_will_do():
    whole = b"/VMC/Ext/Blend/Val\0\0" + b",si\0" + b"JawOpen\0" + bytes.fromhex("00000001")
    (received,) = vmc.decode([whole, APPLY])
    assert received.weights[17] == 1


def test_unknown_addresses_and_extra_arguments_are_ignored():
    other = b"/VMC/Ext/New\0\0\0\0" + b",\0\0\0"
    longer = b"/VMC/Ext/Blend/Val\0\0" + b",sfi\0\0\0\0" + b"JawOpen\0" + bytes.fromhex("3f000000 00000007")
    broken = b"/VMC/Ext/Blend/Val\0\0" + b",s\0\0" + b"JawOpen\0"
    (received,) = vmc.decode([other, longer, broken, APPLY])
    assert received.values == {"JawOpen": 0.5}


@given(st.binary(max_size=200))
def test_garbage_is_refused(data):
    with pytest.raises(FacewireError):
        vmc.decode([data])


@given(st.binary(max_size=60))
def test_garbage_in_a_bundle_is_refused(data):
    with pytest.raises(FacewireError):
        vmc.decode([BUNDLE + data])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        BUNDLE,
        BUNDLE + b"\xff\xff\xff\xfc",  # an element of -4 bytes
        (BUNDLE + b"\0\0\x40\0") * 50,  # bundles in bundles, without end
        b"/arkit/jawOpen\0\0" + b",f\0\0" + bytes(4),  # OSC, but not VMC
        JAW[:-4] + struct.pack(">f", np.nan),
        JAW[:-2],
    ],
)
def test_near_misses_are_refused(data):
    with pytest.raises(FacewireError):
        vmc.decode([data])
