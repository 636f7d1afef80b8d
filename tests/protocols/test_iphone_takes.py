"""Units and signs, held against takes that the Live Link Face app recorded. They are not part of the project."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from protocols import livelink_csv, pose
from protocols.blendshapes import INDEX
from protocols.takes import read, write

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "iphone_rom"


@pytest.fixture(scope="module", params=["alex_rom_3", "alex_rom_4"])
def path(request):
    found = FOLDER / f"{request.param}.csv"
    if not found.is_file():
        pytest.skip(f"no take of an iPhone at {found}")
    return found


def test_eyes_turn_as_their_look_shapes_say(path):
    take = read(path)
    number = dict(zip(pose.POSE_NAMES, take.poses.T, strict=True))

    def shape(name):
        return take.weights[:, INDEX[name]]

    for side, outwards in (("left", -1), ("right", 1)):
        out = shape(f"eyeLookOut{side.title()}") - shape(f"eyeLookIn{side.title()}")
        up = shape(f"eyeLookUp{side.title()}") - shape(f"eyeLookDown{side.title()}")
        for turned, looked, degrees in (
            (number[f"{side}_eye_yaw"], outwards * out, 34.4),  # to the right is positive: inwards for the left eye
            (number[f"{side}_eye_pitch"], -up, 31.5),
        ):
            assert np.corrcoef(turned, looked)[0, 1] > 0.97
            assert np.polyfit(looked, turned, 1)[0] == pytest.approx(degrees, rel=0.05)
    assert not take.poses[:, pose.HEAD].any()  # this app did not write it


def test_the_sign_of_roll_is_that_of_their_eyes(path):
    """An eye does not twist about its line of sight: with the right sign of roll, gaze up and aside has no torsion."""
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for side in ("Left", "Right"):
        angles = np.array([[float(row[f"{side}Eye{angle}"]) for angle in ("Yaw", "Pitch", "Roll")] for row in rows])
        poses = pose.from_livelink(np.pad(angles, ((0, 0), (0, 6))))  # as if they were a head's
        yaw, pitch, roll = poses[:, :3].T
        torsion = [
            Rotation.from_euler("YXZ", np.stack([-yaw, pitch, sign * roll], axis=1), degrees=True).as_euler("XYZ")[:, 2]
            for sign in (1, -1)
        ]
        ours, other = np.sqrt(np.square(torsion).mean(axis=1))
        assert ours < 0.005
        assert other > 5 * ours


def test_what_is_written_is_what_the_app_wrote(path, tmp_path):
    take = read(path)
    write(tmp_path / "again.csv", take)
    again = read(tmp_path / "again.csv")
    np.testing.assert_allclose(again.weights, take.weights, atol=1e-6)
    np.testing.assert_allclose(again.poses, take.poses, atol=1e-4)
    theirs = path.read_text(encoding="utf-8-sig").splitlines()[0]
    ours = (tmp_path / "again.csv").read_text(encoding="utf-8").splitlines()[0]
    assert ours.casefold() == theirs.casefold()
    assert ours.split(",")[54:] == list(livelink_csv.ANGLES)
