"""The face model: made of the user's ICT-FaceKit, kept in a file, fetched with its hash checked."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.training import faces
from training.prepare import face_match, face_model
from training.prepare.face_points import CURVES, LIP_RINGS, LIPS, MESH
from training.prepare.fetch import fetch

SHARED = Path(__file__).parents[4] / "shared" / "data"
KIT = SHARED / "ict_facekit" / "ict_facekit.tar.xz"
TASK = SHARED / "mediapipe" / "face_landmarker.task"


@pytest.fixture(scope="module")
def real() -> face_model.FaceModel:
    if not KIT.exists() or not TASK.exists():
        pytest.skip("needs ICT-FaceKit and face_landmarker.task in ../shared/data")
    return face_model.build(KIT, TASK)


def test_it_is_kept_in_a_file(tmp_path: Path) -> None:
    model = faces.model()
    face_model.write(model, tmp_path / "cache" / "face.safetensors")
    found = face_model.read(tmp_path / "cache" / "face.safetensors")
    np.testing.assert_array_equal(found.displacements, model.displacements)
    np.testing.assert_array_equal(found.neutral, model.neutral)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["face.safetensors"]


def test_a_missing_or_another_file_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="facewire-train face-model"):
        face_model.read(tmp_path / "none.safetensors")
    (tmp_path / "other.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(FacewireError, match="facewire-train face-model"):
        face_model.read(tmp_path / "other.safetensors")


def test_a_landmarker_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(b"not a zip")
    with pytest.raises(FacewireError, match="no Face Landmarker bundle"):
        face_match.canonical_mesh(tmp_path / "face_landmarker.task")
    with pytest.raises(FacewireError, match="no such file"):
        face_model.landmarker_task(tmp_path / "none.task")


def test_lines_are_walked_along_the_mesh() -> None:
    edges = csr_array(([1.0, 1.0, 5.0], ([0, 1, 0], [1, 2, 2])), shape=(3, 3))
    assert face_match._path(edges, np.array([0, 2], np.int32)) == [0, 1, 2]
    line = np.array([[0, 0, 0], [1, 0, 0], [1, 3, 0]], float)
    np.testing.assert_allclose(face_match._length(line), [0, 0.25, 1])
    first, middle, last = face_match._along([7, 8, 9], np.array([0, 0.25, 1]), np.array([0, 0.625, 1]))
    assert first[7] == 1
    assert middle == {8: 0.5, 9: 0.5}
    assert last[9] == 1


def test_points_have_one_role_each() -> None:
    lips = [point for name, (points, _) in CURVES.items() if "lip" in name for point in points]
    assert len(LIPS) == 40
    assert set(lips) == set(LIPS)
    assert not set(LIPS) & set(LIP_RINGS)
    assert all(0 <= point < MESH for points, _ in CURVES.values() for point in points)


def test_shapes_move_the_points_that_they_should(real: face_model.FaceModel) -> None:
    assert np.linalg.norm(real.neutral[33] - real.neutral[263]) == pytest.approx(1, abs=1e-5)
    jaw = real.displacements[INDEX["jawOpen"]]
    assert jaw[152, 1] < -0.25  # the chin falls
    assert np.linalg.norm(jaw[[6, 33, 263, 10]], axis=1).max() < 0.01  # the skull stays
    blink = real.displacements[INDEX["eyeBlinkLeft"]]
    assert blink[386, 1] < -0.05  # the left upper lid
    assert np.linalg.norm(blink[159]) < 0.01  # not the right one
    smile = real.displacements[INDEX["mouthSmileLeft"]]
    assert smile[291, 0] > 0.03
    assert smile[291, 1] > 0.03
    # mouthClose shuts what jawOpen opened.
    opened = jaw[13, 1] - jaw[14, 1]
    closed = real.displacements[INDEX["mouthClose"]]
    assert opened > 0.2
    assert abs(opened + closed[13, 1] - closed[14, 1]) < 0.1  # the kit overshoots a little


def test_it_is_the_basis_that_the_shared_curves_were_solved_with(real: face_model.FaceModel) -> None:
    """`basis.npz` was matched by others: the same points, the same displacements."""
    with np.load(SHARED / "ict_facekit" / "basis.npz") as basis:
        points, names, displacements = basis["mp_index"], basis["shape_names"].tolist(), basis["disp"]
    for name, least in (
        ("jawOpen", 0.998), ("mouthClose", 0.99), ("mouthFunnel", 0.99), ("mouthPucker", 0.99),
        ("mouthSmileLeft", 0.99), ("mouthLowerDownRight", 0.99), ("mouthUpperUpLeft", 0.99), ("eyeBlinkLeft", 0.99),
        ("mouthRollLower", 0.97), ("browDownRight", 0.99),
    ):  # fmt: skip
        theirs = displacements[names.index(name.replace("Left", "_L").replace("Right", "_R"))]
        ours = real.displacements[INDEX[name]][points]
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > least, name
        assert np.linalg.norm(ours) / np.linalg.norm(theirs) == pytest.approx(1, abs=0.06), name


@pytest.fixture
def served(tmp_path: Path) -> str:
    (tmp_path / "served.bin").write_bytes(b"what was asked for")
    return (tmp_path / "served.bin").as_uri()


def test_fetched_files_are_checked_and_kept(tmp_path: Path, served: str) -> None:
    sha256 = hashlib.sha256(b"what was asked for").hexdigest()
    path = fetch(served, tmp_path / "cache" / "it.bin", "copy it", sha256)
    assert path.read_bytes() == b"what was asked for"
    assert fetch("file:///nowhere", path, "copy it", sha256) == path  # it is there already
    with pytest.raises(FacewireError, match=r"not the file that was expected.*copy it"):
        fetch(served, tmp_path / "cache" / "other.bin", "copy it", "0" * 64)
    with pytest.raises(FacewireError, match=r"cannot fetch.*copy it"):
        fetch("file:///nowhere", tmp_path / "cache" / "other.bin", "copy it", "0" * 64)
    assert [each.name for each in (tmp_path / "cache").iterdir()] == ["it.bin"]


@pytest.mark.slow
def test_another_head_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not KIT.exists():
        pytest.skip("needs ICT-FaceKit in ../shared/data")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(face_model, "_KIT_URL", KIT.as_uri())
    assert face_model.fetched_kit().exists()
    monkeypatch.setattr(face_model, "_KIT_SHA256", "0" * 64)
    with pytest.raises(FacewireError, match="not the head that was expected"):
        face_model.fetched_kit()
    assert not list((tmp_path / "facewire").iterdir())
