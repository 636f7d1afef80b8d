"""The dial of hops: the streaming law holds at each of them, and whoever turns the dial loses no frame."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model import stream
from model.config import ModelConfig
from model.frames import frame_weights
from model.torch_runtime import TorchRuntime
from model.windower import Windower
from model.windows import WindowSpec
from protocols.errors import FacewireError
from tests.model.tiny import DIAL, tiny_model, tiny_runtime

SOUND = (np.random.default_rng(0).standard_normal(32_000) * 0.2).astype(np.float32)
HOPS_MS = DIAL["hops_ms"]


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    return tiny_runtime(**DIAL)


@pytest.mark.parametrize("hop_ms", HOPS_MS)
@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(1, 9_000), max_size=10))
def test_any_cutting_gives_the_same_face_at_each_hop(runtime: TorchRuntime, hop_ms: int, cuts: list[int]) -> None:
    state = stream.start(runtime, seeds=[5], identities=["bruno"], hop_ms=hop_ms)
    windower, faces = Windower.at(state.window), []
    for piece in [*np.split(SOUND, np.cumsum(cuts)), None]:
        windower, windows = (windower, windower.flush()) if piece is None else windower.push(piece)
        for window in windows:
            state, face = stream.step(runtime, state, window[None, None])
            assert face.weights.shape[1] == hop_ms // 20
            faces.append(np.concatenate([face.weights[0], face.poses[0]], -1))
    whole = stream.render(runtime, SOUND, seed=5, identity="bruno", hop_ms=hop_ms)
    assert len(whole.weights) == 100
    wanted = np.concatenate([whole.weights, whole.poses], -1)
    np.testing.assert_allclose(np.concatenate(faces)[:100], wanted, rtol=0, atol=1e-5)


def test_at_50_frames_per_second_a_frame_is_a_feature() -> None:
    spec = WindowSpec(hop_ms=40, right_ms=80)
    weights = frame_weights(spec, 50, (0, 40, 80, 160))
    assert weights.shape == (2 * 4, 7)
    assert [row.nonzero()[0].tolist() for row in weights] == [[1], [3], [5], [], [2], [4], [6], []]
    assert set(weights.ravel().tolist()) == {0, 1}


@pytest.mark.parametrize(("old", "new"), [(20, 100), (100, 20), (40, 100), (100, 40), (20, 40)])
def test_the_dial_turns_where_both_grids_have_a_boundary(runtime: TorchRuntime, old: int, new: int) -> None:
    state = stream.start(runtime, seeds=[5], identities=[None], hop_ms=old)
    windower = Windower.at(state.window).hear(SOUND)
    ends_ms, spans = [0], []
    for asked in (False, True):
        for _ in range(12):
            if asked:
                state = stream.turn(runtime, state, identities=[None], hop_ms=new)
                windower = windower.turned(state.window)
            windower, windows = windower.cut(1)
            state, face = stream.step(runtime, state, windows[None])
            spans.append(20 * face.weights.shape[1])
            ends_ms.append(ends_ms[-1] + spans[-1])
            assert state.next_hops[0] * state.window.hop_ms == ends_ms[-1]
            assert state.next_hops[0] == windower.next_hop
            assert state.performance.next_frames[0] * 20 == ends_ms[-1]
    first = spans.index(new)
    assert set(spans[:first]) == {old}
    assert set(spans[first:]) == {new}
    assert not ends_ms[first] % old
    assert not ends_ms[first] % new
    assert first <= 12 + new // 20


def test_another_identity_takes_the_same_time_at_each_hop(runtime: TorchRuntime) -> None:
    for hop_ms in HOPS_MS:
        state = stream.start(runtime, seeds=[5], identities=["alma"], hop_ms=hop_ms)
        windower = Windower.at(state.window).hear(SOUND)
        turned, styles = stream.turn(runtime, state, identities=["bruno"], hop_ms=hop_ms), []
        for _ in range(600 // hop_ms):
            windower, windows = windower.cut(1)
            turned, _ = stream.step(runtime, turned, windows[None])
            styles.append(turned.style[0])
        wanted = stream.start(runtime, seeds=[5], identities=["bruno"], hop_ms=hop_ms).style[0]
        there = [np.allclose(style, wanted, atol=1e-6) for style in styles]
        assert there.index(True) == -(-500 // hop_ms) - 1
        assert all(np.linalg.norm(a - wanted) >= np.linalg.norm(b - wanted) for a, b in pairwise(styles))


def test_dc_and_rumble_leave_the_face_as_it_is(runtime: TorchRuntime) -> None:
    times_s = np.arange(len(SOUND)) / 16_000
    rumble = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 20 * times_s)
    raw = tiny_runtime(**DIAL | {"highpass_hz": 1})
    for added, least in ((np.full(len(SOUND), 0.3), 1e-4), (rumble, 0.01)):
        far = []
        for each in (runtime, raw):
            plain, disturbed = (
                stream.render(each, sound.astype(np.float32)).weights[20:] for sound in (SOUND, SOUND + added)
            )
            far.append(float(np.abs(plain - disturbed).mean()))
        assert far[0] < least
    assert far[0] < far[1] / 5


def test_a_hop_that_was_not_trained_is_refused(runtime: TorchRuntime) -> None:
    with pytest.raises(FacewireError, match="hop of 60 ms: this checkpoint was trained for 20, 40, 100 ms only"):
        stream.start(runtime, seeds=[0], identities=[None], hop_ms=60)
    assert stream.start(runtime, seeds=[0], identities=[None]).window.hop_ms == 100
    encoder = tiny_model().encoder.config
    with pytest.raises(ValidationError, match="hop_ms = 100 is not one of"):
        ModelConfig(encoder=encoder, identities=(), hops_ms=(20,))
    with pytest.raises(FacewireError, match="30 fps"):
        ModelConfig(encoder=encoder, identities=(), hops_ms=(20, 100))
    assert stream.frame_count(32_000, Fraction(50)) == 100
