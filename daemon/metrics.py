"""What the stages count for the status line. Written by them, never read by them: printing changes nothing."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Metrics:
    """Counters of one run; each is written by one thread only."""

    level_db: float = -100.0
    """Loudness of the newest sound, dB below full scale."""
    hop_ms: deque[float] = field(default_factory=lambda: deque(maxlen=100))
    """Computing time of the last hops."""
    jumps: int = 0
    """Times that the worker went on after lost sound."""
    packets: int = 0
    """Frames sent, all receivers together."""
    held: int = 0
    """Frames sent with an old face, because the new one was not there yet."""
    late: int = 0
    """Faces of the model that came after their time."""
    skipped: int = 0
    """Frames that were not sent because the sender itself was late."""
