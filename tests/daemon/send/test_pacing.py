from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.line.blocks import Motion
from daemon.line.metrics import Metrics
from daemon.send.pacing import Pacer, Track
from daemon.settings.config import DaemonConfig
from protocols import blendshapes
from protocols.frame import Frame
from protocols.pose import POSE_COUNT

SECOND = 1_000_000_000
ANCHOR = 7 * SECOND
LATENCY = SECOND // 4
PLAIN = DaemonConfig()

rates = st.sampled_from([Fraction(r) for r in (15, 24, 25, 30, 60, 90, 120)] + [Fraction(60000, 1001)])


TURNING = np.arange(1, POSE_COUNT + 1, dtype=np.float32) / 10


def ramp(frames: int, first: int = 0, anchor_ns: int = ANCHOR) -> Motion:
    """Frame i shows i / 1000 everywhere, and of each number of the pose a multiple that is its own."""
    values = np.arange(first, first + frames, dtype=np.float32)[:, None] / 1000
    return Motion(first, np.repeat(values, blendshapes.COUNT, 1), values * TURNING, anchor_ns, 160, 100)


def still(frames: int, weight: float) -> Motion:
    return Motion(
        0, np.full((frames, blendshapes.COUNT), weight, np.float32), np.tile(TURNING, (frames, 1)), ANCHOR, 160, 100
    )


def pacer(*tracks: Fraction | Track, motion: Motion | None = None) -> tuple[Pacer, Metrics]:
    metrics = Metrics()
    made = [track if isinstance(track, Track) else Track(track) for track in tracks]
    paced = Pacer(30, made, ANCHOR, 0, LATENCY, metrics)
    if motion:
        paced.add(motion, LATENCY)
    return paced, metrics


def play(paced: Pacer, until_ns: int) -> list[tuple[int, int, Frame]]:
    """All (time, receiver, frame) in order, each taken exactly when it is due."""
    played = []
    while (due := paced.next_due_ns()) < until_ns:
        played += [(due, number, frame) for number, frame in paced.due(due, PLAIN)]
    return played


