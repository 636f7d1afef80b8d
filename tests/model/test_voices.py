"""Voice recognition: when it decides, when it may change, and that it does not depend on how the stream was cut."""

from dataclasses import replace

import numpy as np
import pytest

from model import speakers, stream, stream_state, voices
from model.torch_runtime import TorchRuntime
from model.voices import NOBODY, Heard, Projection
from model.windower import Windows, windows_of
from model.windows import Floats, Samples
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model, tiny_runtime

FLOOR = 0.5


def heard(seconds: float, whose: int, *, pause: int = 0) -> Heard:
    """Of one session that has been decided for."""
    return replace(
        voices.silence(1, 3), frames=np.array([seconds * 50], np.float32), pause=np.array([pause]),
        whose=np.array([whose]), decided=np.array([True]),
    )  # fmt: skip


def decided(before: Heard, *scores: float) -> int:
    return int(voices.decide(before, np.array([scores], np.float32), FLOOR).whose[0])


def plain(matrix: Floats) -> Projection:
    """One that standardises nothing and knows no others."""
    zeros = np.zeros(matrix.shape[1], np.float32)
    return Projection(zeros, zeros + 1, matrix, np.zeros((0, len(matrix)), np.float32))


def test_who_is_a_bit_like_many_is_nobody_in_particular() -> None:
    alone = plain(np.eye(4, dtype=np.float32))
    people = np.eye(2, 4, dtype=np.float32)
    mine, anyones = np.array([[0.8, 0.0, 0.6, 0.0], [0.8, 0.0, 0.0, 0.6]], np.float32)
    np.testing.assert_allclose(alone.likeness(mine, people), [0.8, -0.4], atol=1e-6)
    np.testing.assert_allclose(alone.likeness(mine, people[:1]), [0.8], atol=1e-6)
    np.testing.assert_allclose(alone.likeness(-mine, people), [-0.8, 0], atol=1e-6)
    crowd = replace(alone, others=np.array([[0, 0, 0, 1]] * 3 + [[0, 0, -1, 0]] * 5, np.float32))
    np.testing.assert_allclose(crowd.likeness(mine, people), [0.8, -0.4 / 3], atol=1e-6)
    np.testing.assert_allclose(crowd.likeness(anyones, people), [0.8 - 0.3, -1 / 3], atol=1e-6)
    both = crowd.likeness(np.stack([mine, anyones])[None], people)
    assert both.shape == (1, 2, 2)
    few = replace(alone, others=np.array([[0, 0, 0, 1]], np.float32))
    np.testing.assert_allclose(few.likeness(anyones, people), [0.8 - 0.15, -0.35], atol=1e-6)


def test_who_is_enrolled_twice_is_known_all_the_same() -> None:
    crowd = replace(plain(np.eye(8, dtype=np.float32)), others=np.eye(8, dtype=np.float32)[3:])
    anna = np.array([0.9, 0.3, 0.3, 0.1, 0, 0, 0, 0], np.float32)
    once, twice = np.eye(1, 8, dtype=np.float32), np.eye(2, 8, dtype=np.float32)
    twice[1, 0] = 0.8
    twice[1] /= np.linalg.norm(twice[1])
    assert crowd.likeness(anna, twice).max() > crowd.likeness(anna, once).max() - 0.17


def test_the_first_answer_comes_within_three_seconds_of_voice() -> None:
    nothing = replace(heard(2.4, NOBODY), decided=np.array([False]))
    assert decided(nothing, 0.9, 0.1) == NOBODY
    enough = replace(nothing, frames=np.array([voices.FIRST_S * 50], np.float32))
    assert decided(enough, 0.9, 0.1) == 0
    assert decided(enough, 0.1, 0.6) == 1
    assert decided(enough, 0.4, 0.3) == NOBODY
    assert voices.FIRST_S <= 3


