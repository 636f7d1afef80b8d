"""The queue between stages: bounded, and it drops the oldest item when it is full."""

from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):  # noqa: N818
    """The queue is closed and empty: no more items will come."""


class DropOldestQueue(Generic[T]):
    """Holds at most `size` items. A full queue drops its oldest: late motion is worse than lost motion."""

    def __init__(self, size: int) -> None:
        self.dropped = 0
        """How many items have been dropped."""
        self._items: deque[T] = deque()
        self._size = size
        self._closed = False
        self._changed = Condition()

    def put(self, item: T) -> None:
        """Append an item; never waits. After `close` it is ignored."""
        with self._changed:
            if self._closed:
                return
            if len(self._items) == self._size:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify()

    def get(self, timeout_s: float | None = None) -> T | None:
        """Take the oldest item; None if there is none in time. Raises Closed at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            if self._items:
                return self._items.popleft()
            if self._closed:
                raise Closed
            return None

    def waiting(self) -> list[T]:
        """Take all items that are there, the oldest first, without waiting for more; also after the end."""
        with self._changed:
            items = list(self._items)
            self._items.clear()
            return items

    def close(self) -> None:
        """Say that no more items will be put; those in the queue can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take all items, waiting for each, until the queue is closed and empty."""
        try:
            while True:
                item = self.get()
                assert item is not None  # without a timeout, get waits
                yield item
        except Closed:
            return
