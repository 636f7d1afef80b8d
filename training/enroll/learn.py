"""Learns who somebody is: the embedding from which the frozen denoiser makes their mouth.

The losses are those of training, on faces sampled as at run time, through all steps. At a single random step, as in
training, the denoiser is given most of the face already: an embedding learnt that way made the streamed face of a
virtual performer no better (lip error .125 to .127); one learnt through all steps did (to .120).

Only the lips are learnt from. The sound does not decide eyes and brows: a squared error through all steps makes them
still (their deviation fell to .80 of the recorded one), and without any loss they drift with the embedding (to .55). So
they are held where they were; how they differ is left to the adapter (`training.enroll.adapter`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model import noise, sampler
from model.face import FaceModel
from protocols import blendshapes
from training.enroll.adapter import Adapter
from training.enroll.parts import Parts
from training.fit import losses
from training.fit.loop import weighted
from training.recipe import LossWeights
from training.sounds.hearing import Hearing

BATCH: Final = 8
SEGMENT_S: Final = 2.5
FIRST_S: Final = 0.5
"""How much of a segment does not count: the denoiser's memory is still empty."""
EPOCHS: Final = 6
"""How often everything is heard. The steps follow from that, not from the machine's speed."""
CHECKED: Final = 6
"""Steps between two evaluations on what is held out."""
PATIENCE: Final = 3
"""Evaluations without improvement after which learning stops."""
RATE: Final = 0.05
LIVELINESS: Final = 0.75
"""Noise of the upper face: the default of a stream."""
_LIPS: Final = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27)


@dataclass(frozen=True, eq=False)
class Learnt:
    """An embedding and how it was learnt."""

    embedding: Tensor
    """(E,): the one with the least loss on what is held out."""
    nearest: str | None
    """The known identity with the least loss there, from which learning began; None for the mean identity."""
    manner: Adapter
    """Scale and offset of that identity, with which the embedding was learnt."""
    steps: int


def steps_for(parts: Parts) -> int:
    """The most training steps for a recording."""
    counted = int((SEGMENT_S - FIRST_S) * parts.fps)
    return max(CHECKED, -(-EPOCHS * int(parts.learnt.sum()) // (BATCH * counted)))


def learn(
    model: FaceModel,
    heard: Hearing,
    face: NDArray[np.float32],
    weight: NDArray[np.float32],
    parts: Parts,
    seed: int,
    told: Callable[[], object] = lambda: None,
) -> Learnt:
    """Learn from the face (T, 52) of what was heard, weighted by channel (T, 52); the model stays as it is."""
    material = _Material(model, heard, face, weight, seed)
    held = [slice(stretch.start - material.first, stretch.stop) for stretch in parts.stretches()]

    def judged(embedding: Tensor) -> float:
        with torch.inference_mode():
            return float(material.loss(embedding, held))

    library = model.identities
    known = list(zip([*library.embeddings, library.unknown()], *library.manners(), strict=True))
    losses_of_known = []
    for begun, scale, offset in known:
        material.wear(scale, offset)
        losses_of_known.append(judged(begun))
    place = int(np.argmin(losses_of_known))
    begun, scale, offset = known[place]
    material.wear(scale, offset)
    material.keep_rest_of(begun)
    best, least = begun.clone(), judged(begun)
    embedding = best.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([embedding], RATE)
    draw, steps, missed, step = np.random.default_rng(seed), steps_for(parts), 0, 0
    frames = int(SEGMENT_S * parts.fps)
    begins = parts.begins(frames)
    for step in range(1, steps + 1):
        chosen = [slice(int(begin), int(begin) + frames) for begin in draw.choice(begins, BATCH)]
        optimizer.zero_grad()
        material.loss(embedding, chosen).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        told()
        if step % CHECKED and step < steps:
            continue
        value = judged(embedding.detach())
        missed = 0 if value < least else missed + 1
        if value < least:
            best, least = embedding.detach().clone(), value
        if missed == PATIENCE:
            break
    nearest = library.names[place] if place < len(library.names) else None
    return Learnt(best, nearest, (scale.numpy().copy(), offset.numpy().copy()), step)


class _Material:
    """What is learnt from, ready for sampling; at first only the lips, as the rest of the face is not yet known."""

    def __init__(
        self, model: FaceModel, heard: Hearing, face: NDArray[np.float32], weight: NDArray[np.float32], seed: int
    ) -> None:
        self.model = model
        self.first = int(FIRST_S * model.config.fps)
        self.audio = torch.from_numpy(heard.audio)
        self.face = (torch.from_numpy(face) - model.face_mean) / model.face_std
        self.weight = torch.from_numpy(weight * _LIPS) * model.denoiser.captured
        drawn = noise.correlated(seed, 0, len(face), model.config.noise_poles)[:, noise.ONE_FACE]
        self.noise = torch.from_numpy(drawn * np.float32(LIVELINESS) * ~_LIPS)  # none on the lips, as at run time

    def wear(self, scale: Tensor, offset: Tensor) -> None:
        """Use this scale and offset (C,) for the faces."""
        self.scale = scale
        self.shift = (scale * self.model.face_mean + offset - self.model.face_mean) / self.model.face_std

    def keep_rest_of(self, embedding: Tensor) -> None:
        """Hold all but the lips to the face that an embedding (E,) makes of the whole recording."""
        with torch.inference_mode():
            made = self.sampled(embedding, [slice(None)])[0]
        self.face = torch.where(torch.from_numpy(_LIPS), self.face, made.clone())
        self.weight = torch.where(torch.from_numpy(_LIPS), self.weight, self.model.denoiser.captured)

    def loss(self, embedding: Tensor, segments: list[slice]) -> Tensor:
        """The training losses of the faces that an embedding (E,) makes of segments of one length."""
        made = self.sampled(embedding, segments)
        face, weight = (torch.stack([values[each] for each in segments]) for values in (self.face, self.weight))
        weight[:, : self.first] = 0
        of = {"expression": losses.expression, "lip": losses.lip, "velocity": losses.velocity}
        return weighted({name: term(made, face, weight) for name, term in of.items()}, LossWeights())

    def sampled(self, embedding: Tensor, segments: list[slice]) -> Tensor:
        """Standardised faces (B, T, C), through all denoising steps."""
        model, batch = self.model, len(segments)
        audio, drawn = (torch.stack([values[each] for each in segments]) for values in (self.audio, self.noise))
        dial = torch.full((batch,), model.lookahead_index(model.config.lookahead_ms))
        features = model.identities(embedding.expand(batch, -1))
        condition = model.denoiser.condition(audio, features, dial)
        states = torch.zeros(model.config.steps, model.config.layers, batch, model.config.memory)
        *_, (made, _) = sampler.sample(model.denoiser, model.schedule, drawn, condition, states)
        return made * self.scale + self.shift
