"""Sound from a file or from the demo voice, played at the speed of the clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from daemon.line.blocks import CHUNK_MS, AudioChunk, samples_ns
from daemon.line.clock import SYSTEM, Clock
from daemon.line.queues import DropOldestQueue
from model.windows import SAMPLE_RATE_HZ, Samples

CHUNK_SAMPLES: Final = SAMPLE_RATE_HZ * CHUNK_MS // 1000
DEMO: Final = Path(__file__).parent / "demo.flac"


@dataclass(frozen=True)
class SoundFile:
    """A recording."""

    name: str
    samples: Samples
    """(n,) at 16 kHz."""
    loop: bool = False
    clock: Clock = SYSTEM
    rate_hz: int = SAMPLE_RATE_HZ
    latency_ms: float = 0.0

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        """Deliver each chunk when its last sample has sounded, until the recording ends or `stop` is set."""
        play(self._pieces(), chunks, stop, self.clock)

    def _pieces(self) -> Iterator[Samples]:
        yield from cut(self.samples)
        while self.loop:
            yield from cut(self.samples)


def cut(samples: Samples) -> Iterator[Samples]:
    """Pieces of at most 10 ms."""
    for begin in range(0, len(samples), CHUNK_SAMPLES):
        yield samples[begin : begin + CHUNK_SAMPLES]


def play(pieces: Iterator[Samples], chunks: DropOldestQueue[AudioChunk], stop: Event, clock: Clock) -> None:
    """Deliver pieces of sound at the speed of the clock, until their end or `stop`."""
    began_ns, index = clock.now_ns(), 0
    for piece in pieces:
        clock.sleep_until(began_ns + samples_ns(index + len(piece)))
        if stop.is_set():
            return
        chunks.put(AudioChunk(piece, index, clock.now_ns()))
        index += len(piece)
