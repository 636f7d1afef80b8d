import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols import livelink_csv
from protocols.blendshapes import BEAT, COUNT, INDEX, NAMES
from protocols.errors import FacewireError
from protocols.pose import POSE_NAMES
from protocols.takes import Take, read, write
from tests.protocols.faces import any_pose, posed

SUFFIXES = [".csv", ".json", ".npz"]
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


NO_POSITION = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 1], np.float32)


def moving(frames, fps=30):
    rng = np.random.default_rng(5)
    poses = np.array([20, 20, 20, 0.1, 0.1, 0.1, 9, 9, 9, 9]) * rng.uniform(-1, 1, (frames, 10))
    return Take(rng.random((frames, COUNT), np.float32), Fraction(fps), poses)


def carried(take, suffix):
    """Weights and poses of a take as far as the format has room for them."""
    weights, poses = take.weights.copy(), take.poses.copy()
    if suffix == ".json":
        weights[:, INDEX["tongueOut"]] = 0
    if suffix == ".csv":
        poses *= NO_POSITION
    return weights, poses


@pytest.mark.parametrize(
    ("suffix", "fps"),
    [
        *((suffix, fps) for suffix in (".csv", ".npz")
          for fps in (24, 25, 30, 60, Fraction(60000, 1001), Fraction(30000, 1001), Fraction(25, 2))),
        (".json", 60),
    ],
)  # fmt: skip
def test_a_take_survives(tmp_path, suffix, fps):
    take = moving(150, fps)
    write(tmp_path / f"take{suffix}", take)
    again = read(tmp_path / f"take{suffix}")
    weights, poses = carried(take, suffix)
    assert again.fps == take.fps
    np.testing.assert_allclose(again.weights, weights, atol=1e-6)
    np.testing.assert_allclose(again.poses, poses, atol=1e-4)
    assert os.listdir(tmp_path) == [f"take{suffix}"]


@pytest.mark.parametrize("fps", [24, 25, 30, Fraction(30000, 1001), Fraction(60000, 1001), 100])
def test_beats_rate_is_60(tmp_path, fps):
    take = moving(150, fps)
    write(tmp_path / "take.json", take)
    again = read(tmp_path / "take.json")
    assert again.fps == 60
    assert len(again.weights) == round(150 * 60 / Fraction(fps))
    weights, poses = carried(take, ".json")
    at = np.minimum(np.arange(len(again.weights)) * float(fps) / 60, 149)
    below, share = at.astype(int), (at % 1)[:, None]
    above = np.minimum(below + 1, 149)
    np.testing.assert_allclose(again.weights, weights[below] * (1 - share) + weights[above] * share, atol=1e-5)
    np.testing.assert_allclose(again.poses, poses[below] * (1 - share) + poses[above] * share, atol=1e-4)


@settings(max_examples=20)
@given(
    weights=arrays(np.float32, st.tuples(st.integers(1, 4), st.just(COUNT)), elements=st.floats(0, 1, width=32)),
    pose=any_pose,
    suffix=st.sampled_from(SUFFIXES),
)
def test_short_takes_survive_with_their_rate(tmp_path_factory, weights, pose, suffix):
    path = tmp_path_factory.mktemp("take") / f"take{suffix}"
    take = Take(weights, Fraction(60), pose)
    write(path, take)
    again = read(path, fps=Fraction(60))
    expected, poses = carried(take, suffix)
    np.testing.assert_allclose(again.weights, expected, atol=1e-6)
    np.testing.assert_allclose(again.poses, poses, atol=1e-4)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sweep_arrives_under_the_right_names(tmp_path, suffix):
    values = np.diag(np.arange(1, COUNT + 1) / 64).astype(np.float32)
    path = tmp_path / f"take{suffix}"
    poses = np.diag(np.arange(1, 11) / 16)[np.arange(COUNT) % 10]
    take = Take(values, Fraction(60), poses.astype(np.float32))
    write(path, take)
    again = read(path, fps=Fraction(60))
    weights, poses = carried(take, suffix)
    np.testing.assert_array_equal(again.weights, weights)
    np.testing.assert_allclose(again.poses, poses, atol=1e-4)


