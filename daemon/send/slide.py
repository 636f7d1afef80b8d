"""A delay that moves slowly from one value to another: frames leave a little closer together or further apart."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

SPEED: Final = Fraction(1, 20)
"""Of the time that passes: motion that is 5 % faster or slower looks the same."""


@dataclass(frozen=True)
class Slide:
    """A delay as a function of audio time, in nanoseconds."""

    before_ns: Fraction
    after_ns: Fraction
    start_ns: Fraction = Fraction(0)
    """The audio time until which it is `before_ns`."""

    @classmethod
    def still(cls, delay_ns: int) -> Self:
        """A delay that does not move."""
        return cls(Fraction(delay_ns), Fraction(delay_ns))

    def delay_ns(self, time_ns: Fraction) -> Fraction:
        """The delay at an audio time."""
        way_ns = self.after_ns - self.before_ns
        gone_ns = min(abs(way_ns), SPEED * max(Fraction(0), time_ns - self.start_ns))
        return self.before_ns + (gone_ns if way_ns > 0 else -gone_ns)

    def time_ns(self, age_ns: int) -> Fraction:
        """The audio time that is due so long after audio time 0 was captured: the inverse of time + delay."""
        moving_ns = age_ns - self.before_ns - self.start_ns
        if moving_ns <= 0:
            return age_ns - self.before_ns
        way_ns = self.after_ns - self.before_ns
        passed_ns = moving_ns / (1 + SPEED if way_ns > 0 else 1 - SPEED)
        if SPEED * passed_ns >= abs(way_ns):
            return age_ns - self.after_ns
        return self.start_ns + passed_ns

    def towards(self, delay_ns: int, start_ns: Fraction) -> Self:
        """The slide from what this one is at `start_ns` to another delay."""
        return type(self)(self.delay_ns(start_ns), Fraction(delay_ns), start_ns)
