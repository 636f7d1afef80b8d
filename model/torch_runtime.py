"""The face model computed by torch: on any device, and without an export after training."""

from functools import cached_property

import torch
from torch import Tensor

from model.closures import Phones
from model.config import ModelConfig
from model.face import FaceModel
from model.fingerprint import of_face
from model.library import Library
from model.speech import SpeechDetector
from model.timbre import beside
from model.voices import Projection
from model.windows import Floats, Samples, WindowSpec


class TorchRuntime:
    """`model.runtime.Runtime` for a FaceModel, on that model's device. It holds nothing else and is cheap to create."""

    name = "torch"

    def __init__(self, model: FaceModel) -> None:
        self.model = model

    @property
    def config(self) -> ModelConfig:
        """See `Runtime`."""
        return self.model.config

    @property
    def fingerprint(self) -> str:
        """See `Runtime`."""
        return of_face({name: _array(value) for name, value in self.model.state_dict().items()})

    @property
    def library(self) -> Library:
        """See `Runtime`."""
        identities = self.model.identities
        with torch.inference_mode():
            return Library(identities.names, _array(identities.styles()), _array(identities.voices))

    @cached_property
    def projection(self) -> Projection | None:
        """See `Runtime`. The stream reads it at every hop, so it is copied from a GPU only once."""
        voice = self.model.voice
        return None if voice is None else Projection(*map(_array, (voice.mean, voice.std, voice.matrix, voice.others)))

    @cached_property
    def detector(self) -> SpeechDetector | None:
        """See `Runtime`."""
        head = self.model.speech
        if head is None:
            return None
        inner, outer = head.inner, head.outer
        return SpeechDetector(*map(_array, (inner.weight, inner.bias, outer.weight, outer.bias, head.rest)))

    @cached_property
    def phones(self) -> Phones | None:
        """See `Runtime`."""
        return Phones.of(self.config.encoder, _array(self.model.audio_mean), _array(self.model.audio_std))

    def features(self, windows: Samples, window: WindowSpec) -> tuple[Floats, Floats]:
        """See `Runtime`."""
        with torch.inference_mode():
            audio, hidden = map(_array, self.model.features(self._tensor(windows), window))
        return audio, beside(hidden, window, windows) if self.config.voice else hidden

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
    array: Floats = values.detach().cpu().numpy()
    return array
