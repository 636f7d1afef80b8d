"""Sound piped in: raw PCM, signed 16 bit little endian, mono, on standard input.

A pipe can hold a live feed (arecord, ffmpeg from a device) or a recording (cat). A feed is taken as it arrives,
beginning with its newest sound, for the pipe has filled up while the program was starting; a recording is played
at the speed of the clock from its beginning. The first 300 ms tell which it is.
"""

import logging
import os
import queue
import sys
import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import Final

import numpy as np

from daemon.line.blocks import CHUNK_MS, AudioChunk
from daemon.line.clock import SYSTEM, Clock
from daemon.line.queues import DropOldestQueue
from daemon.sound.files import cut, play
from daemon.sound.resample import Resampler, lag_ms
from model.windows import Samples
from protocols.errors import FacewireError

PROBE_S: Final = 0.3
PIPE_BYTES: Final = 64 * 1024
"""What a pipe holds; a live feed cannot have more waiting, half as much again is a recording."""

log = logging.getLogger(__name__)


class StandardInput:
    """PCM from standard input at any rate."""

    name = "standard input"

    def __init__(self, rate_hz: int, clock: Clock = SYSTEM) -> None:
        if sys.stdin is None or sys.stdin.isatty():
            raise FacewireError(
                "input '-' reads raw sound from a pipe, and there is none; "
                "try: ffmpeg -i talk.mp3 -f s16le -ac 1 -ar 16000 - | facewire run --input -"
            )
        self.clock = clock
        self.rate_hz = rate_hz
        self.latency_ms = lag_ms(rate_hz)

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        """Deliver what is piped in until it ends or `stop` is set."""
        pieces: queue.Queue[bytes] = queue.Queue(1)  # one: a full queue holds the writer of a recording back
        Thread(target=_read, args=(sys.stdin.fileno(), pieces), name="stdin", daemon=True).start()
        backlog, recorded, ended = _probe(pieces, stop)
        if not recorded:
            newest = 2 * self.rate_hz * CHUNK_MS // 1000
            backlog = backlog[max(0, len(backlog) - len(backlog) % 2 - newest) :]
        pcm = self._resampled(_rest(backlog, ended, pieces, stop))
        sound = (piece for samples in pcm for piece in cut(samples))
        if recorded:
            play(sound, chunks, stop, self.clock)
            return
        index = 0
        for piece in sound:
            chunks.put(AudioChunk(piece, index, self.clock.now_ns()))
            index += len(piece)

    def _resampled(self, data: Iterator[bytes]) -> Iterator[Samples]:
        resampler, odd = Resampler(self.rate_hz), b""
        for more in data:
            whole = odd + more
            odd = whole[len(whole) - len(whole) % 2 :]
            pcm = np.frombuffer(whole[: len(whole) - len(odd)], "<i2")
            yield resampler.push(pcm.astype(np.float32) / np.float32(32768))
        yield resampler.push(np.empty(0, np.float32), last=True)


def _read(descriptor: int, pieces: "queue.Queue[bytes]") -> None:
    """Thread: read until the end (b""). Not through sys.stdin, whose lock would hang the program's exit."""
    data = b"-"
    while data:
        try:
            data = os.read(descriptor, PIPE_BYTES)
        except OSError as error:
            log.warning("standard input cannot be read: %s", error.strerror)
            data = b""
        pieces.put(data)


def _probe(pieces: "queue.Queue[bytes]", stop: Event) -> tuple[bytes, bool, bool]:
    """What came in the first moments; whether it is a recording; whether it has ended already."""
    held, until = b"", time.monotonic() + PROBE_S
    while not stop.is_set() and len(held) <= 3 * PIPE_BYTES // 2:
        try:
            data = pieces.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return held, False, False
        if not data:
            return held, True, True
        held += data
    return held, True, False


def _rest(first: bytes, ended: bool, pieces: "queue.Queue[bytes]", stop: Event) -> Iterator[bytes]:
    yield first
    while not ended and not stop.is_set():
        try:
            data = pieces.get(timeout=0.1)
        except queue.Empty:
            continue
        ended = not data
        yield data
