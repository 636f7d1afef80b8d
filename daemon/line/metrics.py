"""What the stages count for the status line. They write it and never read it: printing it changes nothing."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from daemon.line.timing import Timing


@dataclass
class Metrics:
    """Counters of one run; each is written by one thread only."""

    timing: Timing | None = None
    """The stated latency as the sender keeps it, replaced as a whole; None until motion comes."""
    level_db: float = -100.0
    """Loudness of the newest sound, dB below full scale."""
    hop_ms: deque[float] = field(default_factory=lambda: deque(maxlen=100))
    """Computing time of the last hops."""
    gate: float = 0.0
    """How far the gate is open, 0 to 1."""
    calibrating: bool = False
    """Whether the gate's level is being measured."""
    match: dict[str, float] = field(default_factory=dict)
    """How much the voice so far is each identity's, cosine."""
    speaking: str | None = None
    """The identity whose face it is, for `auto` the one whose voice was found; None: the mean of all."""
    jumps: int = 0
    """How often the worker went on after lost sound."""
    sent: Counter[int] = field(default_factory=Counter)
    """Frames sent, by the receiver's number."""
    skipped: Counter[int] = field(default_factory=Counter)
    """Frames that were not sent because the sender itself was late, by the receiver's number."""
    delays: deque["Delay"] = field(default_factory=lambda: deque(maxlen=300))
    """How late the last frames were, and why, of the first receiver that gets them after the stated latency."""
    held: int = 0
    """Frames sent with an old face, because the new one had not been computed yet."""
    late: int = 0
    """Faces of the model that were computed after their time."""


class Delay(NamedTuple):
    """From the arrival of a frame's sound to its departure, in milliseconds."""

    window_ms: float
    """Until the last sound it needs has arrived."""
    compute_ms: float
    """Until it is computed, including the wait for the worker."""
    send_ms: float
    """Until it is sent, at its time."""
