"""Whose habits a face has: by hand, and through the model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.model.tiny import tiny_model
from tests.training.people import person
from training.datasets.clips import Clip
from training.judge import habits
from training.judge.habits import RECORDED, Likeness, compared, likenesses
from training.judge.report import write_habits


def face(amplitude: float, mean: float, seed: int = 0) -> np.ndarray:
    return (mean + amplitude * np.random.default_rng(seed).standard_normal((200, 52))).astype(np.float32)


def test_a_face_is_nearest_to_whom_it_moves_and_rests_like() -> None:
    real = {"calm": [face(0.02, 0.1)], "lively": [face(0.2, 0.5)]}
    made = {
        (RECORDED, "calm"): real["calm"],
        (RECORDED, "lively"): real["lively"],
        ("calm", "lively"): [face(0.022, 0.11, 1)],
        ("lively", "calm"): [face(0.18, 0.48, 2)],
        ("taken", "over"): [face(0.2, 0.5, 3)],
    }
    found = {(each.identity, each.sound): each for each in compared(made, real, range(10))}
    assert [each.nearest for each in found.values()] == ["calm", "lively", "calm", "lively", "lively"]
    apart = found[RECORDED, "calm"].distances
    assert apart["calm"] == 0
    # log .2 / .02 in half of the habits, .4 / root of the mean of .02^2 and .2^2 in the other
    assert apart["lively"] == pytest.approx(np.sqrt((np.log(10) ** 2 + (0.4 / 0.1421) ** 2) / 2), rel=0.1)
    assert found["calm", "lively"].distances["calm"] < 0.2
    assert {of for of, each in found.items() if each.heeded is not None} == set()  # beside what, is not known


def test_an_identity_is_heeded_as_far_as_it_changes_the_face_of_the_same_sound() -> None:
    real = {"calm": [face(0.02, 0.1)], "lively": [face(0.2, 0.5)]}
    made = {
        ("calm", "calm"): [face(0.03, 0.12, 1)],
        ("calm", "lively"): [face(0.1, 0.3, 2)],
        ("lively", "lively"): [face(0.1, 0.3, 2)],
        ("lively", "calm"): [face(0.3, 0.52, 3)],
    }
    heeded = {(each.identity, each.sound): each.heeded for each in compared(made, real, range(10))}
    assert heeded["calm", "calm"] is heeded["lively", "lively"] is None
    assert heeded["calm", "lively"] == pytest.approx(0, abs=1e-6)  # the sound alone decides
    assert heeded["lively", "calm"] == pytest.approx(1, abs=0.1)  # ten times the motion, .4 higher, as the two people


def test_shapes_that_hardly_move_do_not_count_by_their_noise() -> None:
    real = {"calm": [face(1e-5, 0.1)], "lively": [face(1e-3, 0.1)]}
    assert compared({(RECORDED, "calm"): real["calm"]}, real, [3])[0].distances["lively"] == pytest.approx(0, abs=0.02)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("habits"), "alma", "train", clips=3)


def test_each_identity_is_heard_on_its_own_sound_and_on_the_next_ones(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [replace(clip, identity="bruno", pcm=clip.pcm[:16_000]) for clip in clips[:1]]
    strangers = [replace(clip, identity="nobody") for clip in clips]
    asked = []

    def made(model: object, told: list[Clip], *, seed: int, lookahead_ms: int) -> list[np.ndarray]:
        asked.append((told[0].identity, len(told)))
        level = 0.2 if told[0].identity == "alma" else 0.7
        return [face(0.1, level)[: len(clip) * 30 // 16_000] for clip in told]

    monkeypatch.setattr(habits, "animate", made)
    found = likenesses(tiny_model(), [clips[:2], others, strangers], [clips, others, strangers], 160)
    assert asked == [("alma", 2), ("alma", 1), ("bruno", 1), ("bruno", 2)]
    assert [(each.identity, each.sound) for each in found] == [
        ("alma", "alma"), ("alma", "bruno"), (RECORDED, "alma"),
        ("bruno", "bruno"), ("bruno", "alma"), (RECORDED, "bruno"),
    ]  # fmt: skip
    recorded = {each.sound: each.distances for each in found if each.identity == RECORDED}
    assert recorded["alma"]["alma"] > 0  # two recordings do not have the habits of all three
    assert likenesses(tiny_model(), [clips, strangers], [clips, strangers], 160) == []


def test_the_table_names_whose_habits_each_face_has(tmp_path: Path) -> None:
    text = write_habits(tmp_path, [Likeness("alma", "bruno", {"alma": 0.25, "bruno": 0.5}, 0.75)])
    assert text.splitlines()[0] == "| identity | sound of | to alma's habits | to bruno's habits | nearest | heeded |"
    assert text.splitlines()[2] == "| alma | bruno | 0.250 | 0.500 | alma | 0.750 |"
    assert (tmp_path / "habits.md").read_text(encoding="utf-8") == text
    (told,) = json.loads((tmp_path / "habits.json").read_text(encoding="utf-8"))
    assert told == {
        "identity": "alma",
        "sound": "bruno",
        "distances": {"alma": 0.25, "bruno": 0.5},
        "nearest": "alma",
        "heeded": 0.75,
    }
