"""The one form in which training reads recordings: a folder that `facewire-train prepare` makes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.windows import Samples
from training.clips import Curves

Done = Callable[..., bool]
"""`done(source, *beside)`: whether the recording of these files is in the dataset already, so need not be read.

An importer is a generator of `Found | Skipped`, one for each recording; it passes over what is done.
"""


@dataclass(frozen=True, eq=False)
class Found:
    """A recording as an importer read it."""

    recording: str
    """Its name, unique in the set: splits go by it."""
    speaker: str
    licence: str
    source: Path
    """The file of its curves, or the video."""
    samples: Samples
    """(n,) float32 at 16 kHz."""
    curves: Curves
    """(frames, 52) in the order of `blendshapes.NAMES`; frame i is at i / fps seconds of the sound."""
    seen: NDArray[np.bool_]
    """(frames,): whether a face was found."""
    fps: float
    confidence: Curves
    """(52,): 1 well observed, 0 not captured."""
    emotion: str | None = None
    lip_gap: Curves | None = None
    """(frames,): as measured in the picture, where it was."""
    beside: tuple[Path, ...] = ()
    """Further files that it was read from: its sound, where that is a file of its own."""
    closures_s: tuple[float, ...] = ()
    """Onsets of words that begin with p, b or m, where the set says when its words are said."""


@dataclass(frozen=True)
class Skipped:
    """A recording that an importer did not take."""

    source: Path
    reason: str
    broken: bool
    """Whether something is wrong with it; else it is merely not wanted."""
