import numpy as np
import pytest

from protocols.blendshapes import (
    ALPHABETICAL,
    BEAT,
    COUNT,
    FACECAP,
    FDD_UPPER,
    INDEX,
    LBE_12,
    LIPS_27,
    LIVELINK_CSV,
    MEDIAPIPE,
    MIRROR,
    NAMES,
    ORDERS,
    PAIRS,
    UPPER,
    canonical,
    remap,
)
from protocols.errors import FacewireError


def test_names_are_the_wire_order_of_live_link():
    assert COUNT == len(set(NAMES)) == 52
    # Cornerstones of Unreal's enum EARFaceBlendShape.
    assert [INDEX[n] for n in ("eyeBlinkLeft", "eyeBlinkRight", "jawForward", "jawLeft", "jawRight", "jawOpen")] == [
        0, 7, 14, 15, 16, 17,
    ]  # fmt: skip
    assert [INDEX[n] for n in ("mouthClose", "mouthLeft", "mouthRollLower", "browDownLeft", "tongueOut")] == [
        18, 21, 31, 41, 51,
    ]  # fmt: skip


def test_csv_order_swaps_only_jaw_and_mouth_sides():
    differing = [i for i, (a, b) in enumerate(zip(NAMES, LIVELINK_CSV, strict=True)) if a != b]
    assert [LIVELINK_CSV[i] for i in differing] == ["jawRight", "jawLeft", "mouthRight", "mouthLeft"]


def test_orders_without_a_tongue():
    assert ALPHABETICAL[-1] == "tongueOut"
    assert len(BEAT) == 51
    assert "tongueOut" not in BEAT
    assert (len(MEDIAPIPE), MEDIAPIPE[0], MEDIAPIPE[25]) == (52, "_neutral", "jawOpen")


def test_face_cap_indices():
    assert len(FACECAP) == 52
    assert FACECAP[:3] == ("browInnerUp", "browDown_L", "browDown_R")
    # From 24 on as in the app author's receiver (FaceCapLiveModeReceiverEditor.cs).
    assert FACECAP[23:38] == (
        "noseSneer_R", "jawOpen", "jawForward", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft",
        "mouthRight", "mouthRollUpper", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower", "mouthClose",
        "mouthSmile_L",
    )  # fmt: skip
    sided = ("mouthFrown_L", "mouthDimple_L", "mouthUpperUp_L", "mouthLowerDown_L", "mouthPress_L", "mouthStretch_R")
    assert [FACECAP.index(n) for n in ("eyeBlink_L", "cheekPuff", *sided, "tongueOut")] == [
        13, 19, 39, 41, 43, 45, 47, 50, 51,
    ]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_maps_back_by_name(order):
    values = np.array([(INDEX[canonical(n)] + 1) / 64 if n != "_neutral" else 9 for n in ORDERS[order]])
    expected = np.arange(1, 53, dtype=np.float32) / 64
    if "TongueOut" not in ORDERS[order] and "tongueOut" not in ORDERS[order]:
        expected[-1] = 0
    np.testing.assert_array_equal(remap(values, ORDERS[order]), expected)


def test_remap_keeps_leading_axes_and_zeroes_what_is_missing():
    result = remap(np.ones((2, 3, 2)), ["MouthSmile_R", "JAWOPEN"])
    assert result.shape == (2, 3, 52)
    assert result.dtype == np.float32
    assert set(np.flatnonzero(result[1, 2])) == {INDEX["mouthSmileRight"], INDEX["jawOpen"]}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["jawOpen", "jawWide"], "'jawWide'"),
        (["jawOpen", "JawOpen"], "more than once: jawOpen"),
        (["jawOpen"], "do not fit 1"),
    ],
)
def test_remap_refuses(names, said):
    with pytest.raises(FacewireError, match=said):
        remap(np.zeros((4, 2)), names)


def test_pairs_mirror_sides():
    assert len(PAIRS) == 20
    assert [NAMES[index] for index in MIRROR[:2]] == ["eyeBlinkRight", "eyeLookDownRight"]
    assert MIRROR[INDEX["jawOpen"]] == INDEX["jawOpen"]
    assert [MIRROR[index] for index in MIRROR] == list(range(COUNT))
    assert ("jawLeft", "jawRight") in PAIRS
    assert all(right in NAMES and left != right for left, right in PAIRS)


def test_index_sets_are_those_of_the_papers():
    def alphabetical(*ranges):
        return tuple(sorted(INDEX[ALPHABETICAL[i]] for r in ranges for i in r))

    assert alphabetical(range(22, 49)) == LIPS_27
    assert alphabetical(range(5), range(8, 22), (49, 50)) == UPPER
    assert alphabetical(range(8, 22), (49, 50)) == FDD_UPPER
    assert {NAMES[i] for i in LBE_12} == {
        "jawLeft", "jawRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthFunnel", "mouthPucker",
        "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
        "mouthUpperUpLeft", "mouthUpperUpRight",
    }  # fmt: skip
