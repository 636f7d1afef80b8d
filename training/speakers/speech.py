"""Teaches a checkpoint to tell speech from other sounds (`model.speech`).

A face needs curves, which exist of few people. What speech is can be learnt from anybody, and has to be: lips that rest
while a stranger shouts are worse than lips that tremble a little in music.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import soxr
import torch
from rich.progress import Progress
from torch import Tensor
from torch.nn import functional

from model import speakers, stream
from model.face import FaceModel, SpeechHead
from model.runtime import Runtime
from model.torch_runtime import TorchRuntime
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.passages.compose import disturbed, encode, without_speech
from training.passages.features import fastest
from training.sounds.augment import LEVEL_DBFS, amplitude, stretch
from training.sounds.noises import clatter
from training.sounds.recordings import Recordings

PIECES: Final = 900
"""Of each kind."""
PIECE_S: Final = 6
KNOCKS: Final = 0.3
"""Share of synthetic knocks among the pieces without speech, in addition to those that occur anyway."""
FASTER: Final = (-0.2, 0.55)
"""Logarithm of the speed at which half of the speech is played: range. For children's voices, and shouting."""
WIDTH: Final = 64
"""H: hidden units."""
STEPS: Final = 3000
BATCH: Final = 512
RATE: Final = 1e-3
BLUR: Final = 0.1
"""Deviation of the noise added to features, and (below) the share of hidden units dropped: other people sound
different."""
DROPPED: Final = 0.2


def teach_speech(
    model: FaceModel, speech: Sequence[Recordings], sounds: Sequence[Recordings], *, seed: int, bar: Progress
) -> FaceModel:
    """A face whose lips rest when there is no speech; nothing else of it changes.

    It learns frame by frame, by binary cross-entropy, from `speech` of many people and from `sounds` without speech,
    with silence and synthetic noises among them. Lips rest where they now are in silence. Raises FacewireError if all
    speech is silent.
    """
    config = model.config.model_copy(update={"speech_width": WIDTH})
    torch.manual_seed(seed)
    taught = FaceModel(config, model.encoder)
    own = {name: value for name, value in model.state_dict().items() if not name.startswith("speech.")}
    taught.load_state_dict(own, strict=False)
    assert taught.speech
    with fastest(model) as runtime:
        heard = list(_pieces(runtime, speech, sounds, np.random.default_rng(seed), bar))
    audio = torch.cat([piece for piece, _ in heard])
    spoken = torch.cat([torch.full((len(piece),), float(speaks)) for piece, speaks in heard])
    if not spoken.any():
        raise FacewireError("nothing in the speech is loud enough for a voice: check the files that were given")
    taught.speech.rest.copy_(_rest(model))
    _learn(taught.speech, audio, spoken, seed, bar)
    return taught.eval().requires_grad_(False)


def _pieces(
    runtime: Runtime,
    speech: Sequence[Recordings],
    sounds: Sequence[Recordings],
    rng: np.random.Generator,
    bar: Progress,
) -> Iterator[tuple[Tensor, bool]]:
    """Features (N, K, D) of pieces, alternately with and without speech, at all lookaheads, and which it is.

    In half precision. Of speech, only the frames that were loud enough for a voice before they were disturbed. All are
    encoded with the longest hop, which is the fastest; how much is ahead of a frame varies with the lookahead, too.
    """
    samples, hop_ms = PIECE_S * SAMPLE_RATE_HZ, max(runtime.config.hops_ms)
    for number in bar.track(range(2 * PIECES), description="what is speech"):
        lookahead_ms = int(rng.choice(runtime.config.lookaheads_ms))
        if number % 2:
            sound = _knocks(samples, rng) if rng.random() < KNOCKS else without_speech(samples, rng, sounds)
            yield encode(runtime, sound, lookahead_ms, hop_ms).half(), False
            continue
        said = stretch(speech, samples, rng) * np.float32(amplitude(LEVEL_DBFS))
        if rng.random() < 0.5:
            faster = float(np.exp(rng.uniform(*FASTER)))
            said = np.resize(soxr.resample(said, SAMPLE_RATE_HZ * faster, SAMPLE_RATE_HZ), samples)
        heard = encode(runtime, disturbed(said, rng, sounds), lookahead_ms, hop_ms)
        yield heard[_loud(runtime, said, hop_ms)].half(), True


def _knocks(samples: int, rng: np.random.Generator) -> Samples:
    return np.asarray(np.clip(clatter(samples, rng) * amplitude(rng.uniform(-60, -15)), -1, 1), np.float32)


def _loud(runtime: Runtime, sound: Samples, hop_ms: int) -> Tensor:
    """Which frames (T,) of a sound are loud enough for a voice."""
    spec = runtime.config.window(hop_ms=hop_ms)
    voiced = speakers.voiced(spec, windows_of(spec, sound).sound)
    return torch.from_numpy(voiced.repeat(spec.frames_per_hop(runtime.config.fps)))


def _rest(model: FaceModel) -> Tensor:
    """The face (C,) in silence before scale and offset, averaged over all identities."""
    runtime, silence = TorchRuntime(model), np.zeros(3 * SAMPLE_RATE_HZ, np.float32)
    scale, offset = model.identities.manners()
    faces = [stream.render(runtime, silence, identity=name).weights[-1] for name in model.identities.names]
    rests: Tensor = (torch.from_numpy(np.stack(faces)) - offset[:-1]) / scale[:-1]
    return rests.mean(0)


def _learn(head: SpeechHead, audio: Tensor, spoken: Tensor, seed: int, bar: Progress) -> None:
    """Fit the weights to features (N, K, D) and labels (N,)."""
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=1e-2)
    kinds = [torch.nonzero(spoken == kind)[:, 0] for kind in (0, 1)]
    for step in bar.track(range(STEPS), description="telling it apart"):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        rows = torch.cat([kind[torch.randint(len(kind), (BATCH // 2,), generator=draw)] for kind in kinds])
        heard = audio[rows].float()
        hidden = functional.relu(head.inner((heard + BLUR * torch.randn(heard.shape, generator=draw)).flatten(1)))
        kept = torch.rand(hidden.shape, generator=draw) >= DROPPED
        logit = head.outer(hidden * kept / (1 - DROPPED))[:, 0]
        loss = functional.binary_cross_entropy_with_logits(logit, spoken[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
