"""A clock that tests turn by hand."""


class FakeClock:
    """Stands still but for `sleep_until`, which takes it there at once, plus `lag_ns`."""

    def __init__(self, now_ns: int = 0, lag_ns: int = 0) -> None:
        self.now = now_ns
        self.lag_ns = lag_ns

    def now_ns(self) -> int:
        return self.now

    def sleep_until(self, due_ns: int) -> None:
        self.now = max(self.now, due_ns + self.lag_ns)
