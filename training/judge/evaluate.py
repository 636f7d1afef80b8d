"""Judge a checkpoint on recordings that it never saw, streamed as the live program streams them."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from model import schedule, stream
from model.face import FaceModel
from model.windows import Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets.clips import Clip, Curves, beginning, joined
from training.judge import metrics
from training.judge.animate import animate, pair
from training.judge.calm import calm_figures, noise_figures
from training.judge.live import live_figures
from training.judge.metrics import Pair
from training.judge.tables import Column, Value, summary

SEEDS: Final = (0, 1, 2, 3)
LONG_S: Final = 600
"""Longest sound of the one long stream."""
WITH_NOISE_ON_LIPS: Final = ("lip error 27", "jitter lips", "spread over seeds, jaw")
_FIFTY_ONE: Final = range(blendshapes.COUNT - 1)

Takes = list[list[Curves]]
"""Faces by seed, then by recording."""


def all_figures(
    model: FaceModel,
    clips: Sequence[Clip],
    lookahead_ms: int,
    seeds: Sequence[int] = SEEDS,
    told: Callable[[], None] = lambda: None,
    *,
    without_speech: Mapping[str, Samples] = MappingProxyType({}),
) -> Column:
    """All figures of a face as `facewire run` makes it, with deviations over seeds; one long stream; rest in noise.

    At the checkpoint's own lookahead also with noise on the lips, to show what leaving it out is worth, and how calm
    the face is: in sounds without speech, the given ones among them, and at any loudness of speech.
    """
    column = judged(model, clips, takes(model, clips, lookahead_ms, seeds, told=told))
    if lookahead_ms == model.config.lookahead_ms:
        noisy = judged(model, clips, takes(model, clips, lookahead_ms, seeds, lip_noise=1.0))
        column |= {f"{name}, noise on lips": noisy[name] for name in WITH_NOISE_ON_LIPS if name in noisy}
    others = long_stream(model, clips, lookahead_ms) | noise_figures(model, lookahead_ms)
    others |= live_figures(model, clips, lookahead_ms)
    if lookahead_ms == model.config.lookahead_ms:
        others |= calm_figures(model, clips, lookahead_ms, without_speech)
    return column | {name: Value(value) for name, value in others.items()}


def takes(
    model: FaceModel,
    clips: Sequence[Clip],
    lookahead_ms: int,
    seeds: Sequence[int],
    *,
    lip_noise: float = 0.0,
    told: Callable[[], None] = lambda: None,
) -> Takes:
    """The faces of the clips for each seed."""
    made = []
    for seed in seeds:
        made.append(animate(model, clips, seed=seed, lookahead_ms=lookahead_ms, lip_noise=lip_noise))
        told()
    return made


def judged(model: FaceModel, clips: Sequence[Clip], made: Takes) -> Column:
    """The figures of takes of some clips, with deviations over takes, and how much the takes differ."""
    fps, frames = model.config.fps, model.config.window().frames_per_hop(model.config.fps)
    by_take = []
    for faces in made:
        pairs = [pair(clip, face, fps) for clip, face in zip(clips, faces, strict=True)]
        by_take.append(figures(pairs, fps) | {"seam ratio": metrics.seam_ratio(faces, _FIFTY_ONE, frames)})
    column = summary(by_take)
    if len(made) > 1:
        column["spread over seeds, jaw"] = Value(metrics.spread(made, [metrics.JAW]))
        upper = pairs[0].channels(blendshapes.UPPER)
        if upper:
            column["spread over seeds, upper face"] = Value(metrics.spread(made, upper))
    return column


def figures(pairs: Sequence[Pair], fps: int) -> dict[str, float]:
    """All figures of one take of all clips; of the upper face if it was captured, closures if the words are known."""
    lips = blendshapes.LIPS_27
    correlation, lag = metrics.jaw_correlation(pairs)
    found = errors(pairs) | {
        "jaw r": correlation,
        "jaw lag frames": float(lag),
        "amplitude jaw": metrics.amplitude_ratio(pairs, [metrics.JAW]),
        "amplitude lips": metrics.amplitude_ratio(pairs, lips),
        "jitter lips": metrics.jitter_ratio(pairs, lips),
    }
    if pairs[0].channels(metrics.BLINKS):
        found["jitter upper"] = metrics.jitter_ratio(pairs, blendshapes.UPPER)
        found["blinks to real"] = metrics.blink_ratio(pairs)
        found["lids apart"] = metrics.lids_apart([pair.made for pair in pairs])
    recall, depth, count = metrics.closures(pairs, fps)
    if count:
        found |= {"closure recall": recall, "closure depth": depth, "closures": float(count)}
    return found


def errors(pairs: Sequence[Pair]) -> dict[str, float]:
    """The figures that are meaningful for a still face, too."""
    found = {
        "lip error 27": float(np.mean([metrics.error(p, blendshapes.LIPS_27) for p in pairs])),
        "LBE 12": float(np.mean([metrics.error(p, blendshapes.LBE_12) for p in pairs])),
        "MBE 51": float(np.mean([metrics.error(p, _FIFTY_ONE) for p in pairs])),
    }
    if pairs[0].channels(metrics.BLINKS):
        deviation = [metrics.dynamics_deviation(p) for p in pairs]
        found |= {"FDD signed": float(np.mean(deviation)), "FDD abs": float(np.mean(np.abs(deviation)))}
    return found


def skipping(teacher: FaceModel, steps: int) -> FaceModel:
    """The teacher, not trained for it, sampled with `steps` of its steps, at the alpha-bar of a student's."""
    if steps > teacher.config.steps or teacher.config.schedule_steps % steps:
        raise FacewireError(
            f"the teacher has {teacher.config.steps} steps of {teacher.config.schedule_steps}: {steps} cannot be "
            "taken out of them; give the checkpoint that the student was distilled from as --teacher"
        )
    model = deepcopy(teacher, {id(teacher.encoder): teacher.encoder})
    model.config = teacher.config.model_copy(update={"steps": steps})
    model.schedule = schedule.linear(teacher.config.schedule_steps, steps)
    return model