def test_golden_csv(tmp_path):
    weights = np.zeros((31, COUNT), np.float32)
    weights[30, INDEX["jawRight"]], weights[30, INDEX["tongueOut"]] = 0.25, 1
    poses = np.zeros((31, 10), np.float32)
    poses[30] = [90, 45, 30, 0.1, 0.2, 0.3, -15, 5, 7.5, -4]
    write(tmp_path / "take.csv", Take(weights, Fraction(30), poses))
    lines = (tmp_path / "take.csv").read_text().splitlines()
    header = lines[0].split(",")
    assert len(header) == 63
    assert header[:3] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[20:25] == ["MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"]
    assert header[53:] == [
        "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll",
        "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert [line.split(",")[0] for line in lines[1:3]] == ["00:00:00:00.000", "00:00:00:01.000"]
    zero = ["0.000000"]
    assert lines[31].split(",") == [
        "00:00:01:00.000", "61", *zero * 15, "0.250000", *zero * 35, "1.000000",
        "1.570796", "0.785398", "-0.523599",
        "-0.261799", "0.087266", *zero, "0.130900", "-0.069813", *zero,
    ]  # fmt: skip
    assert lines[1].split(",")[54:] == zero * 9


def test_golden_json_is_beats_layout(tmp_path):
    weights = np.zeros((2, COUNT), np.float32)
    weights[1, INDEX["jawOpen"]], weights[1, INDEX["tongueOut"]] = 0.5, 1
    write(tmp_path / "take.json", Take(weights, Fraction(60), posed(head_yaw=12.5, head_z=-0.25)))
    take = json.loads((tmp_path / "take.json").read_text())
    assert take["fps"] == 60
    assert take["names"] == list(BEAT)
    assert take["pose_names"] == list(POSE_NAMES)
    pose = [12.5, 0.0, 0.0, 0.0, 0.0, -0.25, 0.0, 0.0, 0.0, 0.0]
    jaw = [0.0] * 24 + [0.5] + [0.0] * 26
    assert take["frames"][1] == {"weights": jaw, "time": 0.016667, "rotation": [], "pose": pose}
    # What BEAT's own loader makes of it: frames by their place in the list, values by position.
    assert np.array([frame["weights"] for frame in take["frames"]]).shape == (2, 51)


def test_golden_npz_is_read_by_numpy(tmp_path):
    take = moving(3)
    write(tmp_path / "take.npz", take)
    with np.load(tmp_path / "take.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"bs", "names", "fps", "pose", "pose_names"}
        np.testing.assert_array_equal(arrays["bs"], take.weights)
        np.testing.assert_array_equal(arrays["pose"], take.poses)
        assert (arrays["bs"].dtype, arrays["pose"].dtype) == (np.float32, np.float32)
        assert (arrays["names"].tolist(), arrays["pose_names"].tolist()) == ([*NAMES], [*POSE_NAMES])
        assert arrays["fps"] == 30


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_old_takes_are_at_rest(tmp_path, suffix):
    """As they were written before there was a pose."""
    path = tmp_path / f"take{suffix}"
    weights = moving(40).weights
    if suffix == ".csv":
        path.write_text(csv_of([(f"00:00:0{n // 30}:{n % 30:02}.000", n) for n in range(40)]))
    elif suffix == ".json":
        rows = [{"weights": row.tolist(), "time": n / 30, "rotation": []} for n, row in enumerate(weights)]
        path.write_text(json.dumps({"fps": 30, "names": NAMES, "frames": rows}))
    else:
        np.savez_compressed(path, bs=weights, names=np.array(NAMES), fps=np.float64(30))
    take = read(path)
    assert take.fps == 30
    if suffix != ".csv":
        np.testing.assert_allclose(take.weights, weights, atol=1e-6)
    assert take.poses.shape == (40, 10)
    assert not take.poses.any()


def test_poses_are_read_by_their_names(tmp_path):
    poses = np.array([[1.0, 2.0, 9.0]] * 2)
    names = np.array(["head_pitch", "right_eye_yaw", "tail"])
    np.savez(tmp_path / "take.npz", bs=np.zeros((2, 52)), names=np.array(NAMES), fps=30.0, pose=poses, pose_names=names)
    assert read(tmp_path / "take.npz").poses[1].tolist() == posed(head_pitch=1, right_eye_yaw=2).tolist()


def test_beat_files_are_read():
    paths = sorted((SHARED / "beat_layout").glob("*/*.json"))
    if not paths:
        pytest.skip(f"no files of the BEAT layout under {SHARED}")
    take = read(paths[0])
    source = json.loads(paths[0].read_text())
    assert take.fps == 60
    assert len(take.weights) == len(source["frames"])
    jaw = [frame["weights"][source["names"].index("jawOpen")] for frame in source["frames"]]
    np.testing.assert_allclose(take.weights[:, INDEX["jawOpen"]], np.clip(jaw, 0, 1), atol=1e-6)


def csv_of(timecodes, base=30):
    """A csv with the given timecodes whose jawOpen tells the row's place among 100."""
    still = livelink_csv.format_take(np.zeros((1, COUNT), np.float32), np.zeros((1, 10), np.float32), Fraction(base))
    header, row = still.replace("BlendshapeCount", "BlendShapeCount").splitlines()  # as the app wrote it until 2024
    cells = row.split(",")
    lines = [header]
    for timecode, place in timecodes:
        lines.append(",".join([timecode, *cells[1:19], f"{place / 100}", *cells[20:]]))
    return "\n".join(lines) + "\n"


def test_lost_frames_are_interpolated(tmp_path):
    kept = [frame for frame in range(60) if frame not in (20, 21)]
    (tmp_path / "take.csv").write_text(csv_of([(f"10:00:0{n // 30}:{n % 30:02}.000", n) for n in kept]))
    take = read(tmp_path / "take.csv")
    assert take.fps == 30
    np.testing.assert_allclose(take.weights[:, INDEX["jawOpen"]], np.arange(60) / 100, atol=1e-6)


def test_recording_past_midnight(tmp_path):
    rows = [(f"23:59:59:{n:02}.500", n) for n in range(30)] + [(f"00:00:00:{n:02}.500", 30 + n) for n in range(30)]
    (tmp_path / "take.csv").write_text(csv_of(rows))
    assert len(read(tmp_path / "take.csv").weights) == 60


def test_header_in_another_case_with_a_mark_and_empty_lines(tmp_path):
    write(tmp_path / "take.csv", moving(40))
    text = (tmp_path / "take.csv").read_text()
    text = text.replace("BlendshapeCount", "BLENDSHAPECount").replace("\n", "\r\n\r\n")
    (tmp_path / "again.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    np.testing.assert_array_equal(read(tmp_path / "again.csv").weights, read(tmp_path / "take.csv").weights)


GOOD = csv_of([(f"00:00:0{n // 30}:{n % 30:02}.000", n) for n in range(40)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "header"),
        ("a,b\n", "Timecode"),
        (GOOD.splitlines()[0], "no frames"),
        (GOOD.replace("JawOpen", "JawWide"), "missing blendshapes: jawOpen"),
        (GOOD.replace("HeadYaw", "HeadNod"), "'HeadNod'"),
        (GOOD.replace("JawRight", "JawOpen"), "missing blendshapes: jawRight"),
        (GOOD.replace("0.39", "nan"), "frame 39: jawOpen is not a number"),
        (GOOD.replace("0.39", "1e300"), "frame 39: jawOpen is not a number"),
        (GOOD.replace("0.39", "much"), "not all values are numbers.*much"),
        (GOOD.replace("0.39,", ""), "row 41 has 62 columns, the header 63"),
        (GOOD.replace("00:00:01:09.000", "00:00:01:07.000"), "time does not advance at frame 39"),
        (GOOD.replace("00:00:01:09.000", "1.3"), "row 41: timecode '1.3'"),
        (GOOD.replace("00:00:01:09.000", "00:00:01:900.0"), "901 frames in a second"),
        ("\n".join(GOOD.splitlines()[:5]), "shorter than a second"),
    ],
)
def test_broken_csv(tmp_path, text, said):
    (tmp_path / "take.csv").write_text(text)
    with pytest.raises(FacewireError, match=said) as caught:
        read(tmp_path / "take.csv")
    assert "take.csv" in str(caught.value)


def frames(*times, weights=(0.5,) * 51):
    return json.dumps({"names": BEAT, "frames": [{"weights": weights, "time": time} for time in times]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "BEAT"),
        ("[]", "BEAT"),
        ("{}", "names"),
        (frames(), "no frames"),
        (frames(0), "single frame"),
        (frames(0, 0.1, 0.1), "time does not advance at frame 2"),
        (frames(0, float("nan")), "time does not advance"),
        (frames(0, 0.1, weights=[0.5] * 50), "do not fit"),
        (frames(0, 0.1, weights=[float("nan")] * 51), "not a number"),
        (frames(0, 0.1, weights=[1e300] * 51), "not a number"),
        (frames(0, 0.1).replace("browDownLeft", "browLeft"), "missing blendshapes: browDownLeft"),
        (frames(0, 0.1)[:-1] + ', "fps": 0}', "frame rate"),
    ],
)
def test_broken_json(tmp_path, text, said):
    (tmp_path / "take.json").write_text(text)
    with pytest.raises(FacewireError, match=said):
        read(tmp_path / "take.json")


@pytest.mark.parametrize(
    "arrays_in_it",
    [
        {},
        {"bs": np.zeros((2, 52)), "fps": 30.0},
        {"bs": np.zeros((2, 52)), "names": np.array(NAMES)},
        {"bs": np.zeros((2, 52)), "names": np.array(NAMES), "fps": np.array([30, 30])},
        {"bs": np.zeros(52), "names": np.array(NAMES), "fps": 30.0},
        {"bs": np.full((2, 52), np.nan), "names": np.array(NAMES), "fps": 30.0},
        {"bs": np.full((2, 52), 1e300), "names": np.array(NAMES), "fps": 30.0},
        {"bs": np.zeros((2, 52)), "names": np.array(NAMES, object), "fps": 30.0},  # would need pickle
    ],
)
def test_broken_npz(tmp_path, arrays_in_it):
    np.savez(tmp_path / "take.npz", **arrays_in_it)
    with pytest.raises(FacewireError, match=r"take\.npz"):
        read(tmp_path / "take.npz")


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=50)
@given(data=st.binary(max_size=100))
def test_garbage_is_refused(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("take") / f"take{suffix}"
    path.write_bytes(data)
    with pytest.raises(FacewireError):
        read(path)


def test_cut_npz_is_refused(tmp_path):
    write(tmp_path / "take.npz", moving(50))
    whole = (tmp_path / "take.npz").read_bytes()
    for length in range(0, len(whole), 997):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(FacewireError):
            read(tmp_path / "cut.npz")


def test_values_are_clamped(tmp_path):
    np.savez(tmp_path / "take.npz", bs=np.full((2, 52), 1.5), names=np.array(NAMES), fps=30.0)
    assert (read(tmp_path / "take.npz").weights == 1).all()


def test_paths(tmp_path):
    with pytest.raises(FacewireError, match=r"\.csv, \.json, \.npz"):
        write(tmp_path / "take.fbx", moving(1))
    with pytest.raises(FacewireError, match="No such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(FacewireError, match="cannot be written"):
        write(tmp_path / "none" / "take.csv", moving(1))


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "take.csv"
    path.write_text("old")

    def full(_self, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FacewireError, match="No space"):
        write(path, moving(3))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["take.csv"]


@pytest.mark.parametrize("weights", [np.zeros((0, 52)), np.zeros((3, 51)), np.zeros(52), np.full((1, 52), np.nan)])
def test_bad_takes(weights):
    with pytest.raises(FacewireError):
        Take(weights, Fraction(30))
