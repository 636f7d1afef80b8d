import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.phones.spoken import Timed
from training.talkers.times import EARLY_SAMPLES, UNIT_SAMPLES, timed

LOUD = np.tile(np.array([0.3, -0.3], np.float32), 16_000)


def spans(tokens: str, durations: list[int], sound: np.ndarray = LOUD) -> list[tuple[str, int, int]]:
    """Phones, with their begin and end in units."""
    return [
        (phone, (begin + EARLY_SAMPLES) // UNIT_SAMPLES, (end + EARLY_SAMPLES) // UNIT_SAMPLES)
        for phone, begin, end in timed(tokens, [4, *durations, 2], sound)
    ]


def test_marks_belong_to_their_neighbours() -> None:
    assert spans("mˈiː", [3, 1, 2, 5]) == [("m", 4, 7), ("i", 7, 15)]


def test_two_phones_share_one_letter() -> None:
    assert spans("sA", [3, 4]) == [("s", 4, 7), ("e", 7, 9), ("I", 9, 11)]


def test_a_blank_is_silence_if_it_is_quiet() -> None:
    quiet = LOUD.copy()
    begin = 8 * UNIT_SAMPLES - EARLY_SAMPLES
    quiet[begin : begin + 12 * UNIT_SAMPLES] = 0
    assert spans("a, a", [4, 6, 6, 4]) == [("a", 4, 20), ("a", 20, 24)]
    assert spans("a, a", [4, 6, 6, 4], quiet) == [("a", 4, 8), ("a", 20, 24)]


def test_the_silence_before_a_stop_is_its_closure() -> None:
    quiet = LOUD.copy()
    begin = 8 * UNIT_SAMPLES - EARLY_SAMPLES
    quiet[begin : begin + 6 * UNIT_SAMPLES] = 0
    assert spans("a p", [4, 6, 2], quiet) == [("a", 4, 8), ("p", 8, 16)]


@given(st.text("aˈpː ,.mAʤ", max_size=30), st.data())
def test_phones_never_overlap(tokens: str, data: st.DataObject) -> None:
    durations = data.draw(st.lists(st.integers(1, 20), min_size=len(tokens), max_size=len(tokens)))
    sound = LOUD[: data.draw(st.integers(0, len(LOUD)))]
    found = timed(tokens, [3, *durations, 3], sound)
    edges = [edge for phone, *both in found for edge in both]
    assert edges == sorted(edges)
    assert all(isinstance(each, Timed) and 0 <= each.begin < each.end <= len(sound) for each in found)
