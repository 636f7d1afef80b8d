"""Learns the animator from a dataset of real curves whose words are known by GRID's alignments."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress
from torch import Tensor

from model.windows import SAMPLE_RATE_HZ, Floats
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets import alignments
from training.datasets.clips import Clip, Curves, resting_face
from training.datasets.dataset import Dataset, told
from training.phones.align import aligned, letters_spelt
from training.phones.spoken import Spoken, Timed
from training.phones.table import INDEX, PHONES, SILENCE, VISEME_OF
from training.talkers.animator import CONTEXT, FPS, Animator, PhoneNetwork, merged, shares

log = logging.getLogger(__name__)

STEPS: Final = 400
BATCH: Final = 24
FRAMES: Final = 100
"""Two seconds of each recording in a batch."""
RATE: Final = 3e-3
"""Greatest learning rate; half of a cosine leads it to 0."""
VELOCITY: Final = 0.5
"""Weight of the error in the changes from frame to frame."""
FEWEST: Final = 12
"""A phone that is spoken less often than this is not learnt: a neighbour stands for it."""
MOST_RATIO: Final = 2.0
"""The network shrinks a shape that phones say little about; it is not made larger by more than this."""
RESTING: Final = 40
"""Recordings in which the resting face is found."""
LEAST_STD: Final = 0.005
_VOWELS: Final = frozenset(["i", "I", "e", "E", "er", "@", "ae", "a", "A", "V", "u", "U", "o", "O"])


@dataclass(frozen=True, eq=False)
class Lesson:
    """A recording: its phones, how much of each frame they fill (`shares`), and its face (T, 52) at `FPS`."""

    phones: tuple[Timed, ...]
    filled: Floats
    face: Curves
    seen: NDArray[np.bool_]


def of_grid(clip: Clip, folder: Path) -> Spoken:
    """What is said in one of GRID's recordings, by its words and the aligner.

    Raises FacewireError without an alignment of its name in the folder, or if the sound does not fit it.
    """
    words = alignments.words(folder / f"{clip.recording}.flac")
    if not words:
        raise FacewireError(f"{folder}: no {clip.recording}.align there")
    said = [word.text for word in words]
    return Spoken(clip.identity, "en-gb", " ".join(said), aligned(clip.samples, letters_spelt(said)))


def lesson(clip: Clip, spoken: Spoken) -> Lesson:
    """A recording as it is learnt from."""
    frames = int(len(clip) / SAMPLE_RATE_HZ * FPS)
    face, seen = clip.at(np.arange(frames) / FPS)
    return Lesson(spoken.phones, shares(spoken, frames), face.astype(np.float32), seen)


def lessons(clips: Sequence[Clip], folder: Path, bar: Progress) -> list[Lesson]:
    """Recordings with phones, without those that the aligner cannot follow. Raises FacewireError if none is left."""
    made, lost = [], 0
    task = bar.add_task("phones", total=len(clips))
    for clip in clips:
        try:
            made.append(lesson(clip, of_grid(clip, folder)))
        except FacewireError as error:
            lost += 1
            log.debug("%s", error)
            last = error
        bar.advance(task)
    if not made:
        raise FacewireError(f"none of {len(clips)} recordings has phones; the last one: {last}")
    if lost:
        log.info("left out: %d of %d recordings, whose words have no alignment or do not fit", lost, len(clips))
    return made


def learn(source: Dataset, made: Sequence[Lesson], seed: int, bar: Progress, steps: int = STEPS) -> Animator:
    """Learn an animator from recordings of one dataset, its train split. The same seed makes the same animator."""
    confidence = _of_mouth(source.clips("train")[0].confidence)
    stands_for = neighbours([timed.phone for each in made for timed in each.phones])
    heard = [torch.from_numpy(merged(each.filled, stands_for)) for each in made]
    face = np.concatenate([each.face[each.seen] for each in made])
    mean, std = face.mean(0), np.maximum(face.std(0), LEAST_STD)
    targets = [torch.from_numpy((each.face - mean) / std) for each in made]
    seen = [torch.from_numpy(each.seen) for each in made]
    torch.manual_seed(seed)
    network = PhoneNetwork()
    _fit(network, (heard, targets, seen), torch.from_numpy(confidence), (seed, steps), bar)
    size = (std * _shrunk(network.eval(), heard, targets)).astype(np.float32)
    rest = resting_face(source.clips("train")[:RESTING])
    provenance = {"data": told([source.folder], "train"), "recordings": len(made), "seed": seed, "steps": steps}
    return Animator(network, stands_for, mean, size, rest, confidence, provenance)


def neighbours(phones: Sequence[str]) -> NDArray[np.int64]:
    """(37,): the phone that stands for each one: itself, or the commonest of its viseme where it is too rare.

    Raises FacewireError if all vowels, or all consonants, of a viseme are rare.
    """
    counts = {phone: phones.count(phone) for phone in PHONES} | {SILENCE: len(phones)}
    found = np.arange(len(PHONES))
    for phone in PHONES:
        if counts[phone] >= FEWEST:
            continue
        near = [other for other in PHONES if VISEME_OF[INDEX[other]] == VISEME_OF[INDEX[phone]]]
        near = [other for other in near if (other in _VOWELS) == (phone in _VOWELS)]
        nearest = max(near, key=lambda other: counts[other])
        if counts[nearest] < FEWEST:
            raise FacewireError(f"the recordings have too little speech: {phone} is hardly ever said, nor {near}")
        found[INDEX[phone]] = INDEX[nearest]
    return found


def _of_mouth(confidence: Curves) -> Curves:
    lips = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27)
    return np.asarray(confidence * lips, np.float32)


def _fit(
    network: PhoneNetwork,
    made: tuple[list[Tensor], list[Tensor], list[Tensor]],
    weight: Tensor,
    run: tuple[int, int],
    bar: Progress,
) -> None:
    seed, steps = run
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    task = bar.add_task("animator", total=steps)
    for _ in range(steps):
        heard, target, seen = (torch.stack(part) for part in zip(*_batch(made, draw), strict=True))
        said = network(heard.transpose(1, 2)).transpose(1, 2)
        count = seen[..., None] * weight
        error = (said - target) * count
        loss = error.square().mean() + VELOCITY * (error[:, 1:] - error[:, :-1]).square().mean() * FPS / 5
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        cooling.step()
        bar.advance(task)


def _batch(
    made: tuple[list[Tensor], list[Tensor], list[Tensor]], draw: torch.Generator
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Stretches of random recordings at random places: `FRAMES`, or as long as the shortest recording."""
    longest = min(FRAMES, min(len(each) for each in made[1]))
    chosen = []
    for which in torch.randint(len(made[0]), (BATCH,), generator=draw).tolist():
        heard, target, seen = (part[which] for part in made)
        begin = int(torch.randint(len(target) - longest + 1, (), generator=draw))
        end = begin + longest
        chosen.append((heard[begin : end + 2 * CONTEXT], target[begin:end], seen[begin:end]))
    return chosen


def _shrunk(network: PhoneNetwork, heard: Sequence[Tensor], targets: Sequence[Tensor]) -> Curves:
    """How many times smaller the deviation of what the network says is than the real one (52,), 1 to `MOST_RATIO`."""
    with torch.inference_mode():
        said = torch.cat([network(each.T[None])[0].T for each in heard]).std(0)
    real = torch.cat(list(targets)).std(0)
    ratio: Curves = (real / said.clamp(min=1e-6)).clamp(1, MOST_RATIO).numpy()
    return ratio
