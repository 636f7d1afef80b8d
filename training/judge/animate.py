"""Faces of whole recordings, made as the live program makes them: many sessions at once, in little memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from model import stream
from model.encoder import Encoder
from model.face import FaceModel
from model.library import Library
from model.torch_runtime import TorchRuntime
from model.windower import Windower, Windows
from protocols import blendshapes
from training.datasets.clips import Clip, Curves
from training.judge.metrics import Pair

SESSIONS: Final = 32
"""Recordings that are streamed in parallel."""
WINDOWS: Final = 64
"""Windows that are encoded at once, of many recordings or of a long one."""
REMEMBERED: Final = 256 * 2**20
"""Bytes of encoded windows that are kept for other takes of the same recordings."""


def animate(
    model: FaceModel,
    clips: Sequence[Clip],
    *,
    seed: int,
    lookahead_ms: int,
    lip_noise: float = 0.0,
    library: Library | None = None,
) -> list[Curves]:
    """Faces (frames, 52) of clips: one session each, as `facewire run` would stream them.

    Clips of similar length are processed together, a bit at a time, so that hours of sound need no gigabytes. The face
    of a clip depends on the seed and on its place in `clips`, not on the clips beside it. `library` holds the
    identities, by default the checkpoint's; anyone else is unknown.
    """
    faces: dict[int, Curves] = {}
    for group in _groups(clips):
        faces |= zip(group, _side_by_side(model, clips, group, seed, lookahead_ms, lip_noise, library), strict=True)
    return [faces[index] for index in range(len(clips))]


def pair(clip: Clip, face: Curves, fps: int) -> Pair:
    """A generated face and the real one at the same times."""
    real, _ = clip.at(np.arange(len(face)) / fps)
    return Pair(face, real, clip.confidence > 0, clip.closures_s)


Memory = dict[bytes, Tensor]
"""Encoded windows by sound and encoder."""


@contextmanager
def remembered(*models: FaceModel, memory: Memory | None = None) -> Iterator[None]:
    """Meanwhile the models' encoders keep the windows they encode: takes differ in their noise only.

    Voices are not told apart meanwhile: that would need four times the memory.
    """
    known = {} if memory is None else memory
    plain = [(model.encoder, model.config) for model in models]
    for model in models:
        model.encoder = _Remembering(model.encoder, known)
        model.config = model.config.model_copy(update={"voice": None})
    try:
        yield
    finally:
        for model, (encoder, config) in zip(models, plain, strict=True):
            model.encoder, model.config = encoder, config


@contextmanager
def forgetful(model: FaceModel) -> Iterator[None]:
    """Meanwhile the model encodes for itself, even inside `remembered`, so that its time can be measured."""
    encoder = model.encoder
    if isinstance(encoder, _Remembering):
        model.encoder = encoder.plain
    try:
        yield
    finally:
        model.encoder = encoder


def _groups(clips: Sequence[Clip]) -> list[list[int]]:
    """Indices of the clips in groups in which the longest is at most a quarter longer than the shortest."""
    groups: list[list[int]] = []
    for index in sorted(range(len(clips)), key=lambda index: len(clips[index])):
        last = groups[-1] if groups else []
        if last and len(last) < SESSIONS and len(clips[index]) <= 1.25 * len(clips[last[0]]):
            last.append(index)
        else:
            groups.append([index])
    return groups


def _side_by_side(
    model: FaceModel,
    clips: Sequence[Clip],
    group: Sequence[int],
    seed: int,
    lookahead_ms: int,
    lip_noise: float,
    library: Library | None,
) -> list[Curves]:
    chosen, runtime = [clips[index] for index in group], TorchRuntime(model)
    known = runtime.library if library is None else library
    state = stream.start(
        runtime,
        seeds=[seed * 1000 + index for index in group],
        identities=[clip.identity if clip.identity in known.names else None for clip in chosen],
        lookahead_ms=lookahead_ms,
        library=known,
    )
    scale = state.noise_scale.copy()
    scale[list(blendshapes.LIPS_27)] = lip_noise
    state = replace(state, noise_scale=scale)
    faces = []
    for windows in _windows(model, chosen, lookahead_ms):
        state, face = stream.step(runtime, state, windows)
        faces.append(face.weights)
    together, fps = np.concatenate(faces, 1), model.config.fps
    return [face[: stream.frame_count(len(clip), fps)] for face, clip in zip(together, chosen, strict=True)]


def _windows(model: FaceModel, clips: Sequence[Clip], lookahead_ms: int) -> Iterator[Windows]:
    """Windows (B, H, …) of all hops of the longest clip, in order; shorter clips end in silence."""
    spec = model.config.window(lookahead_ms)
    block = spec.hop_samples * max(1, WINDOWS // len(clips))
    cutters = [Windower.at(spec) for _ in clips]
    missing = spec.hops(max(len(clip) for clip in clips))
    begin = 0
    while missing > 0:
        parts = []
        for k, clip in enumerate(clips):
            sound = clip.sound(begin, begin + block)
            heard = cutters[k].hear(sound)
            cutters[k], part = heard.push(heard.leveller.end(block - len(sound)))
            parts.append(part[:missing])
        begin, missing = begin + block, missing - len(parts[0])
        if len(parts[0]):
            yield Windows.stack(parts)


class _Remembering(Encoder):
    """An encoder that encodes no window twice while there is room to keep it."""

    def __init__(self, plain: Encoder, known: Memory) -> None:
        nn.Module.__init__(self)
        self.plain, self.config, self.known = plain, plain.config, known

    def encode_layers(self, windows: Tensor, layers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Features (B, frames, D) of windows, from memory where possible; no hidden states."""
        assert not layers
        salt = bytes.fromhex(self.config.sha256)[:16]
        keys = [blake2b(row.numpy().tobytes(), digest_size=16, salt=salt).digest() for row in windows]
        if all(key in self.known for key in keys):
            features = torch.stack([self.known[key] for key in keys])
        else:
            features, _ = self.plain.encode_layers(windows, layers)
            room = REMEMBERED // (features[0].numel() * features.element_size())
            for key, row in zip(keys, features, strict=True):
                if len(self.known) < room:
                    self.known[key] = row.clone()
        return features, features[..., :0]
