"""Where the stream's sound lies on the wall's clock: jitter is ignored, drift is followed, loss is noticed.

A chunk can arrive late but never early, so the earliest arrival seen tells when sample 0 arrived: the anchor.
Sound cards' clocks are off by some parts in a million, therefore the anchor may also creep later, slowly.
"""

from typing import Final

from daemon.line.blocks import samples_ns
from model.windows import SAMPLE_RATE_HZ

DRIFT_PPM: Final = 1000
LOST_NS: Final = 50_000_000
"""Sound that is behind by this much for a whole second is not late: some of it was lost."""


def follow(anchor_ns: int | None, end: int, samples: int, arrived_ns: int) -> int:
    """The anchor after a chunk of so many samples, up to index `end`, arrived: its own if that is earlier."""
    seen_ns = arrived_ns - samples_ns(end)
    if anchor_ns is None:
        return seen_ns
    return min(seen_ns, anchor_ns + samples_ns(samples) * DRIFT_PPM // 1_000_000)


class Timeline:
    """Gives each chunk of a sound card its place: after the one before, or further on where sound was lost."""

    def __init__(self) -> None:
        self._end = 0
        self._anchor_ns: int | None = None
        self._watched = 0
        self._least_lag_ns: int | None = None

    def place(self, samples: int, arrived_ns: int) -> int:
        """Index of the first sample of a chunk that has just arrived."""
        self._skip_lost(samples, arrived_ns)
        start = self._end
        self._end += samples
        self._anchor_ns = follow(self._anchor_ns, self._end, samples, arrived_ns)
        return start

    def skip_to(self, time_ns: int) -> None:
        """The sound was away until then: go on at the index that belongs to that time."""
        if self._anchor_ns is not None:
            self._end = max(self._end, (time_ns - self._anchor_ns) * SAMPLE_RATE_HZ // 1_000_000_000)
        self._watched, self._least_lag_ns = 0, None

    def _skip_lost(self, samples: int, arrived_ns: int) -> None:
        """Once a second: if even the least late chunk of that second was late, move on by as much."""
        if self._anchor_ns is None:
            return
        lag_ns = arrived_ns - samples_ns(self._end + samples) - self._anchor_ns
        self._least_lag_ns = lag_ns if self._least_lag_ns is None else min(self._least_lag_ns, lag_ns)
        self._watched += samples
        if self._watched >= SAMPLE_RATE_HZ:
            lost_ns = self._least_lag_ns if self._least_lag_ns > LOST_NS else 0
            self.skip_to(self._anchor_ns + samples_ns(self._end) + lost_ns)
