"""Takes from anywhere: whatever is in the file, reading it is a take or a FacewireError, in bounded time and memory."""

import io
import json
import re
import tracemalloc
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import beat_json, livelink_csv, table, take_npz, takes
from protocols.blendshapes import BEAT, COUNT, NAMES
from protocols.errors import FacewireError
from protocols.pose import POSE_NAMES
from protocols.takes import Take, read, write

STILL = [0.5] * 51
HUGE = 10**400


def refused(path, data, said, fps=None):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(FacewireError) as caught:
        read(path, fps)
    told = str(caught.value).removeprefix(f"{path}: ")
    assert re.search(said, told), told
    assert len(told) < 400


def in_json(weights=(STILL, STILL), times=(0, 0.1), **more):
    frames = [{"weights": row, "time": time} for row, time in zip(weights, times, strict=True)]
    return json.dumps({"names": BEAT, "frames": frames} | more)


def posed_json(pose, names=POSE_NAMES):
    frames = [{"weights": STILL, "time": n / 60, "pose": pose} for n in range(2)]
    return in_json(frames=frames, pose_names=names)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (in_json(times=(0, 1e9), fps=30), "30000000001 frames, more than 500000"),
        (in_json(times=(0, 1e300), fps=30), "time does not advance"),
        (in_json(times=(-1e308, 1e308), fps=30), "time does not advance"),
        (in_json(times=(0, 1e-300)), "frame rate"),
        (in_json(times=(0, HUGE)), "not a take in BEAT's layout"),
        (in_json(weights=(STILL, [HUGE] * 51)), "not a take in BEAT's layout"),
        (in_json(weights=(STILL, [[0.5]] * 51)), "not a take in BEAT's layout"),
        (in_json(weights=([[0.5]] * 51, [[0.5]] * 51)), "no frames of blendshapes"),
        (in_json(weights=(STILL, STILL[1:])), "not a take in BEAT's layout"),
        (in_json(fps="1e999999999"), "frame rate"),
        (in_json(fps=HUGE), "frame rate"),
        (in_json().replace("browDownLeft", "x" * 10_000), "missing blendshapes: browDownLeft"),
        (in_json(names=[*BEAT, *map(str, range(10_000))]), "do not fit"),
        (in_json([[0.5] * 10_051] * 2, names=[*BEAT, *map(str, range(10_000))]), "'0', '1', '2', '3', '4', …"),
        (in_json().replace("0.1}", "9" * 5000 + "}"), "not a take in BEAT's layout"),
        ("[" * 100_000, "not a take in BEAT's layout"),
        (in_json(pose_names=POSE_NAMES), "KeyError.*pose"),
        (posed_json([0.0] * 9), "does not fit 10 names"),
        (posed_json(0.0, ["head_yaw", "head_pitch"]), "poses of shape"),
        (posed_json([float("inf")] * 10), "frame 0: head_yaw is not a number"),
        (posed_json([HUGE] * 10), "not a take in BEAT's layout"),
    ],
)
def test_json(tmp_path, text, said):
    refused(tmp_path / "take.json", text, said)


def test_a_pose_out_of_bounds_is_clamped(tmp_path):
    (tmp_path / "take.json").write_text(posed_json([-200, 45, 0, -3, 0, 0, 0, 0, 0, 1e9]), encoding="utf-8")
    assert read(tmp_path / "take.json").poses[1].tolist() == [-180, 45, 0, -1, 0, 0, 0, 0, 0, 180]


