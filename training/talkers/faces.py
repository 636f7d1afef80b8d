"""Speech with known phones, and the face that an animator gives it, as a dataset to train on."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from training.datasets.dataset import Done, Found, Skipped
from training.phones import spoken
from training.phones.spoken import SUFFIX
from training.phones.table import CLOSED
from training.talkers.animator import FPS, Animator
from training.talkers.manner import Lively


def recordings(
    folder: Path, sounds: Sequence[Path], animator: Animator | Lively, speaker: str, licence: str, done: Done
) -> Iterator[Found | Skipped]:
    """The recordings with their faces, one by one; those that are `done` are passed over."""
    for sound in sounds:
        phones = sound.with_suffix(SUFFIX)
        try:
            if not done(phones, sound):
                name = sound.relative_to(folder).with_suffix("").as_posix()
                yield _found(sound, phones, name, animator, speaker, licence)
        except FacewireError as error:
            yield Skipped(phones, str(error), broken=True)


def licence_of(provenance: dict[str, Any], speech: str) -> str:
    """The licence of speech and face together; `speech` is that of the sound.

    Raises FacewireError for an animator that does not tell what it was learnt from.
    """
    try:
        sources = [(name, str(row["licence"])) for who in provenance["data"].values() for name, row in who.items()]
    except (KeyError, TypeError, AttributeError) as error:
        raise FacewireError(f"the animator does not tell the licences that it was learnt under: {error!r}") from None
    faces = ", ".join(f"{name} ({licence})" for name, licence in sorted(set(sources)))
    return f"{speech}; face learnt from {faces}"


def _found(sound: Path, phones: Path, name: str, animator: Animator | Lively, speaker: str, licence: str) -> Found:
    samples, said = read_audio(sound), spoken.read(sound)
    frames = int(len(samples) / SAMPLE_RATE_HZ * FPS)
    return Found(
        recording=name,
        speaker=speaker,
        licence=licence,
        source=phones,
        samples=samples,
        curves=animator(said, frames, FPS),
        seen=np.ones(frames, bool),
        fps=float(FPS),
        confidence=animator.confidence,
        beside=(sound,),
        closures_s=tuple(each.begin / SAMPLE_RATE_HZ for each in said.phones if each.phone in CLOSED),
    )
