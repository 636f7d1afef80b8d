"""A dataset's `manifest.json`, with a row for every recording."""

from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from protocols import blendshapes
from training.datasets.clips import Curves

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
"""Its name in the dataset's folder."""


class Recording(BaseModel):
    """A row of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    sha256: str
    """Of the file."""
    recording: str
    speaker: str
    emotion: str | None
    licence: str
    source: str
    """Name of the file it was read from."""
    source_sha256: str
    """Of that file and those beside it."""
    fps: float
    frames: int
    seconds: float
    """Of the sound."""
    captured: list[str]
    confidence: dict[str, float]
    """Of the captured shapes, where it is not 1."""
    offset_ms: float
    """How far the curves of the dataset lag behind the sound."""
    seen: float
    """Share of frames in which a face was found."""
    closures_s: list[float]

    def weights(self) -> Curves:
        """Confidence of every shape (52,)."""
        known = {name: self.confidence.get(name, 1.0) for name in self.captured}
        return np.array([known.get(name, 0.0) for name in blendshapes.NAMES], np.float32)


class Manifest(BaseModel):
    """The contents of a dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = FORMAT
    name: str
    made_by: str
    recordings: list[Recording]
