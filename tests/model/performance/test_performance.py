"""The law: however frames are cut, batched, interrupted or resumed, a performance is the same to the last bit."""

import timeit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from model.performance import performance
from model.performance.performance import PERFORMED, combine
from model.performance.prosody import Prosody, listen, silence
from model.performance.settings import MOODS, Settings
from model.performance.state import State
from model.windower import windows_of
from protocols.blendshapes import INDEX, LIPS_27
from tests.model.performance.voice import SPEC, batched, hear, perform, sound, talking

MOUTH = np.random.default_rng(0).random((4000, 52), dtype=np.float32) * 0.4
HAPPY = Settings(mood="happy", liveliness=1.4, look_at=(8.0, 3.0))


def pieces(state: State, heard: Prosody, wanted: list[Settings], cuts: list[int], mouth: np.ndarray):
    weights, pose = [], []
    for begin, end in zip([0, *cuts], [*cuts, heard.shape[1]], strict=True):
        state, w, p = performance.step(state, heard.frames(begin, end), wanted, mouth[:, begin:end])
        weights.append(w)
        pose.append(p)
    return np.concatenate(weights, 1), np.concatenate(pose, 1)


@settings(max_examples=20)
@given(
    cuts=st.lists(st.integers(1, 390), max_size=12).map(sorted),
    fps=st.sampled_from([30, 50, 60]),
    mood=st.sampled_from(MOODS),
    seed=st.integers(0, 2**63),
)
def test_any_cut_gives_the_same_to_the_last_bit(cuts: list[int], fps: int, mood: str, seed: int) -> None:
    heard, wanted = talking(fps), [Settings(mood=mood, mood_intensity=1.0)]
    mouth = MOUTH[None, : heard.shape[1]]
    state = performance.start([seed], fps, wanted)
    _, weights, pose = performance.step(state, heard, wanted, mouth)
    cut_weights, cut_pose = pieces(state, heard, wanted, cuts, mouth)
    assert np.array_equal(weights, cut_weights)
    assert np.array_equal(pose, cut_pose)


def test_frame_by_frame_and_hop_by_hop_are_the_same_over_minutes() -> None:
    heard, wanted = talking(30, 6), [Settings(mood="auto")]
    mouth = MOUTH[None, : heard.shape[1]]
    state = performance.start([5], 30, wanted)
    _, weights, pose = performance.step(state, heard, wanted, mouth)
    for hop in (1, 3):
        some = pieces(state, heard, wanted, list(range(hop, heard.shape[1], hop)), mouth)
        assert np.array_equal(weights, some[0])
        assert np.array_equal(pose, some[1])


def test_neighbours_do_not_matter() -> None:
    voice = talking()
    voices = [voice, silence(1, voice.shape[1]), hear(sound()[::-1].copy())]
    wanted = [Settings(), HAPPY, Settings(mood="tired", blinks=2, head=0.3)]
    mouth = np.stack([MOUTH[k : k + voice.shape[1]] for k in (0, 50, 99)])
    state = performance.start([1, 2, 2**64 - 1], 30, wanted)
    _, weights, pose = performance.step(state, batched(*voices), wanted, mouth)
    for row, (heard, each, seed) in enumerate(zip(voices, wanted, [1, 2, 2**64 - 1], strict=True)):
        alone = performance.start([seed], 30, [each])
        _, w, p = performance.step(alone, heard, [each], mouth[row : row + 1])
        assert np.array_equal(weights[row], w[0])
        assert np.array_equal(pose[row], p[0])


def test_a_state_is_written_down_and_goes_on() -> None:
    heard, wanted = talking(), [HAPPY]
    state = performance.start([7], 30, wanted)
    for begin, end in ((0, 0), (0, 200)):
        state, *_ = performance.step(state, heard.frames(begin, end), wanted)
        arrays = {k: np.ascontiguousarray(v) for k, v in vars(state).items() if k != "fps"}
        restored = State(fps=state.fps, **load(save(arrays)))
        for one, other in zip(
            performance.step(state, heard.frames(end, 390), wanted)[1:],
            performance.step(restored, heard.frames(end, 390), wanted)[1:],
            strict=True,
        ):
            assert np.array_equal(one, other)


def test_settings_turn_in_the_middle_without_a_jump_and_the_same_under_any_cut() -> None:
    heard, before, after = talking(), [Settings()], [Settings(mood="sad", head=0.0, brows=2.0, gaze=0.5)]
    state, weights, pose = performance.step(performance.start([3], 30, before), heard.frames(0, 100), before)
    _, later, moved = performance.step(state, heard.frames(100, 300), after)
    cut = pieces(state, heard.frames(100, 300), after, [1, 2, 17], np.zeros((1, 200, 52), np.float32))
    assert np.array_equal(later, cut[0])
    assert np.array_equal(moved, cut[1])
    assert later[0, 60:, INDEX["browInnerUp"]].min() > 0.3
    assert not moved[0, 60:, :6].any()
    assert np.abs(np.diff(np.concatenate([pose, moved], 1)[0, :, :3], axis=0)).max() * 30 < 200
    assert np.abs(later[0, 0] - weights[0, -1])[INDEX["browInnerUp"]] < 0.1


