from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.line.queues import Closed, DropOldestQueue


@given(st.integers(1, 8), st.lists(st.integers()))
def test_the_newest_are_kept_in_order_and_the_dropped_counted(size: int, items: list[int]) -> None:
    queue = DropOldestQueue[int](size)
    for item in items:
        queue.put(item)
    queue.close()
    assert list(queue) == items[-size:]
    assert queue.dropped == max(0, len(items) - size)


def test_a_closed_queue_gives_out_what_it_holds_and_then_says_so() -> None:
    queue = DropOldestQueue[int](4)
    queue.put(1)
    queue.close()
    queue.put(2)
    assert queue.get() == 1
    with pytest.raises(Closed):
        queue.get()


def test_what_waits_is_taken_at_once_and_nothing_is_waited_for() -> None:
    queue = DropOldestQueue[int](4)
    assert queue.waiting() == []
    queue.put(1)
    queue.put(2)
    assert queue.waiting() == [1, 2]
    queue.put(3)
    queue.close()
    assert queue.waiting() == [3]
    assert queue.waiting() == []


def test_get_gives_none_if_nothing_came_in_time() -> None:
    assert DropOldestQueue[int](4).get(timeout_s=0) is None


def test_a_waiting_consumer_gets_what_another_thread_puts() -> None:
    queue, got = DropOldestQueue[int](100), list[int]()
    consumer = Thread(target=lambda: got.extend(queue))
    consumer.start()
    for item in range(50):
        queue.put(item)
    queue.close()
    consumer.join(10)
    assert got == list(range(50))
