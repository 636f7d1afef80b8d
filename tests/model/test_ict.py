import functools
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model import ict
from model.ict import PARTS, VERTICES, FaceKit
from protocols.blendshapes import COUNT, INDEX, NAMES, PAIRS
from protocols.errors import FacewireError

pytestmark = pytest.mark.slow

REAL = Path(__file__).parents[3] / "shared" / "data" / "ict_facekit" / "ict_facekit.tar.xz"
SIDED = (
    "browDown", "browInnerUp", "browOuterUp", "cheekPuff", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn",
    "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress",
    "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
WHOLE = (
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
KIT_NAMES = [*WHOLE, *(name + side for name in SIDED for side in ("_L", "_R"))]
FACES = ["f 1/1 2/2 3/3 4/4", "f 3/1 2/2 9/3"]


def write_kit(folder: Path) -> Path:
    """A kit in ICT's layout: vertex i moves by 1 cm for shape i, and nothing else does."""
    model = folder / "FaceXModel"
    model.mkdir(parents=True)
    points = np.random.default_rng(1).integers(-9, 10, (VERTICES, 3)).tolist()
    lines = [f"v {x} {y} {z}" for x, y, z in points]
    rest = ["vt 0.5 0.5", "usemtl M_Face", *FACES]
    for index, name in enumerate(["generic_neutral_mesh", *KIT_NAMES]):
        moved = list(lines)
        if index:
            x, y, z = points[index]
            moved[index] = f"v {x} {y + 1} {z}"
        (model / f"{name}.obj").write_text(
            "\n".join(["# made up", "mtllib x.mtl", *moved, *rest, ""]), encoding="utf-8"
        )
    (model / "cheekRaiser_L.obj").write_text("not one of ours", encoding="utf-8")
    (model / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": list(range(68))}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_kit(tmp_path_factory.mktemp("kit") / "ICT-FaceKit")


@pytest.fixture
def copy(kit_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(kit_folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_every_shape_gets_the_displacement_of_its_name(kit_folder: Path) -> None:
    kit = ict.read(kit_folder)
    assert kit.displacements.shape == (COUNT, VERTICES, 3)
    for name in set(NAMES) - {"tongueOut"}:
        sources = [name.replace("Left", "_L").replace("Right", "_R"), name, f"{name}_L", f"{name}_R"]
        moved = np.flatnonzero(kit.displacements[INDEX[name]].any(axis=1))
        expected = {1 + KIT_NAMES.index(source) for source in sources if source in KIT_NAMES}
        assert set(moved.tolist()) == expected, name
        assert kit.displacements[INDEX[name], moved].tolist() == [[0, 1, 0]] * len(moved)
    assert len(np.flatnonzero(kit.displacements[INDEX["browInnerUp"]].any(axis=1))) == 2


def test_polygons_become_triangles_counted_from_zero(kit_folder: Path) -> None:
    assert ict.read(kit_folder).faces.tolist() == [[0, 1, 2], [0, 2, 3], [2, 1, 8]]


def test_parts_cover_every_vertex_once() -> None:
    assert [index for part in PARTS.values() for index in range(part.start, part.stop)] == list(range(VERTICES))


def tarred(folder: Path, file: Path) -> None:
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        archive.add(folder, "ICT-FaceKit-master")


def zipped(folder: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for found in folder.rglob("*.*"):
            archive.write(found, found.relative_to(folder.parent))


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_an_archive_reads_like_its_folder(kit_folder: Path, tmp_path: Path, pack: Callable[[Path, Path], None]) -> None:
    pack(kit_folder, tmp_path / "kit.any")
    same(ict.read(tmp_path / "kit.any"), ict.read(kit_folder))


@pytest.mark.parametrize("inner", ["..", "FaceXModel"])
def test_folders_around_and_inside_read_the_same(kit_folder: Path, inner: str) -> None:
    same(ict.read((kit_folder / inner).resolve()), ict.read(kit_folder))


def same(one: FaceKit, other: FaceKit) -> None:
    for field in ("neutral", "faces", "displacements", "landmarks"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def rewrite(file: str, change: Callable[[str], str], kit: Path) -> None:
    path = kit / "FaceXModel" / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda kit: (kit / "FaceXModel" / "jawOpen.obj").unlink(), r"lacks ICT-FaceKit's jawOpen\.obj.*github\.com"),
        (lambda kit: shutil.rmtree(kit / "FaceXModel"), r"browDown_L\.obj.* and \d+ more"),
        (functools.partial(rewrite, "jawOpen.obj", lambda text: text[: len(text) // 2]), r"jawOpen\.obj"),
        (functools.partial(rewrite, "jawLeft.obj", lambda text: text.replace("v ", "v x", 1)), r"jawLeft\.obj"),
        (functools.partial(rewrite, "jawLeft.obj", lambda text: text.replace("\nv ", "\nv nan 1 ", 1)), "finite"),
        (functools.partial(rewrite, "jawRight.obj", lambda text: ""), r"jawRight\.obj has no vertices"),
        (
            functools.partial(rewrite, "generic_neutral_mesh.obj", lambda text: text.replace("9/3", "99999/3")),
            "faces refer to vertices that do not exist",
        ),
        (functools.partial(rewrite, "vertex_indices.json", lambda text: text.replace(", 67", "")), "68 vertices"),
        (functools.partial(rewrite, "vertex_indices.json", lambda text: text[:9]), "damaged"),
        (functools.partial(rewrite, "vertex_indices.json", lambda text: "[]"), "damaged"),
    ],
)
def test_what_is_wrong_is_said(copy: Path, damage: Callable[[Path], object], complaint: str) -> None:
    damage(copy)
    with pytest.raises(FacewireError, match=complaint):
        ict.read(copy)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\xfd7zXZ\x00\x00\x04broken"])
def test_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kit.tar.xz").write_bytes(content)
    with pytest.raises(FacewireError, match=r"kit\.tar\.xz is neither a folder nor a complete .*github\.com"):
        ict.read(tmp_path / "kit.tar.xz")
    with pytest.raises(FacewireError, match=r"cannot read ICT-FaceKit: .*nowhere"):
        ict.read(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def real() -> FaceKit:
    if not REAL.is_file():
        pytest.skip("no ICT-FaceKit in ../shared/data")
    return ict.read(REAL)


def moved(kit: FaceKit, shape: str, landmark: int) -> list[float]:
    vector: list[float] = kit.displacements[INDEX[shape], kit.landmarks[landmark]].tolist()
    return vector


CHIN, NOSE_TIP, LIP_LOWER = 8, 30, 57
LIDS = {"Right": (38, 40), "Left": (43, 47)}
CORNERS = {"Right": 48, "Left": 54}


def test_the_real_head_stands_upright_and_looks_ahead(real: FaceKit) -> None:
    marks = real.neutral[real.landmarks]
    assert marks[NOSE_TIP, 2] == marks[:, 2].max()
    assert marks[CHIN, 1] == marks[:, 1].min()
    assert marks[CORNERS["Left"], 0] > 2 > -2 > marks[CORNERS["Right"], 0]


def test_real_shapes_move_what_their_name_says(real: FaceKit) -> None:
    assert moved(real, "jawOpen", CHIN)[1] < -2
    assert abs(moved(real, "jawOpen", NOSE_TIP)[1]) < 0.1
    assert moved(real, "jawLeft", CHIN)[0] > 0.3
    assert moved(real, "mouthRight", LIP_LOWER)[0] < -0.5
    assert moved(real, "jawForward", CHIN)[2] > 0.5
    for side, (upper, lower) in LIDS.items():
        height = real.neutral[real.landmarks[upper], 1] - real.neutral[real.landmarks[lower], 1]
        closing = moved(real, f"eyeBlink{side}", upper)[1] - moved(real, f"eyeBlink{side}", lower)[1]
        assert closing == pytest.approx(-height, rel=0.2)
        assert moved(real, f"eyeLookDown{side}", upper)[1] < -0.2 < 0.1 < moved(real, f"eyeLookUp{side}", upper)[1]
        assert moved(real, f"mouthSmile{side}", CORNERS[side])[1] > 0.5
        assert abs(moved(real, f"mouthSmile{side}", CORNERS["Left" if side == "Right" else "Right"])[1]) < 0.2
    assert moved(real, "browInnerUp", 21)[1] > 0.2 < moved(real, "browInnerUp", 22)[1]
    cheek = np.abs(real.neutral - [4.5, -2.5, 8.5]).sum(axis=1).argmin()
    assert real.displacements[INDEX["cheekPuff"], cheek, 0] > 0.3


def test_real_left_and_right_mirror_each_other(real: FaceKit) -> None:
    flipped = real.landmarks[[*range(16, -1, -1), *range(26, 16, -1)]]
    own = real.landmarks[[*range(17), *range(17, 27)]]
    for left, right in PAIRS:
        mirrored = real.displacements[INDEX[right]][flipped] * np.array([-1, 1, 1], np.float32)
        np.testing.assert_allclose(real.displacements[INDEX[left]][own], mirrored, atol=0.02, err_msg=left)


def test_real_eyeballs_stay_and_upper_teeth_stay(real: FaceKit) -> None:
    for part in ("sclera_left", "sclera_right", "iris_left", "iris_right", "teeth_upper"):
        assert np.abs(real.displacements[:, PARTS[part]]).max() < 0.05, part


def test_the_tongue_comes_out_between_parted_lips(real: FaceKit) -> None:
    out = real.neutral + real.displacements[INDEX["tongueOut"]]
    tip = out[PARTS["tongue"]][real.neutral[PARTS["tongue"], 2].argmax()]
    upper, lower = (out[real.landmarks[landmark]] for landmark in (62, 66))
    assert tip[2] > max(upper[2], lower[2]) + 1
    assert upper[1] - lower[1] > 0.5
    passing = out[PARTS["tongue"]][np.abs(out[PARTS["tongue"], 2] - lower[2]) < 0.2]
    assert (passing[:, 1] < upper[1]).all()
    assert np.abs(real.displacements[INDEX["tongueOut"], PARTS["teeth_upper"]]).max() < 1e-3
