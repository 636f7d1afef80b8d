"""`facewire verify`: checks that the face is the same for a whole recording, for random pieces of it, and live."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from daemon.commands.options import Checkpoint, Encoder, RuntimeOption, Sound
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.line.stages import Stage, run_stages
from daemon.settings.config import DaemonConfig, RuntimeChoice
from daemon.settings.live import LiveSettings
from model.windows import Samples
from protocols.errors import FacewireError

if TYPE_CHECKING:
    from model.runtime import Runtime

LIMIT: Final = 1e-5
LONGEST_PIECE: Final = 5_000

Face = NDArray[np.float32]


def verify(
    sound: Sound,
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: RuntimeOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the face and of the random cuts.")] = 0,
    hop_ms: Annotated[int | None, typer.Option(help="A hop of the checkpoint's dial, in ms.")] = None,
) -> None:
    """Show that the live face equals the rendered one, however the sound is cut.

    Example: facewire verify talk.wav
    """
    from daemon.animate.face import open_face
    from model.audio import read_audio

    samples = read_audio(sound)
    face, good = open_face(checkpoint, encoder, runtime or RuntimeChoice.AUTO), True
    for difference in differences(face, samples, seed=seed, hop_ms=hop_ms):
        good = good and difference.good
        typer.echo(
            f"{'ok ' if difference.good else 'BAD'} {difference.way}: differs by {difference.largest:.1e} at most"
        )
    if not good:
        raise FacewireError(f"the face depends on how the sound is cut: more than {LIMIT:g}. Please report this.")


@dataclass(frozen=True)
class Difference:
    """How far the face differs between one way of feeding the sound and the whole recording at once."""

    way: str
    largest: float
    """Largest difference of any shape or number of the pose in any frame; infinite if the number of frames differs."""

    @property
    def good(self) -> bool:
        """Whether it is within the limit."""
        return self.largest <= LIMIT


def differences(runtime: "Runtime", samples: Samples, *, seed: int, hop_ms: int | None = None) -> Iterator[Difference]:
    """Compare each way for samples (n,) at 16 kHz, one after another; the seed is that of the face and of the cuts."""
    from daemon.animate.offline import perform
    from daemon.sound.files import cut

    settings = LiveSettings(DaemonConfig(seed=seed, hop_ms=hop_ms))
    made = perform(runtime, samples, settings.now)
    whole = np.concatenate([made.weights, made.poses], 1)
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


def _fed(runtime: "Runtime", settings: LiveSettings, pieces: Iterable[Samples]) -> Face:
    from daemon.animate.face import begin
    from daemon.animate.worker import animate

    motions = animate(runtime, begin(runtime, settings.now), _chunks(pieces), settings, Metrics())
    return _shown(motions, settings)


def _live(runtime: "Runtime", settings: LiveSettings, pieces: Iterable[Samples]) -> Face:
    """Through the stages of the live program, without its clock, and with queues so long that nothing is dropped."""
    from daemon.animate.face import begin
    from daemon.animate.worker import work

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
    from daemon.send.pacing import amplify

    made = list(motions)
    weights, poses = (np.concatenate(each) for each in ([m.weights for m in made], [m.poses for m in made]))
    return np.concatenate([amplify(weights, settings.now.gains), poses], 1)
