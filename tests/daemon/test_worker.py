import logging
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import worker
from daemon.blocks import AudioChunk, Motion
from daemon.metrics import Metrics
from daemon.queues import DropOldestQueue
from daemon.worker import animate, level_db, warm_up, work
from model import stream
from model.face import FaceModel
from model.stream import StreamState
from model.windows import Samples
from protocols.errors import FacewireError
from tests.daemon.sounds import sound
from tests.model.tiny import tiny_model

SAMPLES = sound(10_400)
HOP = 1_600


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return tiny_model()


@pytest.fixture(scope="module")
def whole(model: FaceModel) -> np.ndarray:
    return stream.render(model, SAMPLES)


def begin(model: FaceModel) -> StreamState:
    return stream.start(model, seeds=[0], identities=[None])


def chunks_of(samples: Samples, cuts: list[int]) -> Iterator[AudioChunk]:
    edges = [0, *sorted(cuts), len(samples)]
    for start, end in pairwise(edges):
        yield AudioChunk(samples[start:end], start, end * 62_500)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SAMPLES)), max_size=40))
def test_live_is_offline_however_the_sound_comes(model: FaceModel, whole: np.ndarray, cuts: list[int]) -> None:
    motions = list(animate(model, begin(model), chunks_of(SAMPLES, cuts), Metrics()))
    assert [motion.first for motion in motions] == list(range(0, 3 * len(motions), 3))
    np.testing.assert_allclose(np.concatenate([motion.faces for motion in motions]), whole, atol=1e-5)


def test_motion_carries_the_anchor_and_costs_are_kept(model: FaceModel) -> None:
    metrics = Metrics()
    motions = list(animate(model, begin(model), chunks_of(SAMPLES, list(range(0, 10_400, 160))), metrics))
    assert {motion.anchor_ns for motion in motions} == {0}
    assert len(metrics.hop_ms) == len(motions)


def test_after_lost_sound_the_face_goes_on_at_its_own_time_with_fresh_memory(model: FaceModel) -> None:
    metrics, start = Metrics(), 50_000
    lost = [AudioChunk(SAMPLES[:4_000], 0, 0), AudioChunk(SAMPLES[4_000:], start, 0)]
    motions = list(animate(model, begin(model), lost, metrics))
    assert metrics.jumps == 1
    after = [motion for motion in motions if motion.first > 10]
    hop = -(-start // HOP)
    assert after[0].first == 3 * hop
    fresh = stream.jump(begin(model), hop)
    heard = SAMPLES[4_000 + hop * HOP - start :]
    window = np.zeros((1, 1, fresh.window.samples), np.float32)
    window[..., fresh.window.left_samples :] = heard[: fresh.window.latency_samples]
    _, expected = stream.step(model, fresh, torch.from_numpy(window))
    np.testing.assert_allclose(after[0].faces, expected[0].numpy(), atol=1e-5)


def test_frames_that_are_no_numbers_end_the_program(model: FaceModel) -> None:
    broken = tiny_model()
    broken.face_mean.fill_(float("nan"))
    with pytest.raises(FacewireError, match="not numbers at frame 0"):
        list(animate(broken, begin(broken), [AudioChunk(SAMPLES, 0, 0)], Metrics()))


def test_no_sound_no_motion(model: FaceModel) -> None:
    assert list(animate(model, begin(model), [], Metrics())) == []


def test_overload_is_told_with_numbers_but_not_at_every_hop(
    model: FaceModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(*arguments: object) -> Iterator[Motion]:
        for first in range(0, 30, 3):
            metrics.hop_ms.append(140.0)
            yield Motion(first, np.zeros((3, 52), np.float32), 0)

    monkeypatch.setattr(worker, "animate", slow)
    caplog.set_level(logging.WARNING)
    metrics, motions = Metrics(), DropOldestQueue[Motion](100)
    work(model, begin(model), DropOldestQueue[AudioChunk](1), motions, metrics)
    assert [record.getMessage()[:78] for record in caplog.records] == [
        "this machine is too slow just now: 140 ms of computing for 100 ms of sound, 0 "
    ]


def test_warm_up_measures_a_hop(model: FaceModel) -> None:
    assert 0 < warm_up(model, begin(model)) < 10_000


def test_level() -> None:
    assert level_db(np.ones(10, np.float32)) == pytest.approx(0)
    assert level_db(np.full(10, 0.1, np.float32)) == pytest.approx(-20, abs=1e-3)
    assert level_db(np.zeros(10, np.float32)) == level_db(np.empty(0, np.float32)) == -100