def in_csv(*timecodes, cell="0.5", header=None):
    named = livelink_csv.format_take(np.zeros((1, COUNT), np.float32), np.zeros((1, 10), np.float32), Fraction(30))
    rows = [",".join([timecode, "61", *[cell] * 61]) for timecode in timecodes]
    return "\n".join([header or named.splitlines()[0], *rows]) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (in_csv("0:0:0:0", "9" * 5000 + ":0:0:0"), "row 3: timecode '9{40}', must be"),
        (in_csv("0:0:0:0", "0:0:0:" + "9" * 5000), "row 3: timecode"),
        (in_csv("0:0:0:0", "0:0:0:0." + "9" * 5000), "row 3: timecode"),
        (in_csv("0:0:0:0", "999:59:59:0"), "frames, more than 500000"),
        (in_csv("0:0:0:0", "0:0:1:0", cell="9" * 5000), "frame 0: eyeBlinkLeft is not a number"),
        (in_csv("0:0:0:0", "0:0:1:0", cell="x" * 5000), "row 2: not all values are numbers"),
        (in_csv("0:0:0:0", "0:0:1:0", cell="x" * 500_000), "not a csv with a header: field larger than"),
        (in_csv("0:0:0:0", "0:0:1:0", cell="\0"), "row 2: not all values are numbers"),
        (in_csv("0:0:0:0", header="Timecode,BlendshapeCount" + ",A" * 100_000), "row 2 has 63 columns"),
        (in_csv().encode("utf-16"), "not a csv with a header"),
    ],
)
def test_csv(tmp_path, text, said):
    refused(tmp_path / "take.csv", text, said, fps=Fraction(30))


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


GOOD = {"bs": npy(np.zeros((2, 52), np.float32)), "names": npy(np.array(NAMES)), "fps": npy(np.float64(30))}


