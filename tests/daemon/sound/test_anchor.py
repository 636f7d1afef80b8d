from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.line.blocks import samples_ns
from daemon.sound.anchor import Timeline, follow

CHUNK = 160
MS = 1_000_000


def arrivals(chunks: int, jitter_ms: list[int], drift_ppm: float = 0) -> list[int]:
    """When each chunk arrives: at its end on the sound card's clock, plus jitter."""
    ends = [samples_ns((i + 1) * CHUNK) for i in range(chunks)]
    return [round(end * (1 + drift_ppm / 1e6)) + jitter_ms[i % len(jitter_ms)] * MS for i, end in enumerate(ends)]


def anchors(arrived: list[int]) -> list[int]:
    anchor, found = None, []
    for i, at in enumerate(arrived):
        anchor = follow(anchor, (i + 1) * CHUNK, CHUNK, at)
        found.append(anchor)
    return found


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20))
def test_jitter_moves_the_anchor_by_a_millisecond_at_most(jitter_ms: list[int]) -> None:
    settled = anchors(arrivals(300, jitter_ms))[len(jitter_ms) :]
    assert all(abs(anchor - min(jitter_ms) * MS) < MS for anchor in settled)


@settings(max_examples=10)
@given(st.integers(-900, 900))
def test_drift_of_the_sound_card_is_followed(ppm: int) -> None:
    arrived = arrivals(20_000, [0, 7, 3], ppm)
    seen = arrived[-2] - samples_ns((len(arrived) - 1) * CHUNK)  # one without jitter
    assert abs(anchors(arrived)[-1] - seen) < MS


def test_chunks_follow_each_other_however_late_they_are() -> None:
    timeline = Timeline()
    starts = [timeline.place(CHUNK, at) for at in arrivals(500, [0, 90, 45])]
    assert starts == [i * CHUNK for i in range(500)]


def test_lost_sound_is_noticed_within_two_seconds_and_skipped() -> None:
    timeline = Timeline()
    before = arrivals(300, [0, 5])
    lost = 20 * CHUNK
    after = [at + samples_ns(300 * CHUNK + lost) for at in arrivals(200, [0, 5])]
    starts = [timeline.place(CHUNK, at) for at in before + after]
    assert starts[299] == 299 * CHUNK
    assert abs(starts[-1] - (499 * CHUNK + lost)) <= CHUNK
    assert all(b >= a + CHUNK for a, b in pairwise(starts))


def test_after_an_absence_the_index_skips_ahead_by_the_time_that_passed() -> None:
    timeline = Timeline()
    for at in arrivals(100, [0]):
        timeline.place(CHUNK, at)
    back_ns = 60 * 1000 * MS
    timeline.skip_to(back_ns)
    assert abs(timeline.place(CHUNK, back_ns + 10 * MS) - 60 * 16_000) <= 16


def test_before_any_sound_nothing_can_be_skipped() -> None:
    timeline = Timeline()
    timeline.skip_to(5_000 * MS)
    assert timeline.place(CHUNK, 5_010 * MS) == 0
