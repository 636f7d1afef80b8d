"""What the stages count for the status line. Written by them, never read by them: printing changes nothing."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass
class Metrics:
    """Counters of one run; each is written by one thread only."""

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
    """Whose face it is: the identity, or for `auto` whose voice was found; None: the mean of all."""
    jumps: int = 0
    """Times that the worker went on after lost sound."""
    sent: Counter[int] = field(default_factory=Counter)
    """Frames sent, by the receiver's number."""
    skipped: Counter[int] = field(default_factory=Counter)
    """Frames that were not sent because the sender itself was late, by the receiver's number."""
    delays: deque["Delay"] = field(default_factory=lambda: deque(maxlen=300))
    """How late the last frames of the first receiver were, and why."""
    held: int = 0
    """Frames sent with an old face, because the new one was not there yet."""
    late: int = 0
    """Faces of the model that came after their time."""


class Delay(NamedTuple):
    """From the arrival of a frame's sound to its departure, in milliseconds."""

    window_ms: float
    """Until the last sound that it needed had arrived."""
    compute_ms: float
    """Until it was computed, waiting for the worker included."""
    send_ms: float
    """Until it was sent, at its time."""
