import logging
from collections.abc import Iterator
from itertools import pairwise, repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.animate import worker
from daemon.animate.gate import level_db
from daemon.animate.offline import perform
from daemon.animate.other import Other
from daemon.animate.worker import animate, warm_up, work
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model import stream
from model.animation import Animation
from model.level import Leveller
from model.stream_state import StreamState
from model.torch_runtime import TorchRuntime
from model.windower import Windower
from model.windows import OFFSET_HZ, RUMBLE_HZ, Samples
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.daemon.sounds import sound
from tests.model.performance import voice
from tests.model.posed import posed, poses_at
from tests.model.tiny import DIAL, tiny_runtime

SAMPLES = sound(10_400)
HOP = 1_600
JAW = INDEX["jawOpen"]
ANY = LiveSettings(DaemonConfig())


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    return tiny_runtime()


@pytest.fixture(scope="module")
def whole(runtime: TorchRuntime) -> Animation:
    with posed():
        return perform(runtime, SAMPLES, DaemonConfig())


def begin(runtime: TorchRuntime) -> StreamState:
    return stream.start(runtime, seeds=[0], identities=[None])


def chunks_of(samples: Samples, cuts: list[int]) -> Iterator[AudioChunk]:
    edges = [0, *sorted(cuts), len(samples)]
    for start, end in pairwise(edges):
        yield AudioChunk(samples[start:end], start, end * 62_500)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SAMPLES)), max_size=40))
def test_live_is_offline_however_the_sound_comes(runtime: TorchRuntime, whole: Animation, cuts: list[int]) -> None:
    with posed():
        motions = list(animate(runtime, begin(runtime), chunks_of(SAMPLES, cuts), ANY, Metrics()))
    assert [motion.first for motion in motions] == list(range(0, 3 * len(motions), 3))
    np.testing.assert_allclose(np.concatenate([motion.weights for motion in motions]), whole.weights, atol=1e-5)
    np.testing.assert_array_equal(np.concatenate([motion.poses for motion in motions]), whole.poses)
    np.testing.assert_array_equal(whole.poses, poses_at(range(len(whole.poses))))


@pytest.mark.parametrize("hop_ms", DIAL["hops_ms"])
def test_live_is_offline_at_each_hop(hop_ms: int) -> None:
    runtime, config = tiny_runtime(**DIAL), DaemonConfig(hop_ms=hop_ms, gate_db=-45)
    whole = perform(runtime, SAMPLES, config)
    motions = list(
        animate(runtime, begin(runtime), chunks_of(SAMPLES, [5_000, 5_100]), LiveSettings(config), Metrics())
    )
    assert {motion.hop_ms for motion in motions} == {hop_ms}
    np.testing.assert_allclose(np.concatenate([motion.weights for motion in motions]), whole.weights, atol=1e-5)


@pytest.mark.parametrize("size", [160, 1_000, 20_000])
def test_another_hop_takes_effect_at_the_next_common_boundary(size: int) -> None:
    runtime, live = tiny_runtime(**DIAL), LiveSettings(DaemonConfig(hop_ms=40))
    samples, motions = sound(40_000), []
    for motion in animate(
        runtime, begin(runtime), chunks_of(samples, list(range(size, 40_000, size))), live, Metrics()
    ):
        motions.append(motion)
        if motion.first == 10:
            live.change({"hop_ms": 100})
    firsts = [motion.first for motion in motions]
    assert firsts == [0, *np.cumsum([len(motion.weights) for motion in motions])[:-1]]
    assert firsts[-1] + len(motions[-1].weights) == 125
    turned = next(motion for motion in motions if motion.hop_ms == 100)
    assert turned.first % 10 == 0
    assert all(motion.hop_ms == 100 for motion in motions[motions.index(turned) : -1])
    assert turned.first < (size + 4_240) // 320 + 30


SILENCE = np.zeros(6 * 16_000 + 700, np.float32)
VOICE = voice.sound()


