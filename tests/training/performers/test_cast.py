"""Performers are as different as they are said to be, and what was planted can be read off a face again."""

from dataclasses import replace

import numpy as np
import pytest

from protocols import blendshapes
from training.datasets.clips import Clip
from training.performers import habits
from training.performers.cast import AMOUNTS, FACTORS, Habits, Performer, cast, gains, performed

FPS = 25
PLAIN = Habits(jaw=1, lips=1, brows=1, eyes=1, left_to_right=1, brow_raise=0, brow_with_jaw=0, late_ms=0)
JAW, SMILE, OTHER = (blendshapes.INDEX[name] for name in ("jawOpen", "mouthSmileLeft", "mouthSmileRight"))
INNER, OUTER = blendshapes.INDEX["browInnerUp"], blendshapes.INDEX["browOuterUpLeft"]


def clip(seconds: float = 12, seed: int = 0) -> Clip:
    """A face each of whose shapes moves slowly away from a rest of .05, brows less; one was not captured."""
    draw, frames = np.random.default_rng(seed), int(seconds * FPS)
    smooth = np.apply_along_axis(np.convolve, 0, draw.standard_normal((frames, 52)), np.hanning(13) / 4, "same")
    far = np.where(np.isin(np.arange(52), blendshapes.REGIONS["brows"]), 0.03, 0.15)
    curves = (0.05 + far * np.abs(smooth)).astype(np.float32)
    confidence = np.ones(52, np.float32)
    confidence[blendshapes.INDEX["tongueOut"]] = 0
    pcm = np.zeros(int(seconds * 16_000), np.int16)
    return Clip("a", "nina", pcm, curves, np.ones(frames, bool), FPS, confidence, 0.0)


REST = np.full(52, 0.05, np.float32)


def test_everyone_has_another_degree_of_each_habit_and_the_seed_decides_whose() -> None:
    five = cast(5, 0)
    assert five == cast(5, 0)
    assert five != cast(5, 1)
    assert [one.name for one in five] == [f"performer_{n}" for n in range(1, 6)]
    for name, (least, most) in (FACTORS | AMOUNTS).items():
        values = sorted(getattr(one.habits, name) for one in five)
        assert (values[0], values[-1]) == (least, most)
        steps = np.diff(np.log(values) if name in FACTORS else values)
        np.testing.assert_allclose(steps, steps.mean(), atol=2e-3)
    assert len({one.pitch for one in five}) == len({one.formants for one in five}) == 5


def test_a_face_without_habits_stays_as_it_is() -> None:
    plain = clip()
    curves, seen = performed(plain, REST, PLAIN)
    np.testing.assert_allclose(curves, plain.curves, atol=1e-6)
    assert seen.all()


def test_each_habit_does_what_it_says_and_rest_stays_rest() -> None:
    plain = clip()
    mine = replace(PLAIN, jaw=1.4, lips=0.7, left_to_right=1.21, brow_raise=0.1, brow_with_jaw=0.5)
    curves, _ = performed(plain, REST, mine)
    away = plain.curves - REST
    np.testing.assert_allclose(curves[:, JAW] - 0.05, 1.4 * away[:, JAW], atol=1e-5)
    np.testing.assert_allclose(curves[:, SMILE] - 0.05, 0.77 * away[:, SMILE], atol=1e-5)
    np.testing.assert_allclose(curves[:, OTHER] - 0.05, 0.7 / 1.1 * away[:, OTHER], atol=1e-5)
    np.testing.assert_allclose(curves[:, OUTER] - 0.15, 1.1 * away[:, OUTER], atol=1e-5)
    np.testing.assert_allclose(curves[:, INNER] - 0.15, away[:, INNER] + 0.7 * away[:, JAW], atol=1e-5)
    tongue = blendshapes.INDEX["tongueOut"]
    np.testing.assert_array_equal(curves[:, tongue], plain.curves[:, tongue])
    resting = replace(plain, curves=np.tile(REST, (50, 1)))
    raised, _ = performed(resting, REST, mine)
    np.testing.assert_allclose(raised[:, JAW], 0.05, atol=1e-6)
    np.testing.assert_allclose(raised[:, INNER], 0.15, atol=1e-6)


def test_jaw_and_mouthclose_go_together_and_nothing_leaves_its_range() -> None:
    factors = gains(replace(PLAIN, jaw=1.5))
    assert factors[JAW] == factors[blendshapes.INDEX["mouthClose"]] == 1.5
    curves, _ = performed(replace(clip(), curves=np.ones((50, 52), np.float32)), REST, replace(PLAIN, lips=1.5))
    assert curves.max() == 1


def test_late_curves_come_later_and_a_recordings_own_lag_is_taken_out() -> None:
    plain = clip()
    late, _ = performed(plain, REST, replace(PLAIN, late_ms=2000 / FPS))
    np.testing.assert_allclose(late[2:], plain.curves[:-2], atol=1e-4)
    straight, _ = performed(replace(plain, offset_s=2 / FPS), REST, PLAIN)
    np.testing.assert_allclose(straight[:-2], plain.curves[2:], atol=1e-4)


def test_what_was_planted_is_read_off_the_faces() -> None:
    five = {one.name: one for one in cast(5, 3)}
    faces = {name: [_face(one, seed) for seed in range(3)] for name, one in five.items()}
    planted = habits.planted({name: one.habits for name, one in five.items()})
    found = habits.read(faces | {"again": faces["performer_2"]}, list(five), FPS)
    assert found["again"] == found["performer_2"]
    for name in planted["performer_1"]:
        correlation, slope = habits.correlation(planted, found, name)
        assert correlation > 0.95, name
        assert 0.8 < slope < 1.25, name
    swapped = {name: found[other] for name, other in zip(five, [*list(five)[1:], "performer_1"], strict=True)}
    assert abs(habits.correlation(planted, swapped, "late_ms")[0]) < 0.9


def _face(one: Performer, seed: int) -> np.ndarray:
    return performed(clip(seconds=20, seed=seed), REST, one.habits)[0]


def test_a_habit_that_nobody_has_has_no_correlation() -> None:
    same = {"a": {"jaw": 0.0}, "b": {"jaw": 0.0}}
    assert habits.correlation({"a": {"jaw": -1.0}, "b": {"jaw": 1.0}}, same, "jaw") == (pytest.approx(0), 0)
