import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.performance import curves
from model.performance.curves import PLACE, going_on, moved, pack, pulse, step

BASE = np.zeros((1, 5))


def at(rows: list[curves.Row], *times_s: float) -> np.ndarray:
    return moved(BASE, pack([rows]), np.array([times_s]))[0]


def test_a_pulse_goes_there_and_back() -> None:
    nod = pulse(1.0, 0.2, 0.1, 0.4, pitch=5.0)
    pitch = at([nod], 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 9.0)[:, PLACE["pitch"]]
    np.testing.assert_allclose(pitch, [0, 0, 2.5, 5, 5, 5 * (1 - curves.minimum_jerk(np.array(0.75))), 0, 0])
    assert not at([nod], 1.2)[:, PLACE["yaw"]].any()


def test_a_step_stays() -> None:
    yaw = at([step(1.0, 0.5, turn_yaw=4.0)], 0.5, 1.25, 1.5, 1e5)[:, PLACE["turn_yaw"]]
    np.testing.assert_allclose(yaw, [0, 2, 4, 4])


onsets_s, lasting_s, sizes = st.floats(0, 8), st.floats(0.03, 2), st.floats(1, 9)
events = st.one_of(
    st.builds(lambda at, lasts, size: step(at, lasts, gaze_yaw=size, gaze_pitch=-size), onsets_s, lasting_s, sizes),
    st.builds(lambda at, lasts, size: step(at, lasts, turn_yaw=size, turn_roll=size / 3), onsets_s, lasting_s, sizes),
    st.builds(
        lambda at, lasts, size: pulse(at, lasts, lasts / 3, 2 * lasts, pitch=size, frown=size),
        onsets_s, lasting_s, sizes,
    ),
)  # fmt: skip


@given(rows=st.lists(events, max_size=12), now_s=st.floats(0, 15))
def test_what_is_over_can_be_dropped_without_changing_a_bit(rows: list[curves.Row], now_s: float) -> None:
    times = now_s + np.array([[0.0, 0.01, 0.4, 3.0]])
    whole = moved(BASE, pack([rows]), times)
    base, kept = going_on((0.0,) * 5, rows, now_s)
    assert np.array_equal(whole, moved(np.array([base]), pack([kept]), times))
    assert len(kept) <= len(rows)
    if now_s > 14.9:
        assert not kept


def test_sessions_of_many_and_few_events_share_a_table() -> None:
    many = [pulse(0.1 * k, 0.1, 0, 0.1, y=1.0) for k in range(5)]
    times = np.array([[0.1, 0.2], [0.1, 0.2]])
    both = moved(np.zeros((2, 5)), pack([many, []]), times)
    assert np.array_equal(both[:1], moved(BASE, pack([many]), times[:1]))
    assert not both[1].any()


def test_names_of_channels_are_checked() -> None:
    with pytest.raises(KeyError):
        pulse(0, 1, 0, 1, pich=2)
