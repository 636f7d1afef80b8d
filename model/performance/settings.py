"""What a user decides about a performance: how much of each part, which mood, where it looks."""

from dataclasses import dataclass
from typing import Final

from protocols.errors import FacewireError

MOODS: Final = ("neutral", "happy", "sad", "angry", "surprised", "afraid", "tired", "disgusted", "auto")
"""`auto`: no more than how excited the voice is."""
STRONGEST: Final = 2.0
FARTHEST_DEG: Final = 40.0
"""Beyond this somebody would turn the whole body."""


@dataclass(frozen=True)
class Settings:
    """Strengths are 0 (off) to 2; 1 is like people. Raises FacewireError for any other value."""

    blinks: float = 1.0
    """How often: of the usual rate. Lids close as far as ever."""
    gaze: float = 1.0
    head: float = 1.0
    brows: float = 1.0
    listening: float = 1.0
    """Size of the nods while somebody else speaks, or nobody does."""
    mood: str = "neutral"
    mood_intensity: float = 0.6
    """0 to 1."""
    liveliness: float = 1.0
    """Scales what is random about head, brows and gaze; what the voice sets off stays. 0 to 2."""
    look_at: tuple[float, float] = (0.0, 0.0)
    """Where the eyes look: yaw and pitch in degrees from straight ahead, which is the camera."""

    def __post_init__(self) -> None:
        for name in ("blinks", "gaze", "head", "brows", "listening", "liveliness"):
            _check(name, getattr(self, name), 0.0, STRONGEST)
        _check("mood_intensity", self.mood_intensity, 0.0, 1.0)
        if self.mood not in MOODS:
            raise FacewireError(f"mood {self.mood!r}: must be one of {', '.join(MOODS)}")
        for degrees in self.look_at:
            _check("look_at", degrees, -FARTHEST_DEG, FARTHEST_DEG)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # so that NaN is bad as well
        raise FacewireError(f"performance {name} = {value}: must be {least:g} to {most:g}")
