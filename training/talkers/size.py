"""How large the mouth of somebody unknown moves: fitted to a lively speaker's, once the face is finished.

What a network makes of strange voices is smaller or larger than what it learnt from, shape by shape, because it is
unsure of some sounds more than of others.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.progress import Progress

from model import stream
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from training.datasets.clips import Curves
from training.phones import table
from training.phones.spoken import sound_and_phones
from training.talkers.manner import LIVELY, RULES

SHARE: Final = 0.85
"""Of a lively speaker's size. A face that is sure of half of what it shows is nearer to the truth if it shows less."""
FURTHEST: Final = 2.5
"""A shape is not made more than so many times larger or smaller."""


def wanted() -> Mapping[str, float]:
    """95th percentile of each shape in speech."""
    by_rule = {shape: rule.size for rule in RULES for shape in rule.shapes if "Press" not in shape}
    return {shape: SHARE * size for shape, size in (dict(LIVELY) | by_rule).items()}


def sizes(model: FaceModel, recordings: Sequence[Path], bar: Progress) -> Curves:
    """95th percentile (52,) of each shape of the face of somebody unknown, while they speak.

    Raises FacewireError for broken recordings, and if nobody speaks.
    """
    runtime, config, faces = TorchRuntime(model), model.config, []
    for samples, said in bar.track(sound_and_phones(recordings), description="measuring"):
        face = stream.render(runtime, samples, hop_ms=max(config.hops_ms)).weights
        faces.append(face[said.at_frames(len(face), config.fps) != table.INDEX[table.SILENCE]])
    every = np.concatenate([np.zeros((0, COUNT), np.float32), *faces])
    if not len(every):
        raise FacewireError("nobody speaks in these recordings")
    found: Curves = np.percentile(every, 95, axis=0).astype(np.float32)
    return found


def factors(own: Curves) -> Curves:
    """How much larger each shape (52,) is to be, by its own 95th percentile (52,)."""
    made = np.ones(COUNT, np.float32)
    for shape, size in wanted().items():
        if own[INDEX[shape]] > 0:
            made[INDEX[shape]] = np.clip(size / own[INDEX[shape]], 1 / FURTHEST, FURTHEST)
    made[INDEX["mouthClose"]] = made[INDEX["jawOpen"]]  # it takes back what the jaw opens
    return made


def resized(model: FaceModel, larger: Curves) -> FaceModel:
    """The face with each shape of somebody unknown so many times (52,) as large; identities stay as they are."""
    made, times = deepcopy(model), torch.from_numpy(larger)
    made.face_mean *= times
    made.face_std *= times
    made.identities.scale /= times
    if made.speech is not None:
        made.speech.rest *= times
    return made
