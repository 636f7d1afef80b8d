from collections.abc import Iterable

import numpy as np
import pytest

from daemon.line import timing
from daemon.line.blocks import Motion
from daemon.line.timing import Timing
from model.windows import WindowSpec
from protocols.errors import FacewireError

WINDOW = WindowSpec(740, 100, 160)
STILL = np.zeros((3, 52), np.float32), np.zeros((3, 10), np.float32)
ANCHOR = 5_000_000_000


def hops(
    computing_ms: Iterable[float], first_hop: int = 0, lookahead_ms: int = 160, hop_ms: int = 100, fps: int = 30
) -> list[Motion]:
    """A piece of motion per hop, made so long after the chunk with the last sound that it needs."""
    frames, wait_ms = hop_ms * fps // 1000, hop_ms + lookahead_ms + 15
    return [
        Motion(
            frames * hop,
            *STILL,
            ANCHOR,
            lookahead_ms,
            hop_ms,
            made_ns=ANCHOR + round((hop_ms * hop + wait_ms + ms) * 1e6),
        )
        for hop, ms in enumerate(computing_ms, first_hop)
    ]


def heard(now: Timing, motions: Iterable[Motion]) -> list[Timing]:
    """The timing after each motion."""
    timings = []
    for motion in motions:
        now = now.hear(motion)
        timings.append(now)
    return timings


def auto() -> Timing:
    return timing.begin("auto", 3.2, WINDOW, 500.0, 30)  # however slow the warm-up was


def test_three_seconds_of_sound_are_measured_and_then_one_number_is_stated() -> None:
    timings = heard(auto(), hops([20.0] * 100))
    assert {now.stated.total_ms for now in timings[:30]} == {4 + 10 + 265 + 100}  # provisional
    assert all(now.measuring and not now.statements for now in timings[:30])
    assert {now.stated.total_ms for now in timings[30:]} == {4 + 10 + 265 + 40}  # 20 * 1.25 + 15
    assert all(not now.measuring and now.statements == 1 for now in timings[30:])


@pytest.mark.parametrize("burst", [range(3), range(12, 20), range(25, 30)])
def test_what_another_program_takes_for_a_moment_is_not_stated(burst: range) -> None:
    """As on a busy machine whose warm-up said 663 ms, while computing took 36."""
    last = heard(auto(), hops([400.0 if hop in burst else 36.0 for hop in range(100)]))[-1]
    assert last.stated.compute_ms == 60
    assert last.statements == 1


def test_a_load_that_passes_moves_nothing() -> None:
    loaded = [200.0 if 100 <= hop < 180 else 10.0 for hop in range(500)]  # eight seconds
    last = heard(auto(), hops(loaded))[-1]
    assert (last.stated.compute_ms, last.statements) == (30, 1)


def test_one_late_frame_now_and_then_moves_nothing() -> None:
    last = heard(auto(), hops([100.0 if hop % 30 == 29 else 10.0 for hop in range(1000)]))[-1]
    assert last.statements == 1


@pytest.mark.parametrize("every", [1, 10, 20])
def test_frames_that_keep_coming_late_move_it_once(every: int) -> None:
    computing_ms = [80.0 if hop >= 100 and hop % every == 0 else 10.0 for hop in range(600)]
    timings = heard(auto(), hops(computing_ms))
    totals = [now.stated.total_ms for now in timings]
    assert list(dict.fromkeys(totals[30:])) == [4 + 10 + 265 + 30, 4 + 10 + 265 + 115]
    assert totals.index(4 + 10 + 265 + 115) <= 100 + 200 + 10  # within twenty seconds
    assert timings[-1].late
    assert timings[-1].statements == 2
    assert not any(now.late for now in timings[:190])


def test_a_machine_that_is_far_too_slow_asks_for_no_more_than_the_queue_holds() -> None:
    last = heard(auto(), hops([5000.0] * 300))[-1]
    assert last.stated.compute_ms == 1000
    assert last.statements == 1  # more would not help


def test_measured_again_it_states_anew_and_keeps_the_old_number_meanwhile() -> None:
    slow = heard(auto(), hops([60.0] * 100))[-1]
    assert slow.stated.compute_ms == 90
    timings = heard(slow.again(), hops([8.0] * 60, first_hop=100))
    assert {now.stated.compute_ms for now in timings[:25]} == {90}
    assert all(now.measuring for now in timings[:25])
    assert timings[-1].stated.compute_ms == 25
    assert (timings[-1].statements, timings[-1].late) == (2, False)


