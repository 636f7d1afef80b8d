"""Whom the face listens to: its windows belong to the face's own, whatever the two clocks and cuts are."""

from itertools import islice, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.animate.other import KEPT_SAMPLES, Other, following
from daemon.line.blocks import AudioChunk, samples_ns
from daemon.line.queues import DropOldestQueue
from daemon.sound.anchor import follow
from model.level import BEFORE_SAMPLES, Leveller, levelled
from model.windower import window_at, windows_of
from model.windows import RUMBLE_HZ, Samples, WindowSpec
from tests.daemon.sounds import sound

SPEC = WindowSpec(left_ms=100, hop_ms=40, right_ms=60, highpass_hz=RUMBLE_HZ)
LENGTH = 6_000
VOICE = sound(LENGTH)
HEARD = levelled(VOICE, RUMBLE_HZ)
LATE = 320
"""Samples that the levelled sound may be late: its blocks."""
MS = 1_000_000

cuts = st.lists(st.integers(0, LENGTH), max_size=12)


def chunks(samples: Samples, edges: list[int], anchor_ns: int) -> list[AudioChunk]:
    """As a device delivers them: each when its last sample has been heard."""
    pieces = pairwise([0, *sorted(edges), len(samples)])
    return [AudioChunk(samples[a:b], a, anchor_ns + samples_ns(b)) for a, b in pieces if a < b]


def live(own: list[AudioChunk], others: list[AudioChunk], late_ns: int) -> list[Samples]:
    """The other's window of each hop, cut once all that is heard until `late_ns` after the hop's window is there."""
    other, anchor_ns, made, left = Other(Leveller(RUMBLE_HZ)), None, [], list(others)
    for chunk in own:
        anchor_ns = follow(anchor_ns, chunk.end, len(chunk.samples), chunk.arrived_ns)
        while left and left[0].arrived_ns <= chunk.arrived_ns + late_ns:
            other = other.hear(left.pop(0))
        ready = (chunk.end - SPEC.latency_samples) // SPEC.hop_samples + 1
        made += [other.window(SPEC, hop, anchor_ns) for hop in range(len(made), ready)]
    return made


@given(own=cuts, others=cuts, later=st.integers(-3_000, 3_000))
def test_any_cutting_of_both_streams_gives_the_same_windows(own: list[int], others: list[int], later: int) -> None:
    anchor_ns = 77 * MS
    theirs = chunks(VOICE, others, anchor_ns + later * 62_500)
    made = live(chunks(np.zeros(LENGTH, np.float32), own, anchor_ns), theirs, late_ns=10**9)
    assert len(made) == (LENGTH - SPEC.latency_samples) // SPEC.hop_samples + 1
    for hop, window in enumerate(made):
        until = LENGTH - LATE + later - hop * SPEC.hop_samples + SPEC.left_samples
        np.testing.assert_array_equal(window[: max(0, until)], window_at(SPEC, hop, HEARD, later)[: max(0, until)])


@given(own=cuts, others=cuts)
def test_what_has_not_come_yet_is_silence(own: list[int], others: list[int]) -> None:
    for hop, window in enumerate(live(chunks(VOICE, own, 0), chunks(VOICE, others, 0), late_ns=0)):
        whole = window_at(SPEC, hop, HEARD)
        there = np.flatnonzero(window != whole)
        assert not window[there[0] if len(there) else len(window) :].any()


def test_a_file_begins_with_the_stream_and_ends_in_silence() -> None:
    other = Other.of(VOICE, RUMBLE_HZ)
    for hop, window in enumerate(windows_of(SPEC, VOICE)[: LENGTH // SPEC.hop_samples - 2]):
        np.testing.assert_array_equal(other.window(SPEC, hop, 99 * MS), window.sound)
    assert not other.window(SPEC, 1_000, 0).any()


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 40_000)), min_size=1, max_size=8))
def test_lost_sound_is_silence_and_memory_is_bounded(pieces: list[tuple[int, int]]) -> None:
    other, at, fed = Other(Leveller(RUMBLE_HZ)), pieces[0][0], np.empty(0, np.float32)
    for number, (lost, length) in enumerate(pieces):
        lost = lost if number else 0
        samples = sound(length, seed=number)
        at += lost
        other = other.hear(AudioChunk(samples, at, samples_ns(at + length)))
        silence = Leveller(RUMBLE_HZ).push(fed)[0].end(min(lost, KEPT_SAMPLES))
        fed = np.concatenate([fed, silence, samples])
        at += length
        assert len(other.samples) <= KEPT_SAMPLES
        assert at - (LATE if len(fed) >= LATE else 2 * LATE) < other.start + len(other.samples) <= at
    expected = Leveller(RUMBLE_HZ).push(fed)[1].reshape(-1)[-KEPT_SAMPLES:]
    np.testing.assert_array_equal(other.samples, expected)
    hop = (at - SPEC.latency_samples) // SPEC.hop_samples
    np.testing.assert_array_equal(other.window(SPEC, hop, 0), window_at(SPEC, hop, expected, other.start))


def test_a_device_is_followed_as_far_as_it_has_come() -> None:
    queue = DropOldestQueue[AudioChunk](3)
    others = following(queue, RUMBLE_HZ)
    assert not len(next(others).samples)
    for chunk in chunks(VOICE, [1_000, 2_000, 3_000, 4_000], 0):
        queue.put(chunk)  # the first two are dropped
    other = next(others)
    heard = Leveller(RUMBLE_HZ).push(VOICE[2_000:])[1].reshape(-1)
    np.testing.assert_array_equal(other.samples, heard)
    assert (other.start, other.anchor_ns) == (2_000 - BEFORE_SAMPLES, 0)
    queue.close()
    assert [len(each.samples) for each in islice(others, 2)] == [len(heard)] * 2
