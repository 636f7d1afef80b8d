import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols.blendshapes import COUNT, NAMES
from protocols.errors import FacewireError
from protocols.pose import POSE_NAMES
from protocols.takes import Take, read, write
from tests.protocols.faces import any_pose, carried, moving, posed

SUFFIXES = [".csv", ".json", ".npz"]


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
        write(path, Take(weights, Fraction(30)))
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("BlendshapeCount", "BlendShapeCount").replace(",0.000000" * 9 + "\n", ",0" * 9 + "\n"),
            encoding="utf-8",
        )
        assert path.read_text(encoding="utf-8").count(",0,0,0,0,0,0,0,0,0\n") == 40
    elif suffix == ".json":
        rows = [{"weights": row.tolist(), "time": n / 30, "rotation": []} for n, row in enumerate(weights)]
        path.write_text(json.dumps({"fps": 30, "names": NAMES, "frames": rows}), encoding="utf-8")
    else:
        np.savez_compressed(path, bs=weights, names=np.array(NAMES), fps=np.float64(30))
    take = read(path)
    assert take.fps == 30
    np.testing.assert_allclose(take.weights, weights, atol=1e-6)
    assert take.poses.shape == (40, 10)
    assert not take.poses.any()


def test_poses_are_read_by_their_names(tmp_path):
    poses = np.array([[1.0, 2.0, 9.0]] * 2)
    names = np.array(["head_pitch", "right_eye_yaw", "tail"])
    np.savez(tmp_path / "take.npz", bs=np.zeros((2, 52)), names=np.array(NAMES), fps=30.0, pose=poses, pose_names=names)
    assert read(tmp_path / "take.npz").poses[1].tolist() == posed(head_pitch=1, right_eye_yaw=2).tolist()


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
