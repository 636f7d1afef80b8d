"""A face by the phones that are spoken and by nothing else, so that it is the same for every voice.

It reads how much of each frame every phone fills, 260 ms before and after, and always 50 times a second; other rates
are interpolated. `training.talkers.learn` learns it from real curves.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from model.windows import SAMPLE_RATE_HZ, Floats
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.phones.table import INDEX, PHONES, SILENCE
from training.talkers.lips import presence, touching

FPS: Final = 50
"""Rate of the network's frames."""
WIDTH: Final = 96
_KERNELS: Final = (9, 9, 11)
CONTEXT: Final = sum(kernel // 2 for kernel in _KERNELS)
"""Frames that the network sees before and after each: 13."""
REST_REACH_S: Final = 0.5
"""How long before and after the phones the face may be other than at rest."""
ARRAYS: Final = ("stands_for", "mean", "size", "rest", "confidence")
FORMAT: Final = "facewire-animator-1"


def shares(spoken: Spoken, frames: int) -> Floats:
    """How much of each frame every phone fills (frames + 2 `CONTEXT`, 37), 0 to 1.

    Frame i, counted without the context, is the 20 ms around i / `FPS` seconds.
    """
    edges = (np.arange(-CONTEXT, frames + CONTEXT + 1) - 0.5) * SAMPLE_RATE_HZ / FPS
    filled = np.zeros((len(edges) - 1, len(PHONES)), np.float32)
    for phone, begin, end in spoken.phones:
        until = np.clip(edges, begin, end)
        filled[:, INDEX[phone]] += np.diff(until) / np.diff(edges)
    filled[:, INDEX[SILENCE]] += 1 - filled.sum(1)
    return filled


class PhoneNetwork(nn.Module):
    """From shares of phones (B, 37, T + 2 `CONTEXT`) to shapes (B, 52, T), in the deviations of the real ones."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _KERNELS
        self.layers = nn.Sequential(
            nn.Conv1d(len(PHONES), WIDTH, first), nn.GELU(),
            nn.Conv1d(WIDTH, WIDTH, second), nn.GELU(),
            nn.Conv1d(WIDTH, blendshapes.COUNT, third),
        )  # fmt: skip

    def forward(self, filled: Tensor) -> Tensor:
        """Shapes (B, 52, T), standardised."""
        made: Tensor = self.layers(filled)
        return made


@dataclass(frozen=True, eq=False)
class Animator:
    """A learnt animator. Call it with speech, a number of frames and their rate for the curves (frames, 52)."""

    network: PhoneNetwork
    stands_for: NDArray[np.int64]
    """(37,): the phone that the network hears for each one: its own, or a neighbour's if it never learnt it."""
    mean: Curves
    """(52,)."""
    size: Curves
    """(52,): deviation of a standardised shape; larger than the real one's by as much as the network shrinks it."""
    rest: Curves
    """(52,): the face in a long silence. What the network says there is a mean of all that people do in silence."""
    confidence: Curves
    """(52,): that of the recordings, 0 outside the mouth."""
    provenance: dict[str, Any]

    def __call__(self, spoken: Spoken, frames: int, fps: int) -> Curves:
        """The face (frames, 52), frame i at i / fps seconds; lips meet on p, b and m, and the lower one the teeth on f.

        Shapes that were not captured are 0.
        """
        return touching(self.learnt(spoken, frames, fps), spoken, fps)

    def learnt(self, spoken: Spoken, frames: int, fps: int) -> Curves:
        """The same (frames, 52), but in fluent speech the lips hardly touch."""
        inside = int(np.ceil(frames * FPS / fps)) + 1
        made = self.mean + self.size * self.standardised(spoken, inside)
        speaking = presence(spoken, PHONES, inside, FPS, reach_s=REST_REACH_S)[:, None]
        made = made * speaking + self.rest * (1 - speaking)
        face = np.clip(np.where(self.confidence > 0, made, 0), 0, 1).astype(np.float32)
        return _at_rate(face, frames, fps)

    def standardised(self, spoken: Spoken, frames: int) -> Curves:
        """What the network says (frames, 52) at `FPS`."""
        heard = merged(shares(spoken, frames), self.stands_for)
        with torch.inference_mode():
            made: Curves = self.network(torch.from_numpy(heard.T[None]))[0].T.numpy()
        return made

    def save(self, path: Path) -> None:
        """Write it. Raises FacewireError where the system refuses."""
        arrays = {name: torch.from_numpy(getattr(self, name)) for name in ARRAYS}
        told = {"format": FORMAT, "provenance": json.dumps(self.provenance)}
        with complete_or_not_at_all(path) as partial:
            save_file({**arrays, **self.network.state_dict()}, partial, told)


def merged(filled: Floats, stands_for: NDArray[np.int64]) -> Floats:
    """Shares of phones (frames, 37), each given to the one that stands for it."""
    made = np.zeros_like(filled)
    np.add.at(made.T, stands_for, filled.T)
    return made


def load(path: Path) -> Animator:
    """An animator that was saved. Raises FacewireError for any other file."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if told.get("format") != FORMAT:
            raise FacewireError(f"{path}: not an animator; make one with `facewire-train talkers animator`")
        own = {name: tensors.pop(name).numpy() for name in ARRAYS}
        network = PhoneNetwork().eval()
        network.load_state_dict(tensors)
        provenance = json.loads(told["provenance"])
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise FacewireError(f"{path}: not an animator that can be read: {error}") from None
    stands_for = own["stands_for"]
    fits = {name: array.shape == (blendshapes.COUNT,) for name, array in own.items()}
    fits["stands_for"] = stands_for.shape == (len(PHONES),) and set(stands_for.tolist()) <= set(range(len(PHONES)))
    fits["provenance"] = isinstance(provenance, dict)
    if wrong := [name for name in fits if not fits[name]]:
        raise FacewireError(f"{path}: not an animator that can be read: wrong {', '.join(wrong)}")
    return Animator(network, **own, provenance=provenance)


def _at_rate(face: Curves, frames: int, fps: int) -> Curves:
    if fps == FPS:
        return face[:frames]
    place = np.arange(frames) * (FPS / fps)
    first = place.astype(int)
    share = (place - first)[:, None].astype(np.float32)
    made: Curves = face[first] * (1 - share) + face[first + 1] * share
    return made
