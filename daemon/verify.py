"""`facewire verify FILE`: is the face the same however the sound was cut? At once, in random pieces, and live."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.blocks import AudioChunk, Motion
from daemon.files import cut
from daemon.metrics import Metrics
from daemon.queues import DropOldestQueue
from daemon.stages import Stage, run_stages
from daemon.worker import animate, work
from model import stream
from model.face import FaceModel
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


def differences(model: FaceModel, samples: Samples, *, seed: int) -> Iterator[Difference]:
    """Compare each way, one after the other, for (n,) samples; the seed is the face's and the cuts'."""
    whole = stream.render(model, samples, seed=seed)
    yield _difference("random pieces", _fed(model, seed, _random_pieces(samples, seed)), whole)
    yield _difference("live stages", _live(model, seed, cut(samples)), whole)


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


def _fed(model: FaceModel, seed: int, pieces: Iterable[Samples]) -> Face:
    state = stream.start(model, seeds=[seed], identities=[None])
    return np.concatenate([motion.faces for motion in animate(model, state, _chunks(pieces), Metrics())])


def _live(model: FaceModel, seed: int, pieces: Iterable[Samples]) -> Face:
    """Through the program's own stages, without its clock, the queues so long that nothing gives way."""
    state = stream.start(model, seeds=[seed], identities=[None])
    sound = list(_chunks(pieces))
    chunks, motions = DropOldestQueue[AudioChunk](len(sound)), DropOldestQueue[Motion](len(sound) + 1)
    faces: list[Face] = []

    def capture() -> None:
        for chunk in sound:
            chunks.put(chunk)

    stages = [
        Stage("capture", capture, chunks.close),
        Stage("worker", lambda: work(model, state, chunks, motions, Metrics()), motions.close),
        Stage("sender", lambda: faces.extend(motion.faces for motion in motions), lambda: None),
    ]
    run_stages(stages, Event(), lambda: None)
    return np.concatenate(faces)
