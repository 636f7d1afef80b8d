"""From one recording to one identity: the checkpoint stays as it is, only the person is learnt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.progress import Progress

from model.face import FaceModel
from model.identity_file import Identity
from model.library import UNKNOWN
from model.runtime import Runtime
from model.windows import SAMPLE_RATE_HZ, Floats, Samples
from protocols import blendshapes
from training.datasets.clips import Clip
from training.enroll import adapter, takes, voice
from training.enroll.learn import learn, steps_for
from training.enroll.one_recording import OneRecording, faces
from training.enroll.parts import Parts
from training.judge import metrics
from training.judge.metrics import Pair
from training.prepare.rest import quiet_frames
from training.sounds.hearing import TOGETHER, Hearing, hear
from training.speakers.teach import centre

ENROLLED: Final = "enrolled"
Figures = dict[str, dict[str, float]]
"""By face (`unknown`, the nearest known identity, `enrolled`), then by name."""


@dataclass(frozen=True)
class Enrolled:
    """An identity, and how good its face is on what was held out."""

    identity: Identity
    figures: Figures
    before: list[Pair]
    """Held-out stretches, with the face of the mean identity."""
    after: list[Pair]


def by_face(
    model: FaceModel, clip: Clip, name: str, told: dict[str, Any], source: Path, seed: int, bar: Progress
) -> Enrolled:
    """Enrol a person from their recorded face. Raises FacewireError for a recording that is not of one speaker."""
    runtime = OneRecording(model)
    heard, person = _heard(runtime, clip.samples, source, bar)
    fps = model.config.fps
    parts = Parts(len(heard.audio), fps)
    real, seen = clip.at(np.arange(parts.frames) / fps)
    task = bar.add_task("learning", total=steps_for(parts))
    found = learn(model, heard, real, clip.confidence * seen[:, None], parts, seed, _advance(bar, task))
    bar.update(task, completed=steps_for(parts))  # it may have stopped early
    with torch.inference_mode():
        features = model.identities(found.embedding[None])[0].numpy().copy()
    identity = _identity(runtime, name, found.embedding.numpy(), features, found.manner, person)
    shown = dict.fromkeys([None, found.nearest, name])
    made = dict(zip(shown, faces(runtime, clip.samples, list(shown), runtime.library.enrolled(identity)), strict=True))
    captured = clip.confidence > 0
    cut = parts.stretches()

    def pairs(face: metrics.Curves) -> list[Pair]:
        return [Pair(face[each], real[each], captured) for each in cut]

    quiet = quiet_frames(clip.samples, parts.frames, fps)[parts.learnt]
    wanted = adapter.matched(made[name][parts.learnt], real[parts.learnt], captured, quiet, fps)
    chosen = adapter.kept(wanted, pairs(made[name]))
    scale, offset = adapter.behind(found.manner, chosen)
    identity = replace(identity, scale=scale, offset=offset)
    # Not the face so far, adapted: that was cut to [0, 1] before.
    after = pairs(*faces(runtime, clip.samples, [name], runtime.library.enrolled(identity)))
    figures = {who or UNKNOWN: judged(pairs(face)) for who, face in made.items() if who != name}
    figures[ENROLLED] = judged(after)
    told = told | {
        "minutes": round(len(clip) / SAMPLE_RATE_HZ / 60, 2),
        "speech_s": round(heard.speech_s, 1),
        "offset_ms": round(1000 * clip.offset_s, 1),
        "nearest": found.nearest or UNKNOWN,
        "steps": found.steps,
        "seed": seed,
        "held_out_s": round(parts.held.sum() / fps, 1),
        "held_out": {who: {key: round(value, 4) for key, value in of.items()} for who, of in figures.items()},
    }
    return Enrolled(replace(identity, told=told), figures, pairs(made[None]), after)


def by_voice(
    model: FaceModel, samples: Samples, name: str, told: dict[str, Any], source: Path, bar: Progress
) -> tuple[Identity, dict[str, float], float]:
    """Enrol a person from their voice alone: a mixture of the identities that they sound like.

    Also returns the shares of the mixture, and the likeness to the most similar. Raises FacewireError if the checkpoint
    does not tell voices apart.
    """
    runtime = OneRecording(model)
    projection = voice.require_projection(runtime)
    takes.loud_enough(samples, source)
    samples = samples[: takes.MOST_S * SAMPLE_RATE_HZ]
    heard, person = _heard(runtime, samples, source, bar)
    shares = voice.mixture(person, runtime.library)
    with torch.inference_mode():
        library, parts = model.identities, torch.from_numpy(shares)
        embedding, scale, offset = parts @ library.embeddings, parts @ library.scale, parts @ library.offset
        features = model.identities(embedding[None])[0].numpy().copy()
    mixed = {each: round(float(share), 3) for each, share in zip(runtime.library.names, shares, strict=True)}
    likeness = float(projection.likeness(person, runtime.library.voices).max())
    told = told | {
        "minutes": round(len(samples) / SAMPLE_RATE_HZ / 60, 2),
        "speech_s": round(heard.speech_s, 1),
        "mixed_of": mixed,
        "likeness": round(likeness, 3),
    }
    manner = scale.numpy().copy(), offset.numpy().copy()
    made = _identity(runtime, name, embedding.numpy().copy(), features, manner, person, told)
    return made, mixed, likeness


def judged(pairs: Sequence[Pair]) -> dict[str, float]:
    """The figures of some stretches; of the upper face if it was captured."""
    found = {
        "lip error 27": float(np.mean([metrics.error(pair, blendshapes.LIPS_27) for pair in pairs])),
        "LBE 12": float(np.mean([metrics.error(pair, blendshapes.LBE_12) for pair in pairs])),
        "jaw r": metrics.jaw_correlation(pairs)[0],
        "amplitude lips": metrics.amplitude_ratio(pairs, blendshapes.LIPS_27),
    }
    upper = pairs[0].channels(blendshapes.UPPER)
    if upper and np.concatenate([pair.real[:, upper] for pair in pairs]).std(0).max() > adapter.STILL:
        found["amplitude upper face"] = metrics.amplitude_ratio(pairs, blendshapes.UPPER)
        made, real = (np.mean([face[:, upper].mean(0) for face in both], 0) for both in _both(pairs))
        found["mean of upper face off by"] = float(np.abs(made - real).mean())
    return found


def _heard(runtime: OneRecording, samples: Samples, source: Path, bar: Progress) -> tuple[Hearing, Floats]:
    """What was heard, and the person's voice (V,); V is 0 if the checkpoint does not tell voices apart."""
    hops = runtime.config.window().hops(len(samples))
    task = bar.add_task("listening", total=-(-hops // TOGETHER))
    heard = hear(runtime, samples, told=_advance(bar, task))
    takes.enough(heard.speech_s, source)
    config = runtime.config.voice
    if runtime.projection is None or config is None:
        return heard, np.zeros(0, np.float32)
    stretches = voice.voices_in(heard, runtime.projection)
    voice.one_speaker(stretches, runtime.projection, config.floor, source)
    return heard, centre(stretches)


def _identity(
    runtime: Runtime,
    name: str,
    embedding: Floats,
    features: Floats,
    adapted: adapter.Adapter,
    person: Floats,
    told: dict[str, Any] | None = None,
) -> Identity:
    return Identity(name, runtime.fingerprint, embedding, features, *adapted, person, told or {})


def _advance(bar: Progress, task: Any) -> Callable[[], object]:
    return lambda: bar.advance(task)


def _both(pairs: Sequence[Pair]) -> tuple[list[metrics.Curves], list[metrics.Curves]]:
    return [pair.made for pair in pairs], [pair.real for pair in pairs]