@pytest.fixture(scope="module")
def listening(runtime: TorchRuntime) -> Animation:
    return perform(runtime, SILENCE, DaemonConfig(), other=VOICE)


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SILENCE)), max_size=40))
def test_live_is_offline_with_a_file_to_listen_to(runtime: TorchRuntime, listening: Animation, cuts: list[int]) -> None:
    assert len(VOICE) > len(SILENCE) + HOP
    others = repeat(Other.of(VOICE, OFFSET_HZ))
    motions = list(animate(runtime, begin(runtime), chunks_of(SILENCE, cuts), ANY, Metrics(), others=others))
    np.testing.assert_array_equal(np.concatenate([motion.poses for motion in motions]), listening.poses)
    np.testing.assert_allclose(np.concatenate([motion.weights for motion in motions]), listening.weights, atol=1e-5)
    assert np.abs(perform(runtime, SILENCE, DaemonConfig()).poses[:, 1] - listening.poses[:, 1]).max() > 1


def test_who_is_listened_to_is_cleaned_as_the_checkpoint_says() -> None:
    runtime, rumble = tiny_runtime(highpass_hz=RUMBLE_HZ), 0.3 * np.sin(np.arange(len(VOICE)) * 2 * np.pi * 15 / 16_000)
    theirs = (0.5 * VOICE + rumble).astype(np.float32)
    whole = perform(runtime, SILENCE, DaemonConfig(), other=theirs)
    motions = animate(
        runtime, begin(runtime), chunks_of(SILENCE, []), ANY, Metrics(), others=repeat(Other.of(theirs, RUMBLE_HZ))
    )
    np.testing.assert_array_equal(np.concatenate([motion.poses for motion in motions]), whole.poses)
    assert np.abs(perform(tiny_runtime(), SILENCE, DaemonConfig(), other=theirs).poses - whole.poses).max() > 0.1


def test_sound_with_an_offset_is_metered_and_calibrated_without_it(runtime: TorchRuntime) -> None:
    live, metrics = LiveSettings(DaemonConfig()), Metrics()
    live.calibrate.set()
    room = (0.02 + np.random.default_rng(0).normal(0, 10 ** (-70 / 20), 4 * 16_000)).astype(np.float32)
    list(animate(runtime, begin(runtime), chunks_of(room, list(range(0, len(room), 160))), live, metrics))
    assert metrics.level_db == pytest.approx(-70, abs=1)
    assert live.now.gate_db is not None
    assert -65 < live.now.gate_db < -57


@pytest.mark.parametrize("articulation", [0.5, 1.4])
def test_articulation_acts_live_as_offline(runtime: TorchRuntime, articulation: float) -> None:
    live = LiveSettings(DaemonConfig(gate_db=None))

    def chunks() -> Iterator[AudioChunk]:
        for chunk in chunks_of(np.tile(SAMPLES, 2), list(range(1_600, 20_800, 1_600))):
            if chunk.start == 9_600:
                live.change({"articulation": articulation})
            yield chunk

    motions = list(animate(runtime, begin(runtime), chunks(), live, Metrics()))
    faces = np.concatenate([motion.weights for motion in motions])
    plain, turned = (
        perform(runtime, np.tile(SAMPLES, 2), DaemonConfig(gate_db=None, articulation=size)).weights
        for size in (1.0, articulation)
    )
    changed = int(np.flatnonzero(np.abs(faces - plain).max(1) > 1e-5)[0])
    assert 0 < changed < len(faces) - 3
    assert changed % 3 == 0
    np.testing.assert_allclose(faces[changed:], turned[changed:], atol=1e-5)
    assert np.abs(turned - plain)[changed:].max() > 0.05


def test_a_file_that_ends_earlier_is_followed_by_silence(runtime: TorchRuntime) -> None:
    short = VOICE[:40_000]
    made = perform(runtime, SILENCE, DaemonConfig(), other=short)
    padded = np.concatenate([short, np.zeros(len(SILENCE) - len(short), np.float32)])
    np.testing.assert_array_equal(made.poses, perform(runtime, SILENCE, DaemonConfig(), other=padded).poses)
    motions = animate(
        runtime, begin(runtime), chunks_of(SILENCE, []), ANY, Metrics(), others=repeat(Other.of(short, OFFSET_HZ))
    )
    np.testing.assert_array_equal(np.concatenate([motion.poses for motion in motions]), made.poses)


