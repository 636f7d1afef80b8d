import numpy as np
import pytest

from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from training.phones.spoken import Spoken, Timed
from training.phones.table import CLOSED
from training.talkers.animator import FPS, Animator
from training.talkers.manner import BY_RULE, FURTHEST, LIVELY, RULES, largest, lively


def test_fluent_speech_gets_a_lively_speakers_size(learnt: Animator, speech: list[Spoken]) -> None:
    before, after = largest(learnt, speech), largest(lively(learnt, speech), speech)
    for shape in ("jawOpen", "mouthPucker"):
        possible = before[INDEX[shape]] * FURTHEST
        assert after[INDEX[shape]] == pytest.approx(min(LIVELY[shape], possible), rel=0.15)


def test_closed_lips_stay_closed(learnt: Animator, speech: list[Spoken]) -> None:
    face = lively(learnt, speech)
    for said in speech:
        made = face(said, said.phones[-1].end // 320 + 1, FPS)
        gap = made[:, INDEX["jawOpen"]] - made[:, INDEX["mouthClose"]]
        middles = [
            round((each.begin + 0.35 * (each.end - each.begin)) / 320) for each in said.phones if each.phone in CLOSED
        ]
        assert middles
        assert gap[middles] == pytest.approx(np.zeros(len(middles)), abs=1e-5)
        assert made.min() >= 0
        assert made.max() <= 2 * max(LIVELY.values())


def test_shapes_that_nobody_captured_follow_the_phones(learnt: Animator, speech: list[Spoken]) -> None:
    said = Spoken("", "", "", (Timed("sh", 8000, 10_000), Timed("i", 10_000, 13_000), Timed("t", 16_000, 18_000)))
    made = lively(learnt, speech)(said, 60, FPS)
    sh, i, t = 28, 36, 53
    assert made[sh, INDEX["jawForward"]] == pytest.approx(RULES[0].size)
    assert made[i, INDEX["mouthDimpleLeft"]] == made[i, INDEX["mouthDimpleRight"]] == pytest.approx(RULES[1].size)
    assert made[t, INDEX["jawForward"]] == made[t, INDEX["mouthDimpleLeft"]] == 0


def test_rules_count_half_and_what_was_captured_as_before(learnt: Animator, speech: list[Spoken]) -> None:
    trust = lively(learnt, speech).confidence
    assert trust[INDEX["jawForward"]] == BY_RULE
    assert trust[INDEX["jawOpen"]] == 1
    assert trust[INDEX["browInnerUp"]] == trust[INDEX["mouthFunnel"]] == 0


def test_without_phones_there_are_no_sizes(learnt: Animator) -> None:
    with pytest.raises(FacewireError, match="nobody speaks in the first 2 recordings"):
        lively(learnt, [Spoken("", "", "", ())] * 2)
