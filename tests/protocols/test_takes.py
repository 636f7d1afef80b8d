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
from protocols.takes import Take, read, write

SUFFIXES = [".csv", ".json", ".npz"]
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def moving(frames, fps=30):
    rng = np.random.default_rng(5)
    return Take(rng.random((frames, COUNT), np.float32), Fraction(fps))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", [24, 25, 30, 60, Fraction(60000, 1001), Fraction(30000, 1001), Fraction(25, 2)])
def test_a_take_survives(tmp_path, suffix, fps):
    take = moving(150, fps)
    write(tmp_path / f"take{suffix}", take)
    again = read(tmp_path / f"take{suffix}")
    assert again.fps == take.fps
    np.testing.assert_allclose(again.weights, take.weights, atol=1e-6)
    assert os.listdir(tmp_path) == [f"take{suffix}"]


@settings(max_examples=20)
@given(
    weights=arrays(np.float32, st.tuples(st.integers(1, 4), st.just(COUNT)), elements=st.floats(0, 1, width=32)),
    suffix=st.sampled_from(SUFFIXES),
)
def test_short_takes_survive_with_their_rate(tmp_path_factory, weights, suffix):
    path = tmp_path_factory.mktemp("take") / f"take{suffix}"
    write(path, Take(weights, Fraction(30)))
    np.testing.assert_allclose(read(path, fps=Fraction(30)).weights, weights, atol=1e-6)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sweep_arrives_under_the_right_names(tmp_path, suffix):
    values = np.diag(np.arange(1, COUNT + 1) / 64).astype(np.float32)
    path = tmp_path / f"take{suffix}"
    write(path, Take(values, Fraction(30)))
    np.testing.assert_array_equal(read(path).weights, values)


def test_golden_csv(tmp_path):
    weights = np.zeros((31, COUNT), np.float32)
    weights[30, INDEX["jawRight"]], weights[30, INDEX["tongueOut"]] = 0.25, 1
    write(tmp_path / "take.csv", Take(weights, Fraction(30)))
    lines = (tmp_path / "take.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    assert len(header) == 63
    assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[20:25] == ["MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"]
    assert header[53:] == [
        "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll",
        "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert [line.split(",")[0] for line in lines[1:3]] == ["00:00:00:00.000", "00:00:00:01.000"]
    zero = ["0.000000"]
    assert lines[31].split(",") == [
        "00:00:01:00.000", "61", *zero * 15, "0.250000", *zero * 35, "1.000000", *["0"] * 9,
    ]  # fmt: skip


def test_golden_json_is_beats_layout(tmp_path):
    write(tmp_path / "take.json", Take(np.zeros((2, COUNT), np.float32), Fraction(60)))
    take = json.loads((tmp_path / "take.json").read_text(encoding="utf-8"))
    assert take["fps"] == 60
    assert take["names"] == [*BEAT, "tongueOut"]
    assert take["frames"][1] == {"weights": [0.0] * 52, "time": 0.016667, "rotation": []}


def test_beat_files_are_read():
    paths = sorted((SHARED / "beat_layout").glob("*/*.json"))
    if not paths:
        pytest.skip(f"no files of the BEAT layout under {SHARED}")
    take = read(paths[0])
    source = json.loads(paths[0].read_text(encoding="utf-8"))
    assert take.fps == 60
    assert len(take.weights) == len(source["frames"])
    jaw = [frame["weights"][source["names"].index("jawOpen")] for frame in source["frames"]]
    np.testing.assert_allclose(take.weights[:, INDEX["jawOpen"]], np.clip(jaw, 0, 1), atol=1e-6)


def csv_of(timecodes, base=30):
    """A csv with the given timecodes whose jawOpen tells the row's place among 100."""
    header, row = livelink_csv.format_take(np.zeros((1, COUNT), np.float32), Fraction(base)).splitlines()
    cells = row.split(",")
    lines = [header]
    for timecode, place in timecodes:
        lines.append(",".join([timecode, *cells[1:19], f"{place / 100}", *cells[20:]]))
    return "\n".join(lines) + "\n"


def test_lost_frames_are_interpolated(tmp_path):
    kept = [frame for frame in range(60) if frame not in (20, 21)]
    (tmp_path / "take.csv").write_text(
        csv_of([(f"10:00:0{n // 30}:{n % 30:02}.000", n) for n in kept]), encoding="utf-8"
    )
    take = read(tmp_path / "take.csv")
    assert take.fps == 30
    np.testing.assert_allclose(take.weights[:, INDEX["jawOpen"]], np.arange(60) / 100, atol=1e-6)


def test_recording_past_midnight(tmp_path):
    rows = [(f"23:59:59:{n:02}.500", n) for n in range(30)] + [(f"00:00:00:{n:02}.500", 30 + n) for n in range(30)]
    (tmp_path / "take.csv").write_text(csv_of(rows), encoding="utf-8")
    assert len(read(tmp_path / "take.csv").weights) == 60


def test_header_in_another_case_with_a_mark_and_empty_lines(tmp_path):
    write(tmp_path / "take.csv", moving(40))
    text = (tmp_path / "take.csv").read_text(encoding="utf-8")
    text = text.replace("BlendShapeCount", "BlendshapeCount").replace("\n", "\r\n\r\n")
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
    (tmp_path / "take.csv").write_text(text, encoding="utf-8")
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
    (tmp_path / "take.json").write_text(text, encoding="utf-8")
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
    path.write_text("old", encoding="utf-8")

    def full(_self, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FacewireError, match="No space"):
        write(path, moving(3))
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["take.csv"]


@pytest.mark.parametrize("weights", [np.zeros((0, 52)), np.zeros((3, 51)), np.zeros(52), np.full((1, 52), np.nan)])
def test_bad_takes(weights):
    with pytest.raises(FacewireError):
        Take(weights, Fraction(30))
