"""Passages, which the model is trained on: clips of one person in a row, as a microphone would hear them.

Between and behind the speech there is silence or noise with a resting mouth, so that the model learns that noise is not
speech. Speech comes at any level, with noise and reverberation, and the stream does not end with every clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from rich.progress import Progress
from safetensors.torch import save_file

from model.library import UNKNOWN
from model.runtime import Runtime
from model.stream import RENDER_HOPS
from model.windower import windows_of
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from protocols.files import complete_or_not_at_all
from training.datasets.clips import Clip, Curves, resting_face
from training.sounds.augment import amplitude, in_room, stretch
from training.sounds.noises import noise, not_speech
from training.sounds.recordings import Recordings

SECONDS = 18
BLEND_FRAMES = 5
"""Frames over which the target moves from speech to rest and back."""

RECORDED = 0.7
"""Share of recorded sounds in passages without speech, if there are any."""
BEHIND = 1 / 3
"""The same for the noise behind speech."""
BLINKS = 3.0
"""Extra weight of blinks: rare and sudden, they would be averaged away (half of them were lost)."""
BLINK_FRAMES = 3
"""Frames before and after closed lids that belong to a blink."""
_EYES = list(blendshapes.REGIONS["eyes"])
_LIDS = [blendshapes.INDEX["eyeBlinkLeft"], blendshapes.INDEX["eyeBlinkRight"]]


@dataclass(frozen=True)
class Passage:
    """One stream of sound with its face."""

    samples: Samples
    face: Curves
    """(frames, 52)."""
    weight: Curves
    """(frames, 52): confidence of each target; 0 does not count."""
    identity: str
    lookahead_ms: int


def assemble(
    clips: Sequence[Clip],
    fps: int,
    lookaheads_ms: Sequence[int],
    rng: np.random.Generator,
    sounds: Sequence[Recordings] = (),
) -> Passage:
    """Clips of one identity, in random order, with gaps and disturbances, `sounds` among them."""
    rest, confidence = _rest(tuple(clips[:40])), clips[0].confidence
    lips = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27)
    frames = SECONDS * fps
    times_s = np.arange(frames) / fps
    sound = np.zeros(SECONDS * SAMPLE_RATE_HZ, np.float32)
    face = np.tile(rest, (frames, 1))
    weight = np.tile(confidence * lips, (frames, 1)).astype(np.float32)
    begin = 0
    while begin < len(sound):
        clip = clips[int(rng.integers(len(clips)))]
        speed, cut = _speed(rng), slice(*_cut(clip, rng))
        piece = _at_speed(clip.sound(cut.start, cut.stop), speed)[: len(sound) - begin]
        sound[begin : begin + len(piece)] = piece * amplitude(rng.uniform(-2, 2))
        inside = (times_s >= begin / SAMPLE_RATE_HZ) & (times_s < (begin + len(piece)) / SAMPLE_RATE_HZ)
        curves, seen = clip.at(cut.start / SAMPLE_RATE_HZ + (times_s[inside] - begin / SAMPLE_RATE_HZ) * speed)
        face[inside] = curves
        weight[inside] = clip.confidence * seen[:, None]
        _blend(face, np.flatnonzero(inside))
        begin += len(piece) + _gap_samples(rng)
    weight[:, _EYES] *= _blinking(face)[:, None]
    return Passage(disturbed(sound, rng, sounds), face, weight, clips[0].identity, int(rng.choice(lookaheads_ms)))


def quiet_passage(
    clips: Sequence[Clip],
    fps: int,
    lookaheads_ms: Sequence[int],
    rng: np.random.Generator,
    sounds: Sequence[Recordings] = (),
) -> Passage:
    """A passage without speech (`without_speech`): the mouth rests."""
    lips = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27)
    weight = np.tile(clips[0].confidence * lips, (SECONDS * fps, 1)).astype(np.float32)
    face = np.tile(_rest(tuple(clips[:40])), (SECONDS * fps, 1))
    sound = without_speech(SECONDS * SAMPLE_RATE_HZ, rng, sounds)
    return Passage(sound, face, weight, clips[0].identity, int(rng.choice(lookaheads_ms)))


def without_speech(samples: int, rng: np.random.Generator, sounds: Sequence[Recordings] = ()) -> Samples:
    """(samples,) of digital silence, noise, knocks or music at -80 to -15 dBFS, mostly recorded if there are any."""
    level = 0.0 if rng.random() < 0.15 else amplitude(rng.uniform(-80, -15))
    heard = stretch(sounds, samples, rng) if sounds and rng.random() < RECORDED else not_speech(samples, rng)
    return np.asarray(np.clip(heard * level, -1, 1), np.float32)


_rest = lru_cache(maxsize=256)(resting_face)
"""Cached: every passage of a person needs it."""


def _cut(clip: Clip, rng: np.random.Generator) -> tuple[int, int]:
    """The part of a clip to use, in samples: 1 to 8 s; half of the shorter clips are used whole.

    Recorded sentences lie in silences of much the same length. Never cut, they would teach the model when to expect
    them; always cut, nobody would breathe in before speaking.
    """
    total = len(clip)
    longest = int(rng.uniform(3, 8) * SAMPLE_RATE_HZ)
    if total <= longest and rng.random() < 0.5:
        return 0, total
    begin = int(rng.integers(total - longest)) if total > longest else int(rng.uniform(0, 0.6) * SAMPLE_RATE_HZ)
    end = min(begin + longest, total - int(rng.uniform(0, 0.6) * SAMPLE_RATE_HZ))
    return (begin, end) if end - begin > SAMPLE_RATE_HZ else (0, total)


def _speed(rng: np.random.Generator) -> float:
    """How much faster a clip is played, which also changes its pitch: for half of the clips, up to an eighth.

    So that neither the encoder, which may have been trained on these recordings, nor the denoiser can learn them by
    heart.
    """
    return 1.0 if rng.random() < 0.5 else float(np.exp(rng.uniform(-0.12, 0.12)))


def _at_speed(samples: Samples, speed: float) -> Samples:
    resampled: Samples = samples if speed == 1 else soxr.resample(samples, SAMPLE_RATE_HZ * speed, SAMPLE_RATE_HZ)
    return resampled


def _gap_samples(rng: np.random.Generator) -> int:
    """The pause before the next clip: none, or a silence of unpredictable length."""
    return 0 if rng.random() < 0.35 else int(min(rng.exponential(1.2), 6) * SAMPLE_RATE_HZ)


def _blend(face: Curves, inside: NDArray[np.int64]) -> None:
    """Lead the rest of the gap into the first frame of speech at `inside`, and its last frame back to rest."""
    for k in range(1, BLEND_FRAMES):
        share = k / BLEND_FRAMES
        if len(inside) and inside[-1] + k < len(face):
            face[inside[-1] + k] = share * face[inside[-1] + k] + (1 - share) * face[inside[-1]]


def _blinking(face: Curves) -> Curves:
    """Weight of the eyes in each frame (frames,) of a face: `BLINKS` times more around closed lids."""
    closed = np.pad(face[:, _LIDS].mean(1), BLINK_FRAMES)
    around = np.lib.stride_tricks.sliding_window_view(closed, 2 * BLINK_FRAMES + 1).max(1)
    return np.asarray(1 + BLINKS * around, np.float32)


def disturbed(sound: Samples, rng: np.random.Generator, sounds: Sequence[Recordings]) -> Samples:
    """Half of the streams clean, the others with reverberation, noise or both; all at a random gain.

    If there are recordings without speech, a third of the noises is taken from them.
    """
    if rng.random() < 0.5:
        if rng.random() < 0.4:
            sound = in_room(sound, rng)
        if rng.random() < 0.8:
            behind = stretch(sounds, len(sound), rng) if sounds and rng.random() < BEHIND else noise(len(sound), rng)
            sound = sound + behind * amplitude(rng.uniform(-75, -32))
    louder = sound * amplitude(rng.uniform(-18, 4))
    return np.asarray(np.clip(louder, -1, 1), np.float32)


def encode(runtime: Runtime, samples: Samples, lookahead_ms: int, hop_ms: int | None = None) -> torch.Tensor:
    """Audio features (frames, K, D) of a sound (n,), in the windows and at the level used at run time.

    Those of an untrained model are raw: it does not standardise.
    """
    spec = runtime.config.window(lookahead_ms, hop_ms)
    windows = windows_of(spec, samples).sound
    parts = np.array_split(windows, range(RENDER_HOPS, len(windows), RENDER_HOPS))
    return torch.from_numpy(np.concatenate([runtime.features(part[None], spec)[0][0] for part in parts]))


def write_shard(
    path: Path,
    runtime: Runtime,
    people: Sequence[Sequence[Clip]],
    count: int,
    quiet: float,
    seed: int,
    bar: Progress,
    sounds: Sequence[Recordings] = (),
) -> None:
    """Encode `count` passages into one safetensors file: audio, face, weight, identity, lookahead index.

    `people` are the clips by identity, drawn in proportion to their length; a share `quiet` of the passages has no
    speech, but noise or some of `sounds`. Strangers have the index after the last identity's. A shard depends on its
    seed alone, so that a run can be continued at any shard.
    """
    rng = np.random.default_rng([seed, count])
    length = np.array([sum(len(clip) for clip in clips) for clips in people], np.float64)
    made: dict[str, list[torch.Tensor]] = {name: [] for name in ("audio", "face", "weight", "identity", "lookahead")}
    config = runtime.config
    task = bar.add_task(path.name, total=count)
    for _ in range(count):
        clips = people[rng.choice(len(people), p=length / length.sum())]
        make = quiet_passage if rng.random() < quiet else assemble
        passage = make(clips, config.fps, config.lookaheads_ms, rng, sounds)
        made["audio"].append(
            encode(runtime, passage.samples, passage.lookahead_ms, int(rng.choice(config.hops_ms))).half()
        )
        made["face"].append(torch.from_numpy(passage.face).half())
        made["weight"].append(torch.from_numpy(passage.weight).half())
        who = [*config.identities, UNKNOWN].index(passage.identity)
        made["identity"].append(torch.tensor(who))
        made["lookahead"].append(torch.tensor(config.lookaheads_ms.index(passage.lookahead_ms)))
        bar.advance(task)
    with complete_or_not_at_all(path) as partial:
        save_file({name: torch.stack(values) for name, values in made.items()}, partial)
