"""`facewire verify FILE`: is the face the same however the sound was cut? At once, in random pieces, and live."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.animate.face import begin
from daemon.animate.offline import perform
from daemon.animate.worker import animate, work
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.line.stages import Stage, run_stages
from daemon.send.pacing import amplify
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from daemon.sound.files import cut
from model.runtime import Runtime
from model.windows import Samples

LIMIT: Final = 1e-5
LONGEST_PIECE: Final = 5_000

Face = NDArray[np.float32]


@dataclass(frozen=True)
class Difference:
    """How far one way of feeding is from the whole recording at once."""

    way: str
    largest: float
    """Largest difference of any shape in any frame; infinite where even the number of frames differs."""

    @property
    def good(self) -> bool:
        """Whether it is within the limit."""
        return self.largest <= LIMIT


def differences(runtime: Runtime, samples: Samples, *, seed: int) -> Iterator[Difference]:
    """Compare each way, one after the other, for (n,) samples; the seed is the face's and the cuts'."""
    settings = LiveSettings(DaemonConfig(seed=seed))
    whole = perform(runtime, samples, settings.now)
    yield _difference("random pieces", _fed(runtime, settings, _random_pieces(samples, seed)), whole)
    yield _difference("live stages", _live(runtime, settings, cut(samples)), whole)


def _difference(way: str, face: Face, whole: Face) -> Difference:
    same = face.shape == whole.shape
    return Difference(way, float(np.abs(face - whole).max(initial=0)) if same else float("inf"))


def _random_pieces(samples: Samples, seed: int) -> Iterator[Samples]:
    random, begin = np.random.default_rng(seed), 0
    while begin < len(samples):
        length = int(random.integers(1, LONGEST_PIECE))
        yield samples[begin : begin + length]
        begin += length


def _chunks(pieces: Iterable[Samples]) -> Iterator[AudioChunk]:
    start = 0
    for piece in pieces:
        yield AudioChunk(piece, start, arrived_ns=0)
        start += len(piece)


def _fed(runtime: Runtime, settings: LiveSettings, pieces: Iterable[Samples]) -> Face:
    motions = animate(runtime, begin(runtime, settings.now), _chunks(pieces), settings, Metrics())
    return _shown(motions, settings)


def _live(runtime: Runtime, settings: LiveSettings, pieces: Iterable[Samples]) -> Face:
    """Through the program's own stages, without its clock, the queues so long that nothing gives way."""
    state, sound = begin(runtime, settings.now), list(_chunks(pieces))
    chunks, motions = DropOldestQueue[AudioChunk](len(sound)), DropOldestQueue[Motion](len(sound) + 1)
    made: list[Motion] = []

    def capture() -> None:
        for chunk in sound:
            chunks.put(chunk)

    stages = [
        Stage("capture", capture, chunks.close),
        Stage("worker", lambda: work(runtime, state, chunks, motions, settings, Metrics()), motions.close),
        Stage("sender", lambda: made.extend(motions), lambda: None),
    ]
    run_stages(stages, Event(), lambda: None)
    return _shown(made, settings)


def _shown(motions: Iterable[Motion], settings: LiveSettings) -> Face:
    return amplify(np.concatenate([motion.faces for motion in motions]), settings.now.gains)
