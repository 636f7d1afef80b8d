"""The streaming law: the face does not depend on how the sound is cut, batched, interrupted or resumed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model import stream, stream_state
from model.animation import Animation
from model.frames import frame_weights
from model.stream_state import StreamState
from model.torch_runtime import TorchRuntime
from model.windower import Windower, Windows
from model.windows import WindowSpec
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.model.tiny import tiny_runtime

TOLERANCE = 1e-5
SECONDS = 2
SOUND = (np.random.default_rng(0).standard_normal(SECONDS * 16_000) * 0.2).astype(np.float32)


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    return tiny_runtime()


@pytest.fixture(scope="module")
def whole(runtime: TorchRuntime) -> np.ndarray:
    return stream.render(runtime, SOUND, seed=5, identity="bruno").weights


def numbers(*animations: Animation) -> np.ndarray:
    """Weights and poses (…, T, 62) of pieces that follow each other."""
    return np.concatenate([np.concatenate([each.weights, each.poses], -1) for each in animations], -2)


def windows_of(sound: np.ndarray, state: StreamState) -> Windows:
    windower, windows = Windower.at(state.window).push(sound)
    return Windows.joined([windows, windower.flush()])[None]


def test_render_counts_frames_inside_the_recording_and_moves(whole: np.ndarray) -> None:
    assert whole.shape == (SECONDS * 30, 52)
    assert whole.min() >= 0
    assert whole.max() <= 1
    assert whole.std(axis=0).mean() > 1e-3
    assert stream.render(tiny_runtime(), SOUND).poses.shape == (SECONDS * 30, 10)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 9_000), max_size=10))
def test_any_cutting_of_the_stream_gives_the_same_face(cuts: list[int]) -> None:
    runtime = tiny_runtime()
    state = stream.start(runtime, seeds=[5], identities=["bruno"])
    windower = Windower.at(state.window)
    faces = []
    for piece in np.split(SOUND, np.cumsum(cuts)):
        windower, windows = windower.push(piece)
        for window in windows:
            state, face = stream.step(runtime, state, window[None, None])
            faces.append(face)
    for window in windower.flush():
        state, face = stream.step(runtime, state, window[None, None])
        faces.append(face)
    whole = numbers(stream.render(runtime, SOUND, seed=5, identity="bruno"))
    np.testing.assert_allclose(numbers(*faces)[0, : SECONDS * 30], whole, rtol=0, atol=TOLERANCE)


def test_sessions_in_a_batch_equal_sessions_alone(runtime: TorchRuntime) -> None:
    sounds = [SOUND, SOUND[::-1].copy(), SOUND * 0.1]
    seeds, names = [1, 2, 3], ["alma", "bruno", None]
    state = stream.start(runtime, seeds=seeds, identities=names)
    _, together = stream.step(runtime, state, Windows.joined([windows_of(sound, state) for sound in sounds]))
    for face, sound, seed, name in zip(numbers(together), sounds, seeds, names, strict=True):
        alone = numbers(stream.render(runtime, sound, seed=seed, identity=name))
        np.testing.assert_allclose(face, alone, rtol=0, atol=TOLERANCE)


def test_a_state_saved_and_restored_goes_on_identically(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[5], identities=["bruno"])
    windows = windows_of(SOUND, state)
    state, _ = stream.step(runtime, state, windows[:, :7])
    saved = stream_state.dump(state)
    _, wanted = stream.step(runtime, state, windows[:, 7:])
    _, again = stream.step(runtime, state, windows[:, 7:])
    restored = stream_state.restore(saved)
    _, resumed = stream.step(runtime, restored, windows[:, 7:])
    assert np.array_equal(numbers(wanted), numbers(again))
    assert np.array_equal(numbers(wanted), numbers(resumed))


def test_a_jump_keeps_absolute_time_and_the_mouth_forgets_the_past(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[5], identities=[None])
    windows = windows_of(SOUND, state)
    moved, _ = stream.step(runtime, state, windows[:, :4])
    jumped = stream.jump(moved, 9)
    assert jumped.next_hops == (9,)
    _, fresh = stream.step(runtime, jumped, windows[:, 9:10])
    same_voice = replace(stream.jump(state, 9), effort=moved.effort)
    _, other = stream.step(runtime, same_voice, windows[:, 9:10])
    assert np.array_equal(fresh.weights, other.weights)  # the head goes on from where it was


@pytest.mark.parametrize("lookahead_ms", [0, 40, 80, 160, 240])
def test_every_lookahead_of_the_dial_renders(runtime: TorchRuntime, lookahead_ms: int) -> None:
    face = stream.render(runtime, SOUND[:8_000], lookahead_ms=lookahead_ms).weights
    assert face.shape == (15, 52)


def test_lips_are_decided_by_the_sound_and_the_rest_by_the_seed(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[1], identities=[None])
    assert state.noise_scale[17] == 0  # jawOpen
    assert state.noise_scale[0] == pytest.approx(0.75)  # eyeBlinkLeft
    one, two = (stream.render(runtime, SOUND, seed=seed).weights for seed in (1, 2))
    assert np.abs(one - two).max() > 1e-3


def test_both_eyes_start_from_the_same_noise(runtime: TorchRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    denoise = TorchRuntime.denoise
    monkeypatch.setattr(
        TorchRuntime, "denoise", lambda self, noise, *rest: (seen.append(noise), denoise(self, noise, *rest))[1]
    )
    stream.render(runtime, SOUND)
    noise = np.concatenate(seen, 1)[0]
    for left, right in (("eyeBlinkLeft", "eyeBlinkRight"), ("eyeLookInLeft", "eyeLookOutRight")):
        np.testing.assert_array_equal(noise[:, INDEX[left]], noise[:, INDEX[right]])
        assert noise[:, INDEX[left]].std() > 0.1


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (533, 1), (534, 2), (16_000, 30)])
def test_short_recordings(runtime: TorchRuntime, samples: int, frames: int) -> None:
    assert stream.render(runtime, SOUND[:samples]).weights.shape == (frames, 52)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, -1.0])
def test_no_sound_makes_a_face_that_is_not_a_face(runtime: TorchRuntime, value: float) -> None:
    face = stream.render(runtime, np.full(4_000, value, np.float32)).weights
    assert np.isfinite(face).all()
    assert face.min() >= 0
    assert face.max() <= 1


def test_unknown_identity_and_lookahead_list_the_known_ones(runtime: TorchRuntime) -> None:
    with pytest.raises(FacewireError, match="alma, bruno"):
        stream.start(runtime, seeds=[0], identities=["carla"])
    with pytest.raises(FacewireError, match="0, 40, 80, 160, 240"):
        stream.start(runtime, seeds=[0], identities=[None], lookahead_ms=100)


def test_features_reach_frames_on_absolute_time() -> None:
    weights = frame_weights(WindowSpec(right_ms=80), 30)
    centres_ms = 20 * (np.arange(10) - 1) + 12.5
    np.testing.assert_allclose(weights @ centres_ms, [0, 100 / 3, 200 / 3], atol=1e-4)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    assert frame_weights(WindowSpec(right_ms=0), 60).shape == (6, 6)


def test_features_reach_ahead_as_far_as_the_dial_and_no_further(runtime: TorchRuntime) -> None:
    windows = {
        look: windows_of(SOUND, stream.start(runtime, seeds=[0], identities=[None], lookahead_ms=look))
        for look in (80, 160)
    }
    features = runtime.features(windows[160].sound, runtime.config.window(160))[0][0]
    assert features.shape[1:] == (5, 16)  # at 0, 40, 80, 160 and 240 ms
    assert np.abs(features[:, :4]).min((0, 2)).min() > 0
    assert not features[:, 4].any()
    # What is heard 160 ms ahead of a frame is what the last features of its own window tell of that time.
    window, model = runtime.config.window(160), runtime.model
    with torch.inference_mode():
        encoded = model.encoder.encode(torch.from_numpy(windows[160].sound[0])).numpy()
    centres_ms = 20 * np.arange(window.features) + 12.5 - window.left_ms
    share = np.maximum(1 - np.abs(centres_ms - (200 / 3 + 160)) / 20, 0)
    expected = (share @ encoded - model.audio_mean.numpy()) / model.audio_std.numpy()
    np.testing.assert_allclose(features[2::3, 3], expected, atol=1e-5, rtol=1e-5)
    assert not runtime.features(windows[80].sound, runtime.config.window(80))[0][0][:, 3:].any()


def test_another_identity_comes_gradually_and_at_the_same_frames_however_the_stream_is_cut(
    runtime: TorchRuntime,
) -> None:
    state = stream.start(runtime, seeds=[5], identities=["alma"])
    windows = windows_of(SOUND, state)
    state, _ = stream.step(runtime, state, windows[:, :7])
    turned = stream.turn(runtime, state, identities=["bruno"])
    _, together = stream.step(runtime, turned, windows[:, 7:])
    faces, state = [], turned
    for hop in range(7, windows.sound.shape[1]):
        state, face = stream.step(runtime, state, windows[:, hop : hop + 1])
        faces.append(face)
    np.testing.assert_allclose(numbers(*faces), numbers(together), rtol=0, atol=TOLERANCE)
    assert state.fading == [0]
    assert np.array_equal(state.style, stream.start(runtime, seeds=[5], identities=["bruno"]).style)
    _, before = stream.step(runtime, stream.turn(runtime, turned, identities=["alma"]), windows[:, 7:8])
    _, first = stream.step(runtime, turned, windows[:, 7:8])
    at_once = stream.start(runtime, seeds=[5], identities=["bruno"])
    _, jumped = stream.step(
        runtime, stream.replace(turned, style=at_once.style, fading=np.zeros(1, np.int64)), windows[:, 7:8]
    )
    assert 0 < np.abs(first.weights - before.weights).max() < np.abs(jumped.weights - before.weights).max()


def test_articulation_turns_jaw_and_mouth_in_the_middle_of_a_stream(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[5], identities=["bruno"], liveliness=0)
    windows = windows_of(SOUND, state)
    state, _ = stream.step(runtime, state, windows[:, :6])
    _, plain = stream.step(runtime, state, windows[:, 6:9])
    for articulation in (0.5, 1.3):
        turned = stream.turn(runtime, state, identities=["bruno"], liveliness=0, articulation=articulation)
        assert turned.fading == [0]
        _, made = stream.step(runtime, turned, windows[:, 6:9])
        assert runtime.detector is not None
        scale, offset = np.split(state.style[0, -104:], 2)
        rest = np.clip(runtime.detector.rest * scale + offset, 0, 1)
        wanted = plain.weights.copy()
        mouth = list(stream.MOUTH)
        wanted[..., mouth] = np.clip(rest[mouth] + articulation * (plain.weights - rest)[..., mouth], 0, 1)
        np.testing.assert_allclose(made.weights, wanted, atol=1e-5)
        assert np.abs(made.weights - plain.weights).max() > 0.05


def test_settings_turn_in_the_middle_of_a_stream_and_strangers_are_refused(runtime: TorchRuntime) -> None:
    state = stream.start(runtime, seeds=[5], identities=[None])
    turned = stream.turn(runtime, state, identities=[None], lookahead_ms=0, liveliness=0.5)
    assert turned.fading == [0]
    assert turned.window.right_ms == 0
    assert turned.noise_scale[0] == 0.5
    with pytest.raises(FacewireError, match="alma, bruno"):
        stream.turn(runtime, state, identities=["carla"])
    with pytest.raises(FacewireError, match="0, 40, 80"):
        stream.turn(runtime, state, identities=[None], lookahead_ms=7)
