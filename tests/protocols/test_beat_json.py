import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from protocols.blendshapes import BEAT, COUNT, INDEX
from protocols.errors import FacewireError
from protocols.pose import POSE_NAMES
from protocols.takes import Take, read, write
from tests.protocols.faces import carried, moving, posed

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def test_golden_json_is_beats_layout(tmp_path):
    weights = np.zeros((2, COUNT), np.float32)
    weights[1, INDEX["jawOpen"]], weights[1, INDEX["tongueOut"]] = 0.5, 1
    write(tmp_path / "take.json", Take(weights, Fraction(60), posed(head_yaw=12.5, head_z=-0.25)))
    take = json.loads((tmp_path / "take.json").read_text(encoding="utf-8"))
    assert take["fps"] == 60
    assert take["names"] == list(BEAT)
    assert take["pose_names"] == list(POSE_NAMES)
    pose = [12.5, 0.0, 0.0, 0.0, 0.0, -0.25, 0.0, 0.0, 0.0, 0.0]
    jaw = [0.0] * 24 + [0.5] + [0.0] * 26
    assert take["frames"][1] == {"weights": jaw, "time": 0.016667, "rotation": [], "pose": pose}
    # What BEAT's own loader makes of it: frames by their place in the list, values by position.
    assert np.array([frame["weights"] for frame in take["frames"]]).shape == (2, 51)


@pytest.mark.parametrize("fps", [24, 25, 30, Fraction(30000, 1001), Fraction(60000, 1001), 100])
def test_beats_rate_is_60(tmp_path, fps):
    take = moving(150, fps)
    write(tmp_path / "take.json", take)
    again = read(tmp_path / "take.json")
    assert again.fps == 60
    assert len(again.weights) == math.ceil(150 * 60 / Fraction(fps))
    weights, poses = carried(take, ".json")
    at = np.minimum(np.arange(len(again.weights)) * float(fps) / 60, 149)
    below, share = at.astype(int), (at % 1)[:, None]
    above = np.minimum(below + 1, 149)
    np.testing.assert_allclose(again.weights, weights[below] * (1 - share) + weights[above] * share, atol=1e-5)
    np.testing.assert_allclose(again.poses, poses[below] * (1 - share) + poses[above] * share, atol=1e-4)


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
