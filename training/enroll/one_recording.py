"""One recording that is encoded once, however many faces are made from it."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from model import stream
from model.face import FaceModel
from model.library import Library
from model.torch_runtime import TorchRuntime
from model.windower import Windows, windows_of
from model.windows import Floats, Samples, WindowSpec
from training.datasets.clips import Curves
from training.sounds.hearing import TOGETHER


class OneRecording(TorchRuntime):
    """A runtime whose sessions all hear the same sound: no window is encoded twice."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__(model)
        self._known: dict[bytes, tuple[Floats, Floats]] = {}

    def features(self, windows: Samples, window: WindowSpec) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        key = blake2b(windows[0].tobytes(), digest_size=16).digest()
        if key not in self._known:
            self._known[key] = super().features(windows[:1], window)
        audio, spoken = self._known[key]
        return audio.repeat(len(windows), 0), spoken.repeat(len(windows), 0)


def faces(
    runtime: OneRecording, samples: Samples, identities: Sequence[str | None], library: Library | None = None
) -> list[Curves]:
    """The faces (T, 52) that a stream makes of a recording, one per identity."""
    state = stream.start(runtime, seeds=[0] * len(identities), identities=identities, library=library)
    windows, made = windows_of(state.window, samples), []
    for begin in range(0, len(windows), TOGETHER):
        part = Windows.stack([windows[begin : begin + TOGETHER]] * len(identities))
        state, face = stream.step(runtime, state, part)
        made.append(face.weights)
    frames = stream.frame_count(len(samples), runtime.config.fps)
    return list(np.concatenate(made, 1)[:, :frames])