def test_a_muted_and_gated_face_listens_all_the_same(runtime: TorchRuntime, listening: Animation) -> None:
    muted, others = LiveSettings(DaemonConfig(mute=True)), repeat(Other.of(VOICE, OFFSET_HZ))
    spoken = voice.sound(2)[-len(SILENCE) :]
    motions = animate(runtime, begin(runtime), chunks_of(spoken, [5_000]), muted, Metrics(), others=others)
    np.testing.assert_array_equal(np.concatenate([motion.poses for motion in motions]), listening.poses)


def test_motion_carries_the_anchor_and_costs_are_kept(runtime: TorchRuntime) -> None:
    metrics = Metrics()
    motions = list(animate(runtime, begin(runtime), chunks_of(SAMPLES, list(range(0, 10_400, 160))), ANY, metrics))
    assert {motion.anchor_ns for motion in motions} == {0}
    assert len(metrics.hop_ms) == len(motions)


def test_after_lost_sound_the_face_goes_on_at_its_own_time_with_fresh_memory(runtime: TorchRuntime) -> None:
    metrics, start = Metrics(), 50_000
    lost = [AudioChunk(SAMPLES[:4_000], 0, 0), AudioChunk(SAMPLES[4_000:], start, 0)]
    motions = list(animate(runtime, begin(runtime), lost, LiveSettings(DaemonConfig(gate_db=None)), metrics))
    assert metrics.jumps == 1
    after = [motion for motion in motions if motion.first > 10]
    hop = -(-start // HOP)
    assert after[0].first == 3 * hop
    fresh = stream.jump(begin(runtime), hop)
    heard = SAMPLES[4_000 + hop * HOP - start :]
    windower = Windower.at(fresh.window, hop, Leveller(fresh.window.highpass_hz).push(SAMPLES[:4_000])[0].interrupted())
    _, expected = stream.step(runtime, fresh, windower.push(heard)[1][None, :1])
    np.testing.assert_allclose(after[0].weights, expected.weights[0], atol=1e-5)


def test_frames_that_are_no_numbers_end_the_program(runtime: TorchRuntime) -> None:
    broken = tiny_runtime()
    broken.model.face_mean.fill_(float("nan"))
    with pytest.raises(FacewireError, match="not numbers at frame 0"):
        list(animate(broken, begin(broken), [AudioChunk(SAMPLES, 0, 0)], ANY, Metrics()))


def test_a_pose_that_is_no_number_ends_the_program(runtime: TorchRuntime) -> None:
    with posed(scale=float("nan")), pytest.raises(FacewireError, match="not numbers at frame 0"):
        list(animate(runtime, begin(runtime), [AudioChunk(SAMPLES, 0, 0)], ANY, Metrics()))


def test_no_sound_no_motion(runtime: TorchRuntime) -> None:
    assert list(animate(runtime, begin(runtime), [], ANY, Metrics())) == []


def test_overload_is_told_with_numbers_but_not_at_every_hop(
    runtime: TorchRuntime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(*arguments: object) -> Iterator[Motion]:
        for first in range(0, 30, 3):
            metrics.hop_ms.append(140.0)
            yield Motion(first, np.zeros((3, 52), np.float32), np.zeros((3, 10), np.float32), 0, 160, 100)

    monkeypatch.setattr(worker, "animate", slow)
    caplog.set_level(logging.WARNING)
    metrics, motions = Metrics(), DropOldestQueue[Motion](100)
    work(runtime, begin(runtime), DropOldestQueue[AudioChunk](1), motions, ANY, metrics)
    assert [record.getMessage()[:78] for record in caplog.records] == [
        "this machine is too slow just now: 140 ms of computing for 100 ms of sound, 0 "
    ]


def test_warm_up_measures_a_hop(runtime: TorchRuntime) -> None:
    assert 0 < warm_up(runtime, begin(runtime)) < 10_000


def test_settings_change_from_the_next_hop_on(runtime: TorchRuntime) -> None:
    live = LiveSettings(DaemonConfig(gate_db=None))

    def chunks() -> Iterator[AudioChunk]:
        for chunk in chunks_of(np.tile(SAMPLES, 4), list(range(1_600, 40_000, 1_600))):
            if chunk.start == 16_000:
                live.change({"identity": "bruno", "lookahead_ms": 0, "liveliness": 0.2})
            yield chunk

    motions = list(animate(runtime, begin(runtime), chunks(), live, Metrics()))
    assert [motion.first for motion in motions] == list(range(0, 3 * len(motions), 3))  # no frame lost, none twice
    dial = [motion.lookahead_ms for motion in motions]
    assert dial == [160] * dial.count(160) + [0] * dial.count(0)
    assert 0 < dial.count(160) < len(dial)
    plain = perform(runtime, np.tile(SAMPLES, 4), DaemonConfig(gate_db=None)).weights
    faces = np.concatenate([motion.weights for motion in motions])
    changed = np.abs(faces - plain).max(axis=1) > 1e-5
    assert not changed[: 3 * dial.count(160)].any()
    assert changed[3 * dial.count(160) :].all()


def test_looking_further_ahead_waits_and_loses_nothing(runtime: TorchRuntime) -> None:
    live = LiveSettings(DaemonConfig(gate_db=None, lookahead_ms=0))

    def chunks() -> Iterator[AudioChunk]:
        for chunk in chunks_of(SAMPLES, list(range(160, 10_400, 160))):
            if chunk.start == 4_000:
                live.change({"lookahead_ms": 240})
            yield chunk

    state = stream.start(runtime, seeds=[0], identities=[None], lookahead_ms=0)
    motions = list(animate(runtime, state, chunks(), live, Metrics()))
    assert [motion.first for motion in motions] == list(range(0, 21, 3))
    assert {motion.lookahead_ms for motion in motions} == {0, 240}


def test_a_muted_sound_is_not_heard_by_anything_but_the_meter(runtime: TorchRuntime) -> None:
    heard: list[tuple[int, float]] = []
    live, metrics = LiveSettings(DaemonConfig(mute=True, input_gain_db=6)), Metrics()
    cuts = list(range(0, 10_400, 160))

    def hear(start: int, samples: Samples) -> None:
        heard.append((start, float(np.abs(samples).max(initial=0))))

    with posed():
        motions = list(animate(runtime, begin(runtime), chunks_of(SAMPLES, cuts), live, metrics, hear))
    assert [start for start, _ in heard][1:] == cuts
    assert not any(loudest for _, loudest in heard)
    assert metrics.gate == 0
    assert not np.concatenate([motion.weights for motion in motions])[:, JAW].any()
    assert np.array_equal(motions[-1].poses, poses_at(range(motions[-1].first, motions[-1].first + 2)))  # still alive
    assert metrics.level_db == pytest.approx(level_db(SAMPLES[10_000:10_320]) + 6, abs=0.1)  # the last 20 ms


def test_the_gain_is_heard_by_the_model(runtime: TorchRuntime) -> None:
    loud = LiveSettings(DaemonConfig(input_gain_db=12))
    faces = [motion.weights for motion in animate(runtime, begin(runtime), chunks_of(SAMPLES, []), loud, Metrics())]
    expected = perform(runtime, SAMPLES * np.float32(10 ** (12 / 20)), DaemonConfig()).weights
    np.testing.assert_allclose(np.concatenate(faces), expected, atol=1e-5)
    assert np.abs(expected - perform(runtime, SAMPLES, DaemonConfig()).weights).max() > 1e-3


def test_the_match_with_every_identity_is_kept(runtime: TorchRuntime) -> None:
    metrics = Metrics()
    list(animate(runtime, begin(runtime), chunks_of(SAMPLES, []), ANY, metrics))
    assert set(metrics.match) == {"alma", "bruno"}
    assert any(metrics.match.values())
