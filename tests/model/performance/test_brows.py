import numpy as np
import pytest

from model.performance import brows, curves
from model.performance.brows import Brows
from model.performance.chance import Dice
from model.performance.moment import Moment
from model.performance.mood import manner
from model.performance.phrases import Cue
from model.performance.prosody import silence
from model.performance.settings import Settings
from protocols.blendshapes import INDEX
from tests.model.performance.voice import perform, talking


def begun(cue: Cue, seed: int) -> list[curves.Row]:
    now = Moment(2.0, 1 / 30, Dice(seed, 60), cue, None, manner(Settings()))
    return brows.decide(Brows(), now)[1]


CUE = Cue(sounding=True, talking=1.0, quiet_s=0.0, arousal=0.0)
RAISE, FROWN = curves.TIMES + curves.PLACE["raise"], curves.TIMES + curves.PLACE["frown"]


def test_they_move_as_far_as_brows_do() -> None:
    weights = np.concatenate([perform(talking(30, 12), seed=seed)[0] for seed in range(3)])
    for name, least, most in (("browInnerUp", 0.03, 0.12), ("browOuterUpLeft", 0.02, 0.1), ("browDownLeft", 0.02, 0.1)):
        assert least < weights[:, INDEX[name]].std() < most
    resting, _ = perform(silence(1, 3000))
    assert resting[:, INDEX["browInnerUp"]].max() < 0.2


def test_some_accents_raise_them_or_draw_them_together() -> None:
    rows = [row for seed in range(400) for row in begun(CUE._replace(accent=1.0), seed)]
    assert len(rows) / 400 == pytest.approx(brows.ON_ACCENT, abs=0.08)
    frowns = np.array([row[FROWN] > 0 for row in rows])
    assert frowns.mean() == pytest.approx(brows.FROWNS, abs=0.1)
    assert all((row[RAISE] > 0) != (row[FROWN] > 0) for row in rows)
    assert not begun(CUE, 1)


def test_questions_raise_them_longer() -> None:
    asked = CUE._replace(sounding=False, quiet_s=0.2, phrase_ended_s=1.0, question=True)
    rows = [begun(asked, seed)[0] for seed in range(50)]
    assert np.median([row[RAISE] for row in rows]) > 1.5 * brows.RAISE
    assert min(row[2] for row in rows) > 0.4


def test_the_outer_ones_go_along_and_eyes_widen() -> None:
    weights, _ = perform(talking(30, 4), Settings(gaze=0, blinks=0))
    inner, outer = weights[:, INDEX["browInnerUp"]], weights[:, INDEX["browOuterUpRight"]]
    assert np.corrcoef(inner, outer)[0, 1] > 0.95
    assert np.corrcoef(inner, weights[:, INDEX["eyeWideLeft"]])[0, 1] > 0.95


def test_their_strength_scales_them() -> None:
    full, none = (perform(talking(), Settings(brows=k))[0][:, INDEX["browInnerUp"]] for k in (1.0, 0.0))
    assert full.max() > 0.05
    assert not none.any()