def in_zip(compression=zipfile.ZIP_DEFLATED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in (GOOD | members).items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def claiming(shape, kind="<f4", content=b""):
    """An array whose header says anything."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def headed(header):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (in_zip(bs=claiming((10**12, 52))), "bs has 0 bytes, and says that it is float32 of shape"),
        (in_zip(bs=claiming((10**30, 52))), "bs has 0 bytes"),
        (in_zip(bs=claiming((-1, 52), content=bytes(208))), "bs has 208 bytes"),
        (in_zip(bs=claiming((10**12,), "<U0")), "bs has 0 bytes"),
        (in_zip(bs=claiming((1,), "|O", bytes(8))), "bs has 8 bytes, and says that it is object"),
        (in_zip(bs=npy(np.zeros((2, 52), "c8"))), "bs has 832 bytes, and says that it is complex64"),
        (in_zip(bs=npy(np.zeros((table.MOST_FRAMES + 1, 1), "u1"))), "500001 frames, more than 500000"),
        (in_zip(bs=npy(np.zeros((2, 51), np.float32))), "do not fit"),
        (in_zip(bs=headed(b"(" * 9000)), "not an npz"),
        (in_zip(bs=headed(b"{'descr': ")), "not an npz"),
        (in_zip(bs=headed(b"{'descr': [('a', 5)], 'fortran_order': False, 'shape': (1,)}")), "not an npz"),
        (in_zip(bs=headed(b"\xff" * 60_000)), "not an npz"),
        (in_zip(bs=b"\x93NUMPY\x09\x00" + bytes(100)), "not an npz"),
        (in_zip(names=npy(np.full(300_000, "x"))), "names has 1200128 bytes, more than"),
        (in_zip(fps=npy(np.float64(np.nan))), "frame rate"),
        (in_zip(fps=npy(np.zeros(2))), "not an npz"),
        (in_zip(zipfile.ZIP_LZMA), "compressed in a way numpy does not write"),
        (in_zip(zipfile.ZIP_BZIP2), "compressed in a way numpy does not write"),
        (in_zip(pose=npy(np.zeros((2, 10)))), "KeyError.*pose_names"),
        (in_zip(pose=npy(np.zeros((3, 10))), pose_names=npy(np.array(POSE_NAMES))), "poses of shape"),
        (in_zip(pose=npy(np.zeros((2, 9))), pose_names=npy(np.array(POSE_NAMES))), "does not fit 10 names"),
    ],
)  # fmt: skip
def test_npz(tmp_path, data, said):
    refused(tmp_path / "take.npz", data, said)


def test_encrypted_npz(tmp_path):
    data = bytearray(in_zip())
    for at in (
        match.start() + (6 if match[0] == b"PK\x03\x04" else 8)
        for match in re.finditer(rb"PK(\x03\x04|\x01\x02)", data)
    ):
        data[at] |= 1
    refused(tmp_path / "take.npz", bytes(data), "encrypted")


def bomb(claimed_bytes=None):
    """A take of 64 MiB of zeros in 70 kB, which may claim to be smaller."""
    data = bytearray(in_zip(bs=npy(np.zeros((2**24 // COUNT, COUNT), np.float32))))
    if claimed_bytes is not None:
        real = zipfile.ZipFile(io.BytesIO(data)).getinfo("bs.npy").file_size.to_bytes(4, "little")
        assert data.count(real) == 2
        data = data.replace(real, claimed_bytes.to_bytes(4, "little"))
    return bytes(data)


@pytest.mark.parametrize(("claimed_bytes", "said"), [(None, "bs has 67108"), (1000, "not an npz")])
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, claimed_bytes, said):
    monkeypatch.setattr(take_npz, "LARGEST_BYTES", 2**24)
    data = bomb(claimed_bytes)
    assert len(data) < 100_000
    tracemalloc.start()
    try:
        refused(tmp_path / "take.npz", data, said)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_large_files_are_not_read_to_their_end(tmp_path, monkeypatch, suffix):
    largest, parse = takes._READERS[suffix]
    assert 2**26 <= largest <= 2**29
    monkeypatch.setitem(takes._READERS, suffix, (2**20, parse))
    refused(tmp_path / f"take{suffix}", bytes(2**20 + 1), "larger than 1 MiB")


def test_frames_are_counted_while_a_csv_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_FRAMES", 50)
    rows = [f"0:0:{n // 30}:{n % 30}" for n in range(60)]
    refused(tmp_path / "take.csv", in_csv(*rows) + "and then nonsense", "51 frames, more than 50")
    monkeypatch.setattr(table, "MOST_FRAMES", 60)
    (tmp_path / "take.csv").write_text(in_csv(*rows), encoding="utf-8")
    assert len(read(tmp_path / "take.csv").weights) == 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A good file of each kind."""
    folder = tmp_path_factory.mktemp("takes")
    take = Take(np.linspace(0, 1, 40 * COUNT, dtype=np.float32).reshape(40, COUNT), Fraction(60))
    files = {}
    for suffix in (".csv", ".json", ".npz"):
        write(folder / f"take{suffix}", take)
        files[suffix] = (folder / f"take{suffix}").read_bytes()
    return files


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
@settings(max_examples=300)
@given(data=st.data())
def test_any_damage(tmp_path_factory, whole, suffix, data):
    broken = bytearray(whole[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(broken) - 1))
        # The beginning of a csv or json is what most of its meaning hangs on; of an npz, the end as well.
        at = data.draw(st.sampled_from([at, at % 200, len(broken) - 1 - at % 1000]))
        patch = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"9" * 400, b"[" * 50, b"-", b"e999", b'"']))
        )
        broken[at : at + data.draw(st.integers(0, 5))] = patch
    path = tmp_path_factory.mktemp("take") / f"take{suffix}"
    path.write_bytes(broken)
    try:
        take = read(path)
    except FacewireError:
        return
    assert len(take.weights) == len(take.poses) <= table.MOST_FRAMES


def test_limits_leave_room_for_long_takes():
    hour_frames = 60 * 60 * 60
    row = len(livelink_csv.format_take(*still(1)).splitlines()[1]) + 1
    assert hour_frames < table.MOST_FRAMES
    assert hour_frames * row < livelink_csv.LARGEST_BYTES
    frame = [{"weights": [0.123456] * 51, "time": 1234.567891, "rotation": [], "pose": [-12.345678] * 10}]
    assert hour_frames / 2 * len(json.dumps(frame)) < beat_json.LARGEST_BYTES
    assert table.MOST_FRAMES * COUNT * 8 < take_npz.LARGEST_BYTES


def still(frames):
    return np.zeros((frames, COUNT), np.float32), np.zeros((frames, 10), np.float32), Fraction(60)
