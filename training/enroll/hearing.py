"""A recording as the stream hears it: once, however many faces are made of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import level, stream
from model.face import FaceModel
from model.library import Library
from model.torch_runtime import TorchRuntime
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, windows_of
from training.datasets.clips import Curves

TOGETHER: Final = 64
"""Hops that are computed at once."""


class OneRecording(TorchRuntime):
    """All its sessions hear the same sound, and no window is encoded twice."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__(model)
        self._known: dict[bytes, tuple[Floats, Floats]] = {}

    def features(self, windows: Floats, lookahead_ms: int) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        key = blake2b(windows[0].tobytes(), digest_size=16).digest()
        if key not in self._known:
            self._known[key] = super().features(windows[:1], lookahead_ms)
        audio, spoken = self._known[key]
        return audio.repeat(len(windows), 0), spoken.repeat(len(windows), 0)


@dataclass(frozen=True, eq=False)
class Heard:
    """What a stream hears in a recording of T frames and H hops."""

    audio: Floats
    """(T, K, D), standardised."""
    spoken: Floats
    """(H, features per hop, W): what voices are told by."""
    voiced: NDArray[np.bool_]
    """(H,)."""
    speech_s: float


def hear(runtime: OneRecording, samples: Samples, told: Callable[[], object] = lambda: None) -> Heard:
    """Encode a recording (n,) in the windows of run time, levelled; `told` after every `TOGETHER` hops."""
    config = runtime.config
    spec, levels = config.window(), level.start(1)
    windows, found = windows_of(spec, samples)[None], []
    for begin in range(0, windows.shape[1], TOGETHER):
        levels, levelled = level.follow(spec, windows[:, begin : begin + TOGETHER], levels)
        audio, spoken = runtime.features(levelled, spec.right_ms)
        found.append((audio[0], spoken[0], stream.voiced(spec, levelled)[0]))
        told()
    every, voices, voiced = (np.concatenate(part) for part in zip(*found, strict=True))
    frames = stream.frame_count(len(samples), config.fps)
    return Heard(every[:frames], voices, voiced, float(voiced.sum() * spec.hop_samples / SAMPLE_RATE_HZ))


def faces(
    runtime: OneRecording, samples: Samples, identities: Sequence[str | None], library: Library | None = None
) -> list[Curves]:
    """The faces (T, 52) that a stream makes of a recording, one for each identity."""
    state = stream.start(runtime, seeds=[0] * len(identities), identities=identities, library=library)
    windows, made = windows_of(state.window, samples)[None], []
    for begin in range(0, windows.shape[1], TOGETHER):
        part = windows[:, begin : begin + TOGETHER].repeat(len(identities), 0)
        state, face = stream.step(runtime, state, part)
        made.append(face)
    frames = stream.frame_count(len(samples), runtime.config.fps)
    return list(np.concatenate(made, 1)[:, :frames])
