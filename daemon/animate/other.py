"""Whom the face listens to: the other's recent sound, and the window of it that belongs to one of the face's own.

A file begins with the stream's own first sample. A second input device counts its samples by a clock of its own; both
anchors (`daemon.sound.anchor`) say when a sample arrived, and sounds that arrive together belong together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from daemon.line.blocks import AudioChunk
from daemon.line.queues import DropOldestQueue
from daemon.sound.anchor import follow
from model.level import Leveller, levelled
from model.windower import window_at
from model.windows import SAMPLE_RATE_HZ, Samples, WindowSpec

KEPT_SAMPLES: Final = 3 * SAMPLE_RATE_HZ
"""Of a device's sound: a window of a second, and two seconds by which the worker may be late."""


@dataclass(frozen=True)
class Other:
    """What is kept of the other's sound. An immutable value: `hear` returns the next one."""

    leveller: Leveller
    samples: Samples = field(default_factory=lambda: np.empty(0, np.float32))
    """(n,) at 16 kHz, cleaned and levelled (`model.level`)."""
    start: int = 0
    """Index of the first of them."""
    anchor_ns: int | None = None
    """When sample 0 arrived; None for a file."""

    @classmethod
    def of(cls, recording: Samples, highpass_hz: float) -> Self:
        """A file (n,)."""
        return cls(Leveller(highpass_hz), levelled(recording, highpass_hz))

    def hear(self, chunk: AudioChunk) -> Self:
        """Take the next chunk of a device; what was lost before it is silence.

        It is heard once its 20 ms are complete.
        """
        first = self.anchor_ns is None
        end = chunk.start if first else self.start + len(self.samples) + len(self.leveller.waiting)
        lost = self.leveller.end(min(max(0, chunk.start - end), KEPT_SAMPLES))
        leveller, blocks, _ = self.leveller.push(np.concatenate([lost, chunk.samples]))
        kept = np.concatenate([self.samples, blocks.reshape(-1)])[-KEPT_SAMPLES:]
        anchor_ns = follow(self.anchor_ns, chunk.end, len(chunk.samples), chunk.arrived_ns)
        return type(self)(leveller, kept, chunk.end - len(leveller.waiting) - len(kept), anchor_ns)

    def window(self, spec: WindowSpec, hop: int, anchor_ns: int) -> Samples:
        """The other's window (window samples,) for a hop of a stream whose sample 0 arrived at `anchor_ns`.

        What is not there, or not yet, is silence.
        """
        earlier = 0 if self.anchor_ns is None else round((anchor_ns - self.anchor_ns) * SAMPLE_RATE_HZ / 1e9)
        return window_at(spec, hop, self.samples, self.start - earlier)


def following(chunks: DropOldestQueue[AudioChunk], highpass_hz: float) -> Iterator[Other]:
    """What has been heard of a device until now, each time that is asked for; never ends."""
    other = Other(Leveller(highpass_hz))
    while True:
        for chunk in chunks.waiting():
            other = other.hear(chunk)
        yield other
