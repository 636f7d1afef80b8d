"""The face model as torch computes it: any device, and what is trained at once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.config import ModelConfig
from model.face import FaceModel
from model.runtime import Floats


class TorchRuntime:
    """`model.runtime.Runtime` around a FaceModel, on the device where that is. Holds nothing else: make it anywhere."""

    name = "torch"

    def __init__(self, model: FaceModel) -> None:
        self.model = model

    @property
    def config(self) -> ModelConfig:
        """The model's."""
        return self.model.config

    def features(self, windows: Floats, lookahead_ms: int) -> Floats:
        """See `Runtime`."""
        with torch.inference_mode():
            return _array(self.model.features(self._tensor(windows), lookahead_ms))

    def identity(self, names: Sequence[str | None]) -> Floats:
        """See `Runtime`."""
        library = self.model.identities
        with torch.inference_mode():
            return _array(library(torch.stack([library.embedding(name) for name in names])))

    def scores(self, voices: Floats) -> Floats:
        """See `Runtime`."""
        with torch.inference_mode():
            return _array(self.model.identities.scores(self._tensor(voices)))

    def denoise(
        self, noise: Floats, audio: Floats, identity: Floats, lookahead_ms: int, hidden: Floats
    ) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        dial = torch.full((len(noise),), self.model.lookahead_index(lookahead_ms), device=self.model.face_mean.device)
        with torch.inference_mode():
            face, following = self.model.denoise(
                self._tensor(noise), self._tensor(audio), self._tensor(identity), dial, self._tensor(hidden)
            )
        return _array(face), _array(following)

    def _tensor(self, values: Floats) -> Tensor:
        return torch.from_numpy(values).to(self.model.face_mean.device)


def _array(values: Tensor) -> Floats:
    array: Floats = values.cpu().numpy()
    return array