def test_a_jump_goes_on_with_the_same_face() -> None:
    heard, wanted = talking(), [Settings()]
    state, _, pose = performance.step(performance.start([3], 30, wanted), heard.frames(0, 150), wanted)
    _, _, after = performance.step(performance.jump(state, [151]), heard.frames(200, 210), wanted)
    assert np.abs(after[0, 0, :3] - pose[0, -1, :3]).max() < 3


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["loud", "silent", "clicks", "tone", "rumble"]),
    mood=st.sampled_from(MOODS),
)
def test_whatever_is_heard_the_face_is_a_face(seed: int, kind: str, mood: str) -> None:
    rng = np.random.default_rng(seed)
    at = np.arange(48_000) / 16_000
    samples = {
        "loud": rng.uniform(-1, 1, len(at)),
        "silent": np.zeros(len(at)),
        "clicks": (rng.random(len(at)) < 1e-3).astype(float),
        "tone": np.sin(2 * np.pi * rng.uniform(20, 4000) * at),
        "rumble": 0.5 + 0.5 * np.sin(2 * np.pi * 3 * at),
    }[kind].astype(np.float32)
    heard = hear(samples)
    assert all(np.isfinite(values).all() for values in vars(heard).values())
    weights, pose = perform(heard, Settings(mood=mood, mood_intensity=1.0, head=2, gaze=2, brows=2), seed=seed)
    assert np.isfinite(weights).all()
    assert np.isfinite(pose).all()
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert np.abs(pose[:, :3]).max() <= 30


@pytest.mark.parametrize("heard", [talking(), silence(1, 900)], ids=["talking", "silence"])
@pytest.mark.parametrize("liveliness", [0.0, 1.0])
def test_never_frozen_and_never_two_frames_alike(heard: Prosody, liveliness: float) -> None:
    weights, pose = perform(heard, Settings(liveliness=liveliness))
    both = np.concatenate([weights, pose], 1)
    assert len(np.unique(both, axis=0)) == len(both)


def test_another_seed_is_another_performance_and_an_absolute_frame_another_moment() -> None:
    one, two = perform(talking(), seed=1)[1], perform(talking(), seed=2)[1]
    assert np.abs(one - two).max() > 1
    wanted = [Settings()]
    later = performance.start([1], 30, wanted, first_frames=[1000])
    assert np.abs(performance.step(later, talking(), wanted)[2][0] - one).max() > 1


def test_everything_off_is_off() -> None:
    off = Settings(blinks=0, gaze=0, head=0, brows=0, listening=0)
    weights, pose = perform(talking(), off)
    assert not pose.any()
    moving = np.flatnonzero(weights.max(0) > 0.05)
    assert not len(moving)


def test_a_mood_does_not_move_what_closes_the_lips() -> None:
    heard = talking()
    mouth = MOUTH[: heard.shape[1]]
    closing = [i for name, i in INDEX.items() if name.startswith(("jaw", "mouthClose", "mouthPress", "mouthRoll"))]
    for mood in MOODS:
        weights, _ = perform(heard, Settings(mood=mood, mood_intensity=1.0), mouth=mouth)
        face = combine(mouth, weights)
        assert np.array_equal(face[:, closing], mouth[:, closing])
        if mood not in ("neutral", "auto", "surprised"):
            assert np.abs(face - mouth)[:, list(LIPS_27)].max() > 0.05
    neutral, _ = perform(heard, mouth=mouth)
    assert np.array_equal(combine(mouth, neutral)[:, list(LIPS_27)], mouth[:, list(LIPS_27)])


def test_combined_the_performance_has_the_upper_face_or_as_much_as_it_is_given() -> None:
    weights, _ = perform(talking(), mouth=MOUTH[: talking().shape[1]])
    mouth = MOUTH[: len(weights)]
    face = combine(mouth, weights)
    assert np.array_equal(face[:, PERFORMED], weights[:, PERFORMED])
    others = [i for i in range(52) if i not in PERFORMED]
    assert np.array_equal(face[:, others], mouth[:, others])
    own = combine(mouth, weights, performed=[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]])
    assert np.array_equal(own[:, INDEX["eyeBlinkLeft"]], weights[:, INDEX["eyeBlinkLeft"]])


def test_frame_rates_agree_on_what_happens_on_average() -> None:
    deviations = [perform(talking(fps, 8), fps=fps)[1][:, :3].std(0) for fps in (30, 60)]
    np.testing.assert_allclose(deviations[0], deviations[1], rtol=0.5)


def test_cost(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints what a hop of 100 ms costs; it should be half a millisecond at most."""
    heard, wanted = talking(), [Settings()]
    state, *_ = performance.step(performance.start([1], 30, wanted), heard.frames(0, 150), wanted)
    one = heard.frames(150, 153)
    step_s = min(timeit.repeat(lambda: performance.step(state, one, wanted), number=50, repeat=5)) / 50
    windows = windows_of(SPEC, sound()).sound[None, 20:21]
    hear_s = min(timeit.repeat(lambda: listen(SPEC, windows, 30), number=50, repeat=5)) / 50
    with capsys.disabled():
        print(f"\nperformance: {1e3 * step_s:.2f} ms per 100 ms, and to hear {1e3 * hear_s:.2f} ms")