def test_the_answer_changes_behind_an_utterance_only_and_for_a_better_one() -> None:
    assert decided(heard(5, 0), 0.6, 0.9) == 0
    assert decided(heard(5, 0, pause=voices.PAUSE_FEATURES), 0.6, 0.9) == 1
    assert decided(heard(5, 0, pause=voices.PAUSE_FEATURES + 1), 0.6, 0.9) == 0
    assert decided(heard(5, 0, pause=voices.PAUSE_FEATURES), 0.6, 0.6 + voices.MARGIN / 2) == 0
    assert decided(heard(5, 0, pause=voices.PAUSE_FEATURES), FLOOR - voices.MARGIN / 2, 0.1) == 0
    assert decided(heard(5, 0, pause=voices.PAUSE_FEATURES), FLOOR - 2 * voices.MARGIN, 0.1) == NOBODY
    assert decided(heard(5, NOBODY, pause=voices.PAUSE_FEATURES), FLOOR + voices.MARGIN / 2, 0.1) == NOBODY


def test_only_voice_is_remembered_and_not_for_ever() -> None:
    rng = np.random.default_rng(0)
    high, low = (centre + rng.standard_normal((400, 1, 5, 3)).astype(np.float32) for centre in (3, -3))
    state = voices.silence(1, 3)
    for hop in low[:100]:
        state = voices.remember(state, hop, np.array([True]))
    for hop in high[:50]:
        state = voices.remember(state, hop, np.array([False]))
    assert state.pause[0] == voices.PAUSE_FEATURES + 1
    assert state.frames[0] == pytest.approx(voices.MEMORY_S * 50)
    mean = plain(np.eye(1, 6, dtype=np.float32))
    assert voices.voices(state, mean)[0] < 0
    for hop in high:
        state = voices.remember(state, hop, np.array([True]))
    assert voices.voices(state, mean)[0] > 0


