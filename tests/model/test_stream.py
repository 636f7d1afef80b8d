"""The streaming law: however the sound is cut, batched, interrupted or resumed, the face is the same."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model import stream
from model.face import FaceModel, frame_weights
from model.windows import Windower, WindowSpec
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model

TOLERANCE = 1e-5
SECONDS = 2
SOUND = (np.random.default_rng(0).standard_normal(SECONDS * 16_000) * 0.2).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return tiny_model()


@pytest.fixture(scope="module")
def whole(model: FaceModel) -> np.ndarray:
    return stream.render(model, SOUND, seed=5, identity="bruno")


def windows_of(sound: np.ndarray, state: stream.StreamState) -> torch.Tensor:
    windower, windows = Windower.at(state.window).push(sound)
    return torch.from_numpy(np.concatenate([windows, windower.flush()]))[None]


def test_render_counts_frames_inside_the_recording_and_moves(whole: np.ndarray) -> None:
    assert whole.shape == (SECONDS * 30, 52)
    assert whole.min() >= 0
    assert whole.max() <= 1
    assert whole.std(axis=0).mean() > 1e-3


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 9_000), max_size=10))
def test_any_cutting_of_the_stream_gives_the_same_face(cuts: list[int]) -> None:
    model = tiny_model()
    state = stream.start(model, seeds=[5], identities=["bruno"])
    windower = Windower.at(state.window)
    faces = []
    for piece in np.split(SOUND, np.cumsum(cuts)):
        windower, windows = windower.push(piece)
        for window in windows:
            state, face = stream.step(model, state, torch.from_numpy(window)[None, None])
            faces.append(face[0])
    for window in windower.flush():
        state, face = stream.step(model, state, torch.from_numpy(window)[None, None])
        faces.append(face[0])
    got = torch.cat(faces).numpy()[: SECONDS * 30]
    whole = stream.render(model, SOUND, seed=5, identity="bruno")
    np.testing.assert_allclose(got, whole, rtol=0, atol=TOLERANCE)


def test_sessions_in_a_batch_equal_sessions_alone(model: FaceModel) -> None:
    sounds = [SOUND, SOUND[::-1].copy(), SOUND * 0.1]
    seeds, names = [1, 2, 3], ["alma", "bruno", None]
    state = stream.start(model, seeds=seeds, identities=names)
    _, together = stream.step(model, state, torch.cat([windows_of(sound, state) for sound in sounds]))
    for face, sound, seed, name in zip(together, sounds, seeds, names, strict=True):
        alone = stream.render(model, sound, seed=seed, identity=name)
        np.testing.assert_allclose(face.numpy(), alone, rtol=0, atol=TOLERANCE)


def test_a_state_saved_and_restored_goes_on_identically(model: FaceModel) -> None:
    state = stream.start(model, seeds=[5], identities=["bruno"])
    windows = windows_of(SOUND, state)
    state, _ = stream.step(model, state, windows[:, :7])
    saved = stream.dump(state)
    _, wanted = stream.step(model, state, windows[:, 7:])
    _, again = stream.step(model, state, windows[:, 7:])
    restored = stream.restore(saved)
    _, resumed = stream.step(model, restored, windows[:, 7:])
    assert torch.equal(wanted, again)
    assert torch.equal(wanted, resumed)


def test_a_jump_keeps_absolute_time_and_forgets_the_past(model: FaceModel) -> None:
    state = stream.start(model, seeds=[5], identities=[None])
    windows = windows_of(SOUND, state)
    moved, _ = stream.step(model, state, windows[:, :4])
    jumped = stream.jump(moved, 9)
    assert jumped.next_hops == (9,)
    _, fresh = stream.step(model, jumped, windows[:, 9:10])
    _, other = stream.step(model, stream.jump(state, 9), windows[:, 9:10])
    assert torch.equal(fresh, other)


@pytest.mark.parametrize("lookahead_ms", [0, 40, 80, 160, 240])
def test_every_lookahead_of_the_dial_renders(model: FaceModel, lookahead_ms: int) -> None:
    face = stream.render(model, SOUND[:8_000], lookahead_ms=lookahead_ms)
    assert face.shape == (15, 52)


def test_lips_are_decided_by_the_sound_and_the_rest_by_the_seed(model: FaceModel) -> None:
    state = stream.start(model, seeds=[1], identities=[None])
    assert state.noise_scale[17] == 0  # jawOpen
    assert state.noise_scale[0] == pytest.approx(0.85)  # eyeBlinkLeft
    one, two = (stream.render(model, SOUND, seed=seed) for seed in (1, 2))
    assert np.abs(one - two).max() > 1e-3


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (533, 1), (534, 2), (16_000, 30)])
def test_short_recordings(model: FaceModel, samples: int, frames: int) -> None:
    assert stream.render(model, SOUND[:samples]).shape == (frames, 52)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, -1.0])
def test_no_sound_makes_a_face_that_is_not_a_face(model: FaceModel, value: float) -> None:
    face = stream.render(model, np.full(4_000, value, np.float32))
    assert np.isfinite(face).all()
    assert face.min() >= 0
    assert face.max() <= 1


def test_unknown_identity_and_lookahead_list_the_known_ones(model: FaceModel) -> None:
    with pytest.raises(FacewireError, match="alma, bruno"):
        stream.start(model, seeds=[0], identities=["carla"])
    with pytest.raises(FacewireError, match="0, 40, 80, 160, 240"):
        stream.start(model, seeds=[0], identities=[None], lookahead_ms=100)


def test_features_reach_frames_on_absolute_time() -> None:
    weights = frame_weights(WindowSpec(right_ms=80), 30)
    centres_ms = 20 * (torch.arange(10) - 1) + 12.5
    torch.testing.assert_close(weights @ centres_ms, torch.tensor([0.0, 100 / 3, 200 / 3]), atol=1e-4, rtol=0)
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    assert frame_weights(WindowSpec(right_ms=0), 60).shape == (6, 6)


def test_features_reach_ahead_as_far_as_the_dial_and_no_further(model: FaceModel) -> None:
    windows = {
        look: windows_of(SOUND, stream.start(model, seeds=[0], identities=[None], lookahead_ms=look))
        for look in (80, 160)
    }
    features = model.features(windows[160], 160)[0]
    assert features.shape[1:] == (5, 16)  # at 0, 40, 80, 160 and 240 ms
    assert features[:, :4].abs().amin((0, 2)).min() > 0
    assert not features[:, 4].any()
    # What is heard 160 ms ahead of a frame is what the last features of its own window tell of that time.
    window = model.config.window(160)
    with torch.inference_mode():
        encoded = model.encoder.encode(windows[160][0])
    centres_ms = 20 * torch.arange(window.features) + 12.5 - window.left_ms
    share = (1 - (centres_ms - (200 / 3 + 160)).abs() / 20).clamp(min=0)
    expected = ((share @ encoded) - model.audio_mean) / model.audio_std
    torch.testing.assert_close(features[2::3, 3], expected, atol=1e-5, rtol=1e-5)
    assert not model.features(windows[80], 80)[0][:, 3:].any()


def test_another_identity_comes_gradually_and_at_the_same_frames_however_the_stream_is_cut(model: FaceModel) -> None:
    state = stream.start(model, seeds=[5], identities=["alma"])
    windows = windows_of(SOUND, state)
    state, _ = stream.step(model, state, windows[:, :7])
    turned = stream.turn(model, state, identities=["bruno"])
    _, together = stream.step(model, turned, windows[:, 7:])
    faces, state = [], turned
    for hop in range(7, windows.shape[1]):
        state, face = stream.step(model, state, windows[:, hop : hop + 1])
        faces.append(face)
    np.testing.assert_allclose(torch.cat(faces, 1).numpy(), together.numpy(), rtol=0, atol=TOLERANCE)
    assert state.fading == 0
    assert torch.equal(state.identity, stream.start(model, seeds=[5], identities=["bruno"]).identity)
    _, before = stream.step(model, stream.turn(model, turned, identities=["alma"]), windows[:, 7:8])
    _, first = stream.step(model, turned, windows[:, 7:8])
    at_once = stream.start(model, seeds=[5], identities=["bruno"])
    _, jumped = stream.step(
        model, stream.replace(turned, identity=at_once.identity, towards=at_once.identity, fading=0), windows[:, 7:8]
    )
    assert 0 < (first - before).abs().max() < (jumped - before).abs().max()


def test_settings_turn_in_the_middle_of_a_stream_and_strangers_are_refused(model: FaceModel) -> None:
    state = stream.start(model, seeds=[5], identities=[None])
    turned = stream.turn(model, state, identities=[None], lookahead_ms=0, liveliness=0.5)
    assert turned.fading == 0
    assert turned.window.right_ms == 0
    assert turned.noise_scale[0] == 0.5
    with pytest.raises(FacewireError, match="alma, bruno"):
        stream.turn(model, state, identities=["carla"])
    with pytest.raises(FacewireError, match="0, 40, 80"):
        stream.turn(model, state, identities=[None], lookahead_ms=7)


def test_the_match_hears_loud_hops_only_and_the_same_in_any_batch(model: FaceModel) -> None:
    state = stream.start(model, seeds=[5, 5], identities=[None, None])
    quiet = np.concatenate([SOUND[:16_000], SOUND[16_000:] * 1e-4])
    state, _ = stream.step(model, state, torch.cat([windows_of(SOUND, state), windows_of(quiet, state)]))
    assert state.voiced.tolist() == [60, 30]
    scores = stream.match(model, state)
    assert scores.shape == (2, 2)
    assert scores.abs().max() <= 1
    loud = stream.start(model, seeds=[5], identities=[None])
    for hop in windows_of(SOUND, loud)[0]:
        loud, _ = stream.step(model, loud, hop[None, None])
    torch.testing.assert_close(stream.match(model, loud)[0], scores[0], atol=1e-5, rtol=0)