@settings(max_examples=25)
@given(rates)
def test_frames_leave_at_a_steady_rate_interpolated_on_audio_time(rate: Fraction) -> None:
    paced, metrics = pacer(rate, motion=ramp(90))
    played = play(paced, ANCHOR + LATENCY + 2 * SECOND)
    assert [frame.index for _, _, frame in played] == list(range(len(played)))
    assert len(played) == -(-2 * rate.numerator // rate.denominator)
    for due, _, frame in played:
        exact = ANCHOR + LATENCY + frame.time_s * SECOND
        assert 0 <= due - exact < 1
        np.testing.assert_allclose(frame.weights, float(frame.time_s * 30) / 1000, atol=1e-6)
        np.testing.assert_allclose(frame.pose, TURNING * float(frame.time_s * 30) / 1000, atol=1e-6)
    assert metrics.held == metrics.late == metrics.skipped.total() == 0
    assert metrics.sent.total() == len(played)


def test_60_frames_from_30_lie_half_way_between() -> None:
    paced, _ = pacer(Fraction(60), motion=ramp(31))
    shown = [frame.weights[0] * 1000 for _, _, frame in play(paced, ANCHOR + LATENCY + SECOND)]
    np.testing.assert_allclose(shown, np.arange(60) / 2, atol=1e-4)


@pytest.mark.parametrize("rate", [30, 60])
def test_frames_of_another_rate_from_50_lie_on_the_line_between(rate: int) -> None:
    paced = Pacer(50, [Track(Fraction(rate))], ANCHOR, 0, LATENCY, metrics := Metrics())
    for first in range(0, 100, 2):  # hops of 40 ms
        paced.add(replace(ramp(2, first), hop_ms=40), LATENCY)
    shown = [frame.weights[0] * 1000 for _, _, frame in play(paced, ANCHOR + LATENCY + SECOND)]
    np.testing.assert_allclose(shown, np.arange(rate) * 50 / rate, atol=1e-4)
    assert metrics.held == metrics.late == metrics.skipped.total() == 0


def test_each_receiver_has_its_own_rate_and_delay() -> None:
    late = Track(Fraction(30), 100_000_000)
    paced, _ = pacer(Fraction(60), late, motion=ramp(60))
    played = play(paced, ANCHOR + LATENCY + SECOND)
    times = {number: [due for due, n, _ in played if n == number] for number in (0, 1)}
    assert (len(times[0]), len(times[1])) == (60, 27)
    assert times[1][0] - times[0][0] == 100_000_000
    for _, _, frame in played:  # the delayed receiver still gets every face
        np.testing.assert_allclose(frame.weights[0] * 1000, float(frame.time_s * 30), atol=1e-4)


@settings(max_examples=25)
@given(rates, st.lists(st.integers(1, 300), min_size=1, max_size=30))
def test_a_late_sender_skips_and_counts_and_never_catches_up(rate: Fraction, naps_ms: list[int]) -> None:
    paced, metrics = pacer(rate, motion=ramp(1000))
    now, indices = ANCHOR + LATENCY, []
    for nap_ms in naps_ms:
        frames = paced.due(now, PLAIN)
        assert len(frames) <= 1
        indices += [frame.index for _, frame in frames]
        assert paced.next_due_ns() > now
        now += nap_ms * 1_000_000
    assert indices == sorted(set(indices))
    assert metrics.skipped.total() == indices[-1] + 1 - len(indices)


def test_a_face_that_is_not_there_is_held_and_then_eased_to_neutral() -> None:
    paced, metrics = pacer(Fraction(30), motion=ramp(11))
    played = play(paced, ANCHOR + LATENCY + 3 * SECOND)
    shown = [frame.weights[0] * 1000 for _, _, frame in played]
    assert len(shown) == 90  # packets never stop
    for _, _, frame in played:  # the head is held and rests together with the face
        np.testing.assert_allclose(frame.pose, TURNING * frame.weights[0], atol=1e-6)
    np.testing.assert_allclose(shown[:11], np.arange(11), atol=1e-4)
    np.testing.assert_allclose(shown[11:41], 10, atol=1e-4)
    assert all(b <= a for a, b in pairwise(shown[40:]))
    assert max(abs(np.diff(shown[40:]))) < 1  # no jump
    assert shown[60:] == [0] * 30
    assert metrics.held == 79


def test_the_face_comes_back_gently_after_a_stall() -> None:
    paced, _ = pacer(Fraction(30), motion=ramp(11))
    play(paced, ANCHOR + LATENCY + 3 * SECOND)
    paced.add(ramp(60, first=100), LATENCY)
    shown = [frame.weights[0] * 1000 for _, _, frame in play(paced, ANCHOR + LATENCY + 5 * SECOND)]
    assert shown[10] == 0
    assert max(np.diff(shown)) < 13
    np.testing.assert_allclose(shown[-1], 149, atol=1e-3)


def test_a_face_that_comes_late_is_counted_and_not_shown() -> None:
    paced, metrics = pacer(Fraction(30), motion=ramp(3))
    play(paced, ANCHOR + LATENCY + SECOND // 5)
    paced.add(ramp(6, first=3), LATENCY)
    assert metrics.late == 3
    shown = [frame.weights[0] * 1000 for _, _, frame in play(paced, ANCHOR + LATENCY + 3 * SECOND // 10)]
    np.testing.assert_allclose(shown, [6, 7, 8], atol=1e-4)


def test_a_small_drift_moves_the_due_times_but_not_the_spacing_of_stamps() -> None:
    paced, _ = pacer(Fraction(30), motion=ramp(30))
    played = play(paced, ANCHOR + LATENCY + SECOND)
    paced.add(ramp(30, first=30, anchor_ns=ANCHOR + 2_000_000), LATENCY)
    played += play(paced, ANCHOR + LATENCY + 2 * SECOND)
    assert {round(np.diff([p[2].epoch_ns for p in played])[i]) // 10 for i in range(58)} == {3333333}
    assert played[30][0] - played[29][0] == pytest.approx(SECOND / 30 + 2_000_000, abs=2)


def test_stamps_tell_when_the_sound_was_heard() -> None:
    metrics = Metrics()
    paced = Pacer(30, [Track(Fraction(30))], ANCHOR, 1_000 * SECOND, LATENCY, metrics)
    paced.add(ramp(31), LATENCY)
    last = play(paced, ANCHOR + LATENCY + SECOND)[-1][2]
    assert last.epoch_ns == 1_000 * SECOND + ANCHOR + 29 * SECOND // 30


def played_out(paced: Pacer, *, nap_ns: int = 0) -> list[tuple[int, Frame]]:
    """All (receiver, frame) from here to the end, each taken so much later than it is due."""
    paced.end()
    played: list[tuple[int, Frame]] = []
    while not paced.finished():
        assert len(played) < 1_000
        played += paced.due(paced.next_due_ns() + nap_ns, PLAIN)
    return played


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_at_the_end_every_face_eases_to_neutral_and_is_neutral_three_times(rate: int) -> None:
    paced, _ = pacer(Fraction(rate), Fraction(30), motion=still(10, 0.8))
    frames = [frame for number, frame in played_out(paced) if number == 0]
    assert [frame.index for frame in frames] == list(range(len(frames)))
    shown = np.array([frame.weights[0] for frame in frames])
    moving = shown[: int(np.argmax(shown == 0))]
    last = 9 * rate // 30  # the last frame that has motion
    assert (moving[: last + 1] == np.float32(0.8)).all()
    eased = np.diff([*moving[last:], 0])
    assert len(eased) == -(-3 * rate // 10)
    assert (eased < 0).all()
    assert abs(eased[0]) < abs(eased[len(eased) // 2]) > abs(eased[-1])  # smooth at both ends
    assert list(shown[len(moving) :]) == [0, 0, 0]
    for frame in frames:
        np.testing.assert_allclose(frame.pose, TURNING * frame.weights[0] / 0.8, atol=1e-6)


def test_a_late_sender_still_sends_the_neutral_face_three_times() -> None:
    paced, _ = pacer(Fraction(30), motion=ramp(10))
    shown = [frame.weights.any() for _, frame in played_out(paced, nap_ns=SECOND // 2)]
    assert shown[-3:] == [False] * 3


def test_a_receiver_that_is_later_sees_all_motion_before_it_rests() -> None:
    paced, _ = pacer(Fraction(30), Track(Fraction(30), SECOND), motion=ramp(10))
    played = played_out(paced)
    for number in (0, 1):
        shown = [frame.weights[0] * 1000 for n, frame in played if n == number]
        np.testing.assert_allclose(shown[:10], np.arange(10), atol=1e-4)
        assert len(shown) == 10 + 9 + 2


def test_the_face_rests_from_what_was_shown_not_from_what_was_made() -> None:
    paced, _ = pacer(Fraction(30), motion=still(10, 0.8))
    quiet = DaemonConfig.model_validate({"gains": {"jaw": 0.5}})
    paced.end()
    jaw = blendshapes.INDEX["jawOpen"]
    frames: list[Frame] = []
    while not paced.finished():
        frames += [frame for _, frame in paced.due(paced.next_due_ns(), quiet)]
    shown = [frame.weights[jaw] for frame in frames]
    assert shown[9] == np.float32(0.4)
    assert max(abs(np.diff(shown))) < 0.08
    assert np.array_equal(frames[9].pose, TURNING)  # no gain acts on it


def test_memory_stays_bounded() -> None:
    paced, _ = pacer(Fraction(30))
    for block in range(200):
        paced.add(ramp(3, first=3 * block), LATENCY)
        play(paced, ANCHOR + LATENCY + block * SECOND // 10)
    assert len(paced._faces) < 10


def test_gains_scale_regions_and_stay_in_range() -> None:
    loud = DaemonConfig.model_validate({"gains": {"jaw": 2, "brows": 0}})
    paced, _ = pacer(Fraction(30), motion=still(9, 0.6))
    frame = paced.due(paced.next_due_ns(), loud)[0][1]
    shown = dict(zip(blendshapes.NAMES, frame.weights.tolist(), strict=True))
    assert shown["jawOpen"] == shown["mouthClose"] == 1
    assert shown["browInnerUp"] == 0
    assert shown["mouthFunnel"] == shown["eyeBlinkLeft"] == pytest.approx(0.6)


def test_a_frozen_face_is_held_until_it_is_let_go() -> None:
    frozen = DaemonConfig(freeze=True)
    paced, _ = pacer(Fraction(30), motion=ramp(60))
    frames: list[Frame] = []
    for config in [PLAIN] * 5 + [frozen] * 5 + [PLAIN] * 5:
        frames += [frame for _, frame in paced.due(paced.next_due_ns(), config)]
    shown = np.array([frame.weights[0] * 1000 for frame in frames])
    np.testing.assert_allclose([frame.pose for frame in frames], shown[:, None] / 1000 * TURNING, atol=1e-6)
    np.testing.assert_allclose(shown, [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 10, 11, 12, 13, 14], atol=1e-3)


def looking(ahead_ms: int, first: int) -> Motion:
    return replace(ramp(30, first), lookahead_ms=ahead_ms)


def test_looking_further_ahead_shows_the_same_frames_later_and_none_twice() -> None:
    paced, metrics = pacer(Fraction(30), motion=looking(0, 0))
    before = play(paced, ANCHOR + LATENCY + SECOND // 2)
    paced.add(looking(240, 30), LATENCY + 240_000_000)
    after = play(paced, ANCHOR + LATENCY + SECOND)
    indices = [frame.index for _, _, frame in before + after]
    assert indices == list(range(len(indices)))
    for due, _, frame in after:
        assert due - ANCHOR - LATENCY == pytest.approx(240_000_000 + frame.time_s * SECOND, abs=2)
    assert metrics.skipped.total() == 0


def test_looking_less_far_ahead_skips_to_the_newer_frames() -> None:
    paced, metrics = pacer(Fraction(30))
    paced.add(looking(240, 0), LATENCY + 240_000_000)
    before = play(paced, ANCHOR + LATENCY + SECOND // 2)
    paced.add(looking(0, 30), LATENCY)
    after = play(paced, ANCHOR + LATENCY + SECOND)
    assert after[0][2].index - before[-1][2].index == 8  # 240 ms are seven frames
    assert [frame.index for _, _, frame in after] == list(range(after[0][2].index, after[-1][2].index + 1))
    assert metrics.skipped.total() <= 1


def test_a_latency_that_is_kept_moves_nothing_when_the_lookahead_changes() -> None:
    paced, metrics = pacer(Fraction(30), motion=looking(0, 0))
    played = play(paced, ANCHOR + LATENCY + SECOND // 2)
    paced.add(looking(240, 30), LATENCY)
    played += play(paced, ANCHOR + LATENCY + SECOND)
    assert [frame.index for _, _, frame in played] == list(range(30))
    assert {due - ANCHOR - LATENCY - round(frame.time_s * SECOND) for due, _, frame in played} <= {-1, 0, 1}
    assert metrics.skipped.total() == 0


@settings(max_examples=25)
@given(rates, st.sampled_from([-100, -20, 20, 100]))
def test_another_delay_is_approached_so_slowly_that_nobody_sees_it(rate: Fraction, change_ms: int) -> None:
    later = Track(Fraction(30), SECOND // 10)
    paced, metrics = pacer(rate, later, motion=ramp(30))
    played = play(paced, ANCHOR + LATENCY + SECOND // 2)
    paced.add(ramp(120, first=30), LATENCY + change_ms * 1_000_000)
    played += play(paced, ANCHOR + 4 * SECOND)
    dues = [due for due, number, _ in played if number == 0]
    indices = [frame.index for _, number, frame in played if number == 0]
    assert indices == list(range(len(indices)))  # none is skipped, none twice
    gaps = np.diff(dues) * float(rate) / SECOND
    assert abs(gaps - 1).max() <= 0.05 + 1e-6
    reached = dues[-1] - ANCHOR - indices[-1] * SECOND / rate
    assert reached == pytest.approx(LATENCY + change_ms * 1_000_000, abs=2)
    assert metrics.skipped.total() == metrics.late == 0


def test_the_delays_of_frames_are_measured_with_their_causes() -> None:
    motion = replace(ramp(30), heard_ns=ANCHOR + SECOND // 10, made_ns=ANCHOR + SECOND // 8)
    paced, metrics = pacer(Fraction(30), Fraction(60), motion=motion)
    play(paced, ANCHOR + LATENCY + SECOND // 10)
    assert [sum(delay) for delay in metrics.delays] == pytest.approx([250, 250, 250])
    assert metrics.delays[0] == pytest.approx((100, 25, 125))
    assert metrics.delays[1] == pytest.approx((100 - 1000 / 30, 25, 125 + 1000 / 30))


def test_delays_are_measured_where_nothing_comes_on_top_of_what_is_stated() -> None:
    paced, metrics = pacer(Track(Fraction(30), SECOND // 2), Fraction(30), motion=ramp(30))
    play(paced, ANCHOR + LATENCY + SECOND // 10)
    assert [sum(delay) for delay in metrics.delays] == pytest.approx([250, 250, 250])
