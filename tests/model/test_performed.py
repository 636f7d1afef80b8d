"""The performance inside the stream: who brings eyes and brows, what a gate holds back, and what others set off."""

import numpy as np
import pytest

from model import stream, stream_state
from model.animation import Animation
from model.performance.performance import PERFORMED
from model.performance.settings import Settings
from model.torch_runtime import TorchRuntime
from model.windower import Windows, windows_of
from model.windows import Samples
from protocols.blendshapes import INDEX
from protocols.pose import EYES
from tests.model.performance.voice import sound
from tests.model.tiny import tiny_runtime

TOLERANCE = 1e-5
SECONDS = 8
SPEECH = sound()[: SECONDS * 16_000]
SILENCE = np.zeros_like(SPEECH)
HAPPY = Settings(mood="happy", mood_intensity=1.0)
SMILE = INDEX["mouthSmileLeft"]


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    """A face that has learnt a mouth only."""
    return mouth_only()


def mouth_only(value: bool = True) -> TorchRuntime:
    tiny = tiny_runtime()
    tiny.model.config = tiny.config.model_copy(update={"mouth_only": value})
    return tiny


def both(made: Animation) -> np.ndarray:
    return np.concatenate([made.weights, made.poses], -1)


def stepped(runtime: TorchRuntime, hops: int, other: Samples | None = None, begin: Settings | None = None) -> Animation:
    """Hop after hop; with `begin` settings that are changed in the middle, and a state that is written down there."""
    state = stream.start(runtime, seeds=[3], identities=[None], performances=[begin or Settings()])
    windows = windows_of(state.window, SPEECH)
    others = None if other is None else windows_of(state.window, other).sound
    made = []
    for hop in range(0, len(windows), hops):
        some = slice(hop, hop + hops)
        heard = None if others is None else others[None, some]
        state, animation = stream.step(runtime, state, windows[some][None], others=heard)
        state = stream_state.restore(stream_state.dump(state))
        made.append(animation)
    return Animation(*(np.concatenate([getattr(each, name)[0] for each in made]) for name in ("weights", "poses")))


def test_a_face_with_a_mouth_only_gets_eyes_brows_and_head() -> None:
    learnt = stream.render(mouth_only(False), SPEECH, seed=3)
    performed = stream.render(mouth_only(True), SPEECH, seed=3)
    lips = [INDEX["jawOpen"], INDEX["mouthClose"], INDEX["mouthFunnel"]]
    np.testing.assert_array_equal(performed.weights[:, lips], learnt.weights[:, lips])
    assert np.median(performed.weights[:, INDEX["eyeBlinkLeft"]]) < 0.03
    assert performed.weights[:, INDEX["eyeBlinkLeft"]].max() > 0.5
    assert not np.array_equal(performed.weights[:, list(PERFORMED)], learnt.weights[:, list(PERFORMED)])
    assert performed.poses[:, :3].std(0).min() > 0.1
    assert not learnt.poses[:, EYES].any()  # its eyes are turned by their shapes
    np.testing.assert_array_equal(learnt.poses[:, :3], performed.poses[:, :3])


@pytest.mark.parametrize("hops", [1, 7])
def test_any_cut_and_any_pause_of_it_perform_the_same(runtime: TorchRuntime, hops: int) -> None:
    other = SPEECH[::-1].copy()
    whole = stream.render(runtime, SPEECH, seed=3, other=other)
    again = stepped(runtime, hops, other)
    np.testing.assert_allclose(both(again)[: len(whole.weights)], both(whole), rtol=0, atol=TOLERANCE)


def test_no_two_frames_are_alike_even_in_silence(runtime: TorchRuntime) -> None:
    quiet = both(stream.render(runtime, SILENCE, seed=3))
    assert (np.abs(np.diff(quiet, axis=0)).max(1) > 0).all()


def test_a_closed_gate_rests_the_mouth_and_leaves_the_mood(runtime: TorchRuntime) -> None:
    frames = len(windows_of(runtime.config.window(None), SPEECH)) * 3
    open_, closed = (
        stream.render(runtime, SPEECH, seed=3, performed=HAPPY, openness=np.full(frames, share, np.float32))
        for share in (1.0, 0.0)
    )
    assert not closed.weights[:, INDEX["jawOpen"]].any()
    assert not closed.weights[:, INDEX["mouthClose"]].any()
    assert open_.weights[:, INDEX["jawOpen"]].any()
    silent = stream.render(runtime, SILENCE, seed=3, performed=HAPPY, openness=np.zeros(frames, np.float32))
    assert closed.weights[-60:, SMILE].min() > 0.5
    acted = list(PERFORMED)  # what the gate holds back is not heard
    np.testing.assert_allclose(closed.weights[:, acted], silent.weights[:, acted], atol=TOLERANCE)
    np.testing.assert_allclose(closed.poses, silent.poses, atol=TOLERANCE)


def test_another_voice_is_answered_by_nods_and_does_not_move_the_mouth(runtime: TorchRuntime) -> None:
    alone = stream.render(runtime, SILENCE, seed=3)
    listening = stream.render(runtime, SILENCE, seed=3, other=SPEECH)
    np.testing.assert_array_equal(listening.weights[:, INDEX["jawOpen"]], alone.weights[:, INDEX["jawOpen"]])
    assert np.abs(listening.poses[:, 1] - alone.poses[:, 1]).max() > 1


def test_sessions_perform_each_their_own_settings(runtime: TorchRuntime) -> None:
    wanted = [Settings(head=0.0), HAPPY]
    state = stream.start(runtime, seeds=[3, 3], identities=[None, None], performances=wanted)
    windows = windows_of(state.window, SPEECH)
    _, made = stream.step(runtime, state, Windows.stack([windows, windows]))
    for row, each in enumerate(wanted):
        alone = stream.render(runtime, SPEECH, seed=3, performed=each)
        frames = len(alone.weights)
        np.testing.assert_allclose(made.weights[row, :frames], alone.weights, atol=TOLERANCE)
        np.testing.assert_allclose(made.poses[row, :frames], alone.poses, atol=TOLERANCE)
    assert not made.poses[0, :, :6].any()


def test_settings_change_at_the_next_hop_and_fade_in(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[3], identities=[None])
    windows = windows_of(state.window, SILENCE)[None]
    state, _ = stream.step(runtime, state, windows[:, :10])
    _, unchanged = stream.step(runtime, state, windows[:, 10:])
    state = stream.turn(runtime, state, identities=[None], performances=[HAPPY])
    _, after = stream.step(runtime, state, windows[:, 10:])
    smile = (after.weights - unchanged.weights)[0, :, SMILE]
    assert smile[0] < 0.1
    assert smile[-1] > 0.3
    assert np.abs(np.diff(smile)).max() < 0.1


def test_after_lost_sound_the_face_goes_on_from_where_it_was(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[3], identities=[None])
    windows = windows_of(state.window, SPEECH)[None]
    state, before = stream.step(runtime, state, windows[:, :20])
    _, after = stream.step(runtime, stream.jump(state, 25), windows[:, 25:])
    step_deg = np.abs(after.poses[0, 0, :3] - before.poses[0, -1, :3])
    assert step_deg.max() < 8  # half a second later
