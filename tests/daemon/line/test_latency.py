from fractions import Fraction

import pytest

from daemon.line.latency import interpolation_ms, latency
from model.windows import WindowSpec

WINDOW = WindowSpec(740, 100, 160)


def test_the_parts_add_up_and_are_told_by_name() -> None:
    delay = latency(12.3, WINDOW, 24.2)
    assert str(delay) == "313 ms = device 13 + chunk 10 + hop 100 + lookahead 160 + tail 5 + compute 25"
    assert delay.total_ms == 313
    assert delay.after_arrival_ms == 300


@pytest.mark.parametrize(("rate", "wait_ms"), [(15, 0), (30, 0), (60, 17), (120, 25), (24, 25), (25, 27)])
def test_a_rate_between_the_models_frames_waits_for_the_next(rate: int, wait_ms: int) -> None:
    assert interpolation_ms(30, Fraction(rate)) == wait_ms


@pytest.mark.parametrize("rate", [24, 25, 30, 48, 50, 60, 90, 120])
def test_no_frame_is_due_before_the_face_after_it_can_be_there(rate: int) -> None:
    """The face of hop h can be there when its window is: the latest of them decides."""
    delay = latency(0, WINDOW, 0)
    later_ms = interpolation_ms(30, Fraction(rate))
    for n in range(3 * rate):
        time_ms = Fraction(1000 * n, rate)
        needed = -(-time_ms * 30 // 1000)  # the model's frame at or after it
        there_ms = needed // 3 * 100 + 100 + 160 + 5 + delay.chunk_ms
        assert time_ms + delay.after_arrival_ms + later_ms >= there_ms
