from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from daemon.send.slide import SPEED, Slide

SECOND = 1_000_000_000
delays = st.integers(0, 5 * SECOND)
times = st.integers(0, 200 * SECOND)


@given(delays, delays, delays, times, times, st.fractions(0, 300 * SECOND, max_denominator=60_000))
def test_what_is_due_when_and_when_what_is_due_agree(
    first: int, second: int, third: int, start: int, again: int, time: Fraction
) -> None:
    slide = Slide.still(first).towards(second, Fraction(start)).towards(third, Fraction(start + again))
    due = time + slide.delay_ns(time)
    assert slide.time_ns(int(due) + 1) > time - 1
    assert due.denominator > 1 or slide.time_ns(int(due)) == time


@given(delays, delays, times, times)
def test_it_moves_at_its_speed_and_arrives(before: int, after: int, start: int, gone: int) -> None:
    slide = Slide.still(before).towards(after, Fraction(start))
    assert slide.delay_ns(Fraction(start)) == before
    moved = abs(slide.delay_ns(Fraction(start + gone)) - before)
    assert moved == min(abs(after - before), SPEED * gone)
    assert slide.delay_ns(start + abs(after - before) / SPEED) == after