def to_teacher(
    model: FaceModel, teacher: FaceModel, clips: Sequence[Clip], lookahead_ms: int, seeds: Sequence[int]
) -> Column:
    """How far the face is from its teacher's with the same seed (`distance`).

    For comparison, the distance of the teacher itself when it merely skips steps, which distillation has to beat.
    """
    column: Column = {}
    for lip_noise, suffix in ((0.0, ""), (1.0, ", noise on lips")):
        wanted, distilled, skipped = (
            takes(who, clips, lookahead_ms, seeds, lip_noise=lip_noise)
            for who in (teacher, model, skipping(teacher, model.config.steps))
        )
        by_take = []
        for own, short, aim in zip(distilled, skipped, wanted, strict=True):
            far, scale = distance(own, aim, clips), distance(short, aim, clips)
            found = {"": far, ", skipping steps": scale, ", to skipping": far / max(scale, 1e-9)}
            by_take.append({f"distance to teacher{what}{suffix}": value for what, value in found.items()})
        column |= summary(by_take)
    return column


def distance(made: Sequence[Curves], wanted: Sequence[Curves], clips: Sequence[Clip]) -> float:
    """L2 norm over 51 shapes between two faces of the same clips: mean over frames, then over clips."""
    each = zip(made, wanted, clips, strict=True)
    return float(np.mean([metrics.error(Pair(own, aim, clip.confidence > 0), _FIFTY_ONE) for own, aim, clip in each]))


def baselines(clips: Sequence[Clip], model: FaceModel) -> dict[str, Column]:
    """For scale: the real motion of another clip, and the mean face that the model was trained with."""
    fps = model.config.fps
    real = [clip.at(np.arange(stream.frame_count(len(clip), fps)) / fps)[0] for clip in clips]
    mean = model.face_mean.numpy()
    other = [np.resize(real[(k + 1) % len(real)], face.shape) for k, face in enumerate(real)]
    still = [np.tile(mean, (len(face), 1)) for face in real]
    found = {"mean face": summary([errors([pair(c, f, fps) for c, f in zip(clips, still, strict=True)])])}
    if len(clips) > 1:
        found["another clip"] = judged(model, clips, [other])
    return found


def long_stream(model: FaceModel, clips: Sequence[Clip], lookahead_ms: int) -> dict[str, float]:
    """The jaw in one long stream of clips: a GRU's memory of minutes differs from that of one sentence."""
    chosen = beginning(clips, LONG_S)
    real = joined(chosen, model.config.fps)[1]
    together = replace(clips[0], pcm=np.concatenate([clip.pcm for clip in chosen]))
    (face,) = animate(model, [together], seed=0, lookahead_ms=lookahead_ms)
    return {"jaw r, one long stream": metrics.jaw_correlation([Pair(face, real, clips[0].confidence > 0)])[0]}
