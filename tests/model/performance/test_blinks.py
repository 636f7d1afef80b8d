import numpy as np
import pytest

from model.performance import blinks
from model.performance.prosody import silence
from model.performance.settings import Settings
from protocols.blendshapes import INDEX
from tests.model.performance.voice import perform, talking
from training.performance.measure import blinks_s, ks_distance

LEFT, RIGHT = INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]
MINUTES = 10
REST = silence(1, MINUTES * 60 * 30)


def per_minute(weights: np.ndarray, fps: int = 30) -> float:
    return len(blinks_s(weights[:, LEFT], fps)) / len(weights) * fps * 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_blinks_come_as_often_as_people_blink(seed: int) -> None:
    resting, speaking = perform(REST, seed=seed)[0], perform(talking(30, 24), seed=seed)[0]
    assert 10 < per_minute(resting) < 22
    assert 15 < per_minute(speaking) < 30
    gaps = np.diff(blinks_s(resting[:, LEFT], 30))
    assert ks_distance(gaps[gaps > blinks.LEAST_S], blinks.MEDIAN_REST_S, blinks.SIGMA) < 0.15
    assert gaps.min() > 0.25
    assert 0.01 < (gaps < 0.45).mean() < 0.16  # doubles


def test_lids_are_open_but_for_blinks() -> None:
    weights, _ = perform(talking(30, 12))
    assert np.median(weights[:, LEFT]) < 0.03
    assert (weights[:, LEFT] > 0.5).mean() < 0.08


def test_both_lids_close_together_fast_and_open_slowly() -> None:
    weights, _ = perform(silence(1, 300 * 240), Settings(gaze=0), fps=240)
    lid, other = weights[:, LEFT], weights[:, RIGHT]
    assert np.abs(lid - other).max() < 0.05
    closing, opening, depth = [], [], []
    for onset in (blinks_s(lid, 240) * 240).astype(int):
        around = lid[onset - 40 : onset + 120]
        if len(around) == 160 and around[:15].max() < 0.1 and np.diff(np.flatnonzero(around > 0.4)).max() == 1:
            top = int(around.argmax())
            depth.append(around[top])
            closing.append((top - np.flatnonzero(around[:top] < 0.02)[-1]) / 240)
            opening.append(np.flatnonzero(around[top:] < 0.05 * around[top])[0] / 240)
    assert len(closing) > 40
    assert 0.05 < np.median(closing) < 0.11
    assert 0.09 < np.median(opening) < 0.3
    assert np.median(opening) > np.median(closing)
    assert np.mean(np.array(depth) > 0.9) > 0.75
    assert np.min(depth) > 0.4


def test_speakers_blink_rather_at_the_ends_of_phrases() -> None:
    heard = talking(30, 40)
    weights, _ = perform(heard, Settings(gaze=0))
    loud = heard.loudness_db[0] > -25
    since = np.zeros(len(loud))
    for frame in range(1, len(loud)):
        since[frame] = 0 if loud[frame] else since[frame - 1] + 1 / 30
    pause = (since > 0.2) & (since < 0.7)
    at = (blinks_s(weights[:, LEFT], 30) * 30).astype(int)
    assert pause[at].mean() > 1.3 * pause.mean()


def test_the_strength_is_how_often() -> None:
    assert not perform(REST, Settings(blinks=0, gaze=0))[0][:, LEFT].any()
    half, twice = (per_minute(perform(REST, Settings(blinks=rate))[0]) for rate in (0.5, 2.0))
    assert half < 13
    assert twice > 25


def test_lids_follow_the_gaze_down_and_a_tired_face_droops() -> None:
    down, _ = perform(silence(1, 600), Settings(look_at=(0.0, 30.0), head=0, blinks=0))
    up, _ = perform(silence(1, 600), Settings(look_at=(0.0, -20.0), head=0, blinks=0))
    assert np.median(down[:, LEFT]) > 0.3
    assert np.median(up[:, LEFT]) == 0
    assert np.median(up[:, INDEX["eyeWideLeft"]]) > 0.1
    tired, _ = perform(silence(1, 600), Settings(mood="tired", blinks=0))
    assert 0.15 < np.median(tired[:, LEFT]) < 0.5