def test_what_was_heard_is_mean_and_deviation() -> None:
    features = np.random.default_rng(0).normal(2, 3, (40, 1, 5, 3)).astype(np.float32)
    state = voices.silence(1, 3)
    for hop in features:
        state = voices.remember(state, hop, np.array([True]))
    same = plain(np.eye(6, dtype=np.float32))
    pooled = voices.pooled(features.reshape(-1, 3))
    np.testing.assert_allclose(pooled[:3], features.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(voices.voices(state, same)[0], pooled / np.linalg.norm(pooled), atol=1e-4)


RNG = np.random.default_rng(0)
BRIGHT = (RNG.standard_normal(16_000 * 6) * 0.1).astype(np.float32)
DULL = np.convolve(BRIGHT, np.ones(24) / 5, "same").astype(np.float32)
SILENCE = np.zeros(16_000, np.float32)


@pytest.fixture(scope="module")
def taught() -> TorchRuntime:
    """A model that tells the two sounds apart: alma is dull, bruno is bright."""
    model = tiny_model()
    plain = TorchRuntime(model)
    spec = model.config.window()
    means = []
    for sound in (DULL, BRIGHT):
        spoken = plain.features(windows_of(spec, sound).sound[None], spec)[1]
        means.append(voices.pooled(spoken.reshape(-1, model.config.voice_width)))
    assert model.voice
    model.voice.mean.copy_(model.voice.mean.new_tensor((means[0] + means[1]) / 2))
    model.voice.matrix.zero_()
    model.voice.matrix[0] = model.voice.mean.new_tensor(means[1] - means[0])
    model.identities.voices.zero_()
    model.identities.voices[:, 0] = model.voice.mean.new_tensor([-1, 1])
    return TorchRuntime(model)


def followed(runtime: TorchRuntime, sound: Samples, together: int) -> tuple[list[str | None], np.ndarray]:
    """Whose voice it is after each step of so many hops, and the face."""
    state = stream.start(runtime, seeds=[3], identities=["auto"])
    windows, found, faces = windows_of(state.window, sound)[None], [], []
    for begin in range(0, windows.sound.shape[1], together):
        state, face = stream.step(runtime, state, windows[:, begin : begin + together])
        found += speakers.speaking(state)
        faces.append(face.weights[0])
    return found, np.concatenate(faces)


def test_a_voice_that_strangers_have_is_nobodys(taught: TorchRuntime) -> None:
    model = tiny_model()
    model.load_state_dict(taught.model.state_dict())
    assert model.voice
    assert model.config.voice
    model.config = model.config.model_copy(update={"voice": model.config.voice.model_copy(update={"floor": 0.6})})
    bright = TorchRuntime(taught.model).library.voices[1]
    model.voice.others = model.voice.mean.new_tensor(np.stack([bright] * 3))
    for sound, whose in ((BRIGHT, None), (DULL, "alma")):
        found, _ = followed(TorchRuntime(model), sound, 8)
        assert found[-1] == whose


def test_a_stream_follows_the_voice_and_not_within_an_utterance(taught: TorchRuntime) -> None:
    sound = np.concatenate([DULL[:80_000], BRIGHT, SILENCE, SILENCE, BRIGHT, SILENCE, SILENCE])
    found, face = followed(taught, sound, 1)
    assert found[10] is None
    assert found[30] == found[105] == "alma"
    assert found[-1] == "bruno"
    change = found.index("bruno")
    assert change >= 110 + voices.PAUSE_FEATURES // 5 - 2  # not before the pause
    _, together = followed(taught, sound, 8)
    np.testing.assert_allclose(face, together, rtol=0, atol=1e-5)


def test_the_face_is_that_of_whom_it_was_found_to_be_half_a_second_later(taught: TorchRuntime) -> None:
    _, auto = followed(taught, DULL, 1)
    named = stream.render(taught, DULL, seed=3, identity="alma").weights
    nobody = stream.render(taught, DULL, seed=3).weights
    np.testing.assert_allclose(auto[:60], nobody[:60], rtol=0, atol=1e-5)
    assert np.abs(auto[-15:] - named[-15:]).max() < 0.1 * np.abs(nobody[-15:] - named[-15:]).max()


def test_a_checkpoint_without_voices_cannot_follow_them() -> None:
    model = tiny_model()
    model.config = model.config.model_copy(update={"voice": None})
    model.voice = None
    with pytest.raises(FacewireError, match="cannot tell voices apart"):
        stream.start(TorchRuntime(model), seeds=[0], identities=["auto"])


def test_a_saved_state_goes_on_hearing(taught: TorchRuntime) -> None:
    state = stream.start(taught, seeds=[3, 4], identities=["auto", "bruno"], strength=1.5)
    windows = Windows.stack([windows_of(state.window, sound) for sound in (DULL, BRIGHT)])
    state, _ = stream.step(taught, state, windows[:, :31])
    again = stream_state.restore(stream_state.dump(state))
    assert speakers.speaking(again) == ["alma", "bruno"]
    one, other = (stream.step(taught, each, windows[:, 31:])[1].weights for each in (state, again))
    np.testing.assert_array_equal(one, other)


def test_the_match_hears_loud_hops_only_and_the_same_in_any_batch() -> None:
    runtime = tiny_runtime()
    sound = BRIGHT[:32_000]
    quiet = np.concatenate([sound[:16_000], sound[16_000:] * 1e-3])
    state = stream.start(runtime, seeds=[5, 5], identities=[None, None])
    windows = Windows.stack([windows_of(state.window, each) for each in (sound, quiet)])
    state, _ = stream.step(runtime, state, windows)
    assert state.heard.frames.tolist() == [100, 50]
    scores = speakers.match(runtime, state)
    assert scores.shape == (2, 2)
    assert np.abs(scores).max() <= 1
    loud = stream.start(runtime, seeds=[5], identities=[None])
    for hop in windows[0]:
        loud, _ = stream.step(runtime, loud, hop[None, None])
    np.testing.assert_allclose(speakers.match(runtime, loud)[0], scores[0], atol=1e-5)
