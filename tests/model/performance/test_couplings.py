import numpy as np

from model.performance import couplings
from protocols.blendshapes import INDEX
from tests.model.performance.voice import perform, talking


def test_sides_are_where_the_names_say() -> None:
    for name in ("eyeBlink", "browDown", "mouthSmile", "cheekSquint", "eyeLookOut"):
        places = np.arange(52)[couplings.SIDES[name]].tolist()
        assert places == [INDEX[f"{name}Left"], INDEX[f"{name}Right"]]


def test_eyes_look_where_they_turn() -> None:
    weights = np.zeros(52)
    couplings.looks(weights, np.array([10.0, -5.0, 10.0, -5.0]))  # to the own right, and up
    shown = {name for name, place in INDEX.items() if weights[place] > 0}
    assert shown == {"eyeLookInLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"}
    assert weights[INDEX["eyeLookOutRight"]] == 10 / couplings.LOOK_YAW_DEG


def test_cheeks_and_nose_go_with_the_mouth_on_each_side() -> None:
    heard = talking()
    still = np.zeros((heard.shape[1], 52), np.float32)
    moved = still.copy()
    moved[:, INDEX["mouthSmileLeft"]] = 0.9
    moved[:, INDEX["mouthUpperUpRight"]] = 0.8
    plain, made = (perform(heard, mouth=mouth)[0] for mouth in (still, moved))
    gained = np.median(made - plain, 0)
    assert gained[INDEX["cheekSquintLeft"]] > 0.05
    assert gained[INDEX["noseSneerRight"]] > 0.3
    assert gained[INDEX["cheekSquintRight"]] > 0.15
    assert gained[INDEX["eyeSquintRight"]] > 0.1
    assert gained[INDEX["noseSneerLeft"]] < 0.01


def test_lids_have_nothing_to_do_with_the_jaw() -> None:
    heard = talking(30, 6)
    mouth = np.zeros((heard.shape[1], 52), np.float32)
    mouth[:, INDEX["jawOpen"]] = np.clip((heard.loudness_db[0] + 30) / 60, 0, 1)
    weights, _ = perform(heard, mouth=mouth)
    assert abs(np.corrcoef(weights[:, INDEX["eyeBlinkLeft"]], mouth[:, INDEX["jawOpen"]])[0, 1]) < 0.1


def test_an_open_eye_closes_wholly() -> None:
    weights = np.zeros((3, 52))
    weights[:, INDEX["eyeWideLeft"]] = 0.6
    weights[:, INDEX["eyeBlinkLeft"]] = 0.3
    couplings.lids(weights, np.array([[0.0], [0.5], [1.0]]))
    np.testing.assert_allclose(weights[:, INDEX["eyeBlinkLeft"]], [0.3, 0.65, 1.0])
    np.testing.assert_allclose(weights[:, INDEX["eyeWideLeft"]], [0.6, 0.3, 0.0])
