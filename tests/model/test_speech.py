from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model import stream, stream_state
from model.onnx_export import export
from model.speech import SURE, SpeechDetector, follow
from model.torch_runtime import TorchRuntime
from model.windower import windows_of
from model.windows import Floats
from protocols import blendshapes
from tests.model.tiny import tiny_model

FPS = 30
LIPS = list(blendshapes.LIPS_27)
SOUND = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32) * np.linspace(0, 1, 20_000, dtype=np.float32)


def detector(bias: float) -> SpeechDetector:
    """One that finds everything as probable as a bias (log-odds) says."""
    nothing = np.zeros((4, 6), np.float32), np.zeros(4, np.float32), np.zeros((1, 4), np.float32)
    return SpeechDetector(*nothing, np.array([bias], np.float32), np.full(52, 0.2, np.float32))


def test_what_is_surely_speech_moves_the_lips_and_what_is_not_leaves_them_at_rest() -> None:
    audio = np.zeros((2, 30, 2, 3), np.float32)
    face = np.random.default_rng(0).random((2, 30, 52), np.float32)
    for bias, lips in ((20.0, face), (-20.0, np.full_like(face, 0.2))):
        told = detector(bias)
        shares, _ = follow(told.probability(audio), np.zeros(2, np.float32), FPS)
        made = told.still(face, shares)
        np.testing.assert_allclose(made[..., LIPS], lips[..., LIPS], atol=1e-6)
        others = np.setdiff1d(np.arange(52), LIPS)
        np.testing.assert_array_equal(made[..., others], face[..., others])


def test_lips_start_with_speech_and_stop_within_a_second() -> None:
    probability = np.array([[0.0] * 5 + [1.0] * 3 + [0.0] * 40], np.float32)
    shares = follow(probability, np.zeros(1, np.float32), FPS)[0][0]
    assert (shares[:5] == 0).all()
    assert (shares[5:8] == 1).all()  # at once: a first word is not swallowed
    assert (shares[8:22] == 1).all()  # nor is what is hard to hear in the midst of one
    assert (np.diff(shares[8:]) <= 0).all()
    assert np.abs(np.diff(shares[8:])).max() < 0.2  # and nothing stops with a jerk
    np.testing.assert_allclose(shares[8 + FPS :], 0, atol=1e-5)


@given(arrays(np.float32, (2, 24), elements=st.floats(0, 1, width=32)), st.integers(1, 23))
def test_however_it_is_cut_it_is_the_same(probability: Floats, cut: int) -> None:
    heard = np.zeros(2, np.float32)
    whole, end = follow(probability, heard, FPS)
    first, between = follow(probability[:, :cut], heard, FPS)
    second, last = follow(probability[:, cut:], between, FPS)
    np.testing.assert_array_equal(np.concatenate([first, second], 1), whole)
    np.testing.assert_array_equal(last, end)
    assert ((whole >= 0) & (whole <= 1)).all()
    assert (whole >= np.minimum(probability / SURE, 1)).all()


def test_a_stream_rests_its_lips_where_there_is_no_speech() -> None:
    model = tiny_model()
    assert model.speech
    model.speech.outer.weight.zero_()
    faces = []
    for bias in (50.0, -50.0):
        model.speech.outer.bias.fill_(bias)
        faces.append(stream.render(TorchRuntime(model), SOUND, identity="alma").weights)
    lively, still = faces
    assert lively[:, LIPS].std(0).max() > 1e-3
    assert still[:, LIPS].std(0).max() < 1e-6
    others = np.setdiff1d(np.arange(52), LIPS)
    np.testing.assert_array_equal(still[:, others], lively[:, others])
    model.speech.outer.bias.fill_(50.0)
    untaught = tiny_model()
    plain = type(untaught)(untaught.config.model_copy(update={"speech_width": 0}), untaught.encoder).eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("speech.")})
    assert TorchRuntime(plain).detector is None
    np.testing.assert_array_equal(stream.render(TorchRuntime(plain), SOUND, identity="alma").weights, lively)


def test_it_is_remembered_from_hop_to_hop_and_in_a_dump() -> None:
    runtime = TorchRuntime(tiny_model())
    state = stream.start(runtime, seeds=[0], identities=["alma"])
    windows = windows_of(state.window, SOUND)[None]
    state, _ = stream.step(runtime, state, windows[:, :6])
    assert state.speech[0] > 0
    np.testing.assert_array_equal(stream_state.restore(stream_state.dump(state)).speech, state.speech)
    assert stream.jump(state, 9).speech[0] == 0


def test_both_runtimes_tell_speech_alike(tmp_path: Path) -> None:
    model = tiny_model()
    exported = export(model, tmp_path)[0]
    one, other = exported.detector, TorchRuntime(model).detector
    assert one
    assert other
    for name in ("inner", "inner_bias", "outer", "outer_bias", "rest"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    spec = model.config.window()
    audio = TorchRuntime(model).features(windows_of(spec, SOUND).sound[None], spec)[0]
    probability = other.probability(audio)
    assert probability.min() < 0.5 < 0.9 < probability.max()
    head = model.speech
    assert head
    with torch.inference_mode():
        hidden = torch.relu(head.inner(torch.from_numpy(audio[0]).flatten(1)))
        wanted = torch.sigmoid(head.outer(hidden)[:, 0]).numpy()
    np.testing.assert_allclose(probability[0], wanted, atol=1e-5)