def test_another_lookahead_moves_what_is_measured_by_as_much() -> None:
    now = heard(auto(), hops([20.0] * 50))[-1]
    moved = heard(now, hops([20.0] * 50, first_hop=50, lookahead_ms=40))[-1]
    assert now.stated.total_ms - moved.stated.total_ms == 120
    assert moved.statements == 1


def test_another_hop_moves_what_is_measured_by_as_much() -> None:
    start = timing.begin("auto", 3.2, WindowSpec(740, 100, 160), 500.0, 50)
    now = heard(start, hops([20.0] * 50, fps=50))[-1]
    assert now.stated.total_ms == 4 + 10 + 265 + 40
    timings = heard(now, hops([20.0] * 1_500, first_hop=250, hop_ms=20, fps=50))
    assert {each.stated.total_ms for each in timings} == {4 + 10 + 185 + 40}
    assert (timings[-1].stated.hop_ms, timings[-1].statements, timings[-1].late) == (20, 1, False)


def test_with_a_short_hop_three_seconds_of_sound_are_measured_too() -> None:
    start = timing.begin("auto", 3.2, WindowSpec(740, 20, 160), 500.0, 50)
    timings = heard(start, hops([8.0] * 400, hop_ms=20, fps=50))
    assert [now.statements for now in timings] == [0] * 150 + [1] * 250
    assert timings[-1].stated.total_ms == 4 + 10 + 185 + 25


def test_a_number_that_is_set_is_kept_with_another_hop() -> None:
    start = timing.begin(400, 3.2, WINDOW, 8.1, 50)
    timings = heard(start, [*hops([8.0] * 50, fps=50), *hops([8.0] * 250, first_hop=250, hop_ms=20, fps=50)])
    assert {now.stated.total_ms for now in timings} == {400}
    assert (timings[-1].stated.hop_ms, timings[-1].stated.spare_ms) == (20, start.stated.spare_ms + 80)
    assert not timings[-1].late


def test_a_number_too_small_for_the_hop_names_both_dials() -> None:
    with pytest.raises(FacewireError, match=r"look ahead less \(--lookahead-ms\), take a shorter hop \(--hop-ms\)"):
        timing.begin(250, 0, WINDOW, 8, 50)
    start = timing.begin(220, 0, WindowSpec(740, 20, 160), 8, 50)
    with pytest.raises(FacewireError, match="at least 283 ms"):
        start.check(WINDOW)


def test_a_number_is_kept_exactly_whatever_comes() -> None:
    start = timing.begin(400, 3.2, WINDOW, 8.1, 30)
    assert str(start.stated) == (
        "400 ms = device 4 + chunk 10 + hop 100 + lookahead 160 + tail 5 + compute 9 + spare 112"
    )
    assert (start.statements, start.measuring) == (1, False)
    assert start.again() is start
    timings = heard(start, [*hops([20.0] * 50), *hops([20.0] * 50, first_hop=50, lookahead_ms=240)])
    assert {now.stated.total_ms for now in timings} == {400}
    assert timings[-1].stated.lookahead_ms == 240
    assert timings[-1].statements == 1


def test_a_number_that_turns_out_too_small_is_kept_and_told() -> None:
    start = timing.begin(300, 0, WINDOW, 8, 30)
    timings = heard(start, hops([80.0] * 150))
    assert {now.stated.total_ms for now in timings} == {300}
    assert timings[-1].statements > 1
    assert timings[-1].late
    assert timings[-1].needed_ms == 275 + 115


def test_a_number_that_cannot_be_is_refused_with_the_least_that_can() -> None:
    with pytest.raises(FacewireError, match=r"latency_ms: 250 is too little.*lookahead of 160 ms.*at least 283 ms = "):
        timing.begin(250, 0, WINDOW, 8, 30)
    start = timing.begin(300, 0, WINDOW, 8, 30)
    start.check(WINDOW.with_lookahead(40))
    with pytest.raises(FacewireError, match="at least 363 ms"):
        start.check(WINDOW.with_lookahead(240))
    auto().check(WINDOW.with_lookahead(240))


def test_motion_that_is_there_early_needs_no_time() -> None:
    last = heard(auto(), [Motion(3 * hop, *STILL, ANCHOR, 160, 100) for hop in range(40)])[-1]
    assert last.stated.compute_ms == 15
