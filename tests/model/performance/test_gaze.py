import numpy as np
import pytest

from model.performance import gaze, performance, phrases
from model.performance.couplings import LOOK_PITCH_DEG, LOOK_YAW_DEG, VERGENCE_DEG
from model.performance.prosody import silence
from model.performance.settings import Settings
from protocols.blendshapes import INDEX
from tests.model.performance.voice import perform, talking

TALK = talking(30, 40)
REST = silence(1, 30 * 600)


def in_space(pose: np.ndarray) -> np.ndarray:
    """Where the eyes look (n, 2): eyes in the head and the head's own turn."""
    return (pose[:, 6:8] + pose[:, 8:10]) / 2 + pose[:, :2]


def away(pose: np.ndarray) -> np.ndarray:
    return np.hypot(*in_space(pose).T) > 3.2


def test_talking_looks_away_more_often_and_longer_than_listening() -> None:
    speaking, resting = (away(perform(heard, seed=4)[1]) for heard in (TALK, REST))
    assert 0.08 < speaking.mean() < 0.3
    assert 0.01 < resting.mean() < 0.12
    for looks, least, most in ((speaking, 0.5, 1.6), (resting, 0.3, 0.8)):
        edges = np.flatnonzero(np.diff(looks.astype(int)))
        lengths = np.diff(edges)[:: 1 if not looks[0] else 2][::2] / 30
        assert least < lengths.mean() < most


def test_sizes_and_directions_are_those_of_eyes_alive() -> None:
    size, right, down = [], [], []
    for seed in range(6):
        pose = perform(TALK, Settings(head=0), seed=seed)[1]
        looks = away(pose)
        starts = np.flatnonzero(np.diff(looks.astype(int)) == 1) + 4
        at = in_space(pose)[starts[starts < len(pose)]]
        size += np.hypot(*at.T).tolist()
        right += at[:, 0].tolist()
        down += at[:, 1].tolist()
    assert 5 < np.mean(size) < 11
    assert np.max(size) < gaze.MOST_TALKING_DEG + 1
    assert 0.35 < np.mean(np.array(right) > 0) < 0.65
    assert 0.35 < np.mean(np.array(down) > 0) < 0.7


def test_eyes_hold_what_they_look_at_while_the_head_moves() -> None:
    pose = perform(TALK, Settings(head=1.0))[1]
    held = ~away(pose)
    assert pose[held, :2].std(0).min() > 2
    assert in_space(pose)[held].std(0).max() < 1.3
    together = np.corrcoef(pose[held, 0], pose[held, 6])[0, 1]
    assert together < -0.9


def test_eyes_go_first_and_the_head_follows() -> None:
    wanted = Settings(look_at=(25.0, 0.0), liveliness=0.0, listening=0, blinks=0)
    state = performance.start([1], 60, [Settings(liveliness=0.0, listening=0, blinks=0)])
    state, *_ = performance.step(state, silence(1, 60), [Settings(liveliness=0.0, listening=0, blinks=0)])
    _, _, pose = performance.step(state, silence(1, 120), [wanted])
    eyes, head = pose[0, :, 6] - VERGENCE_DEG, pose[0, :, 0]
    assert np.abs(in_space(pose[0])[12:, 0] - 25).max() < 3
    assert np.flatnonzero(eyes > 12)[0] < np.flatnonzero(head > 1.0)[0]
    assert head[-1] == pytest.approx(0.6 * 25, abs=2)
    assert eyes[-1] == pytest.approx(0.4 * 25, abs=3)


def test_saccades_last_as_long_as_eyes_take() -> None:
    assert gaze.saccade(gaze.Shift(10.0, 0.0, None), 1.0)[:2] == pytest.approx((1.0, 0.025 + 0.024))


def test_shapes_and_rotations_tell_the_same() -> None:
    weights, pose = perform(TALK)
    for side, eye, outward in (("Left", 6, -1), ("Right", 8, 1)):
        out = weights[:, INDEX[f"eyeLookOut{side}"]] - weights[:, INDEX[f"eyeLookIn{side}"]]
        down = weights[:, INDEX[f"eyeLookDown{side}"]] - weights[:, INDEX[f"eyeLookUp{side}"]]
        np.testing.assert_allclose(out * LOOK_YAW_DEG * outward, pose[:, eye], atol=1e-4)
        np.testing.assert_allclose(down * LOOK_PITCH_DEG, pose[:, eye + 1], atol=1e-4)
    inward = (pose[:, 6] - pose[:, 8]) / 2
    np.testing.assert_allclose(inward, VERGENCE_DEG, atol=1e-4)  # the left eye turns to its own right


def test_eyes_answer_when_somebody_begins_to_speak() -> None:
    voice, settings, answered = talking(), [Settings()], []
    begun = int(np.flatnonzero(voice.loudness_db[0] > phrases.LOUD_DB)[0]) + 2
    for seed in range(40):
        state = performance.start([seed], 30, settings)
        state, _, before = performance.step(state, silence(1, 240), settings, None, silence(1, 240))
        if away(before[0])[-1] or seed < 20:
            _, _, pose = performance.step(state, silence(1, 60), settings, None, voice.frames(0, 60))
            answered.append(not away(pose[0])[begun + 6 : begun + 30].any())
    assert len(answered) > 5
    assert all(answered)


def test_gaze_can_be_turned_off() -> None:
    weights, pose = perform(TALK, Settings(gaze=0))
    assert not pose[:, 6:].any()
    assert not weights[:, [i for name, i in INDEX.items() if name.startswith("eyeLook")]].any()
