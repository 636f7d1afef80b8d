"""Judge a checkpoint on recordings that it never saw, through the line that runs live."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from model import stream
from model.face import FaceModel
from model.windows import SAMPLE_RATE_HZ, windows_of
from protocols import blendshapes
from training import metrics
from training.clips import Clip, Curves, joined
from training.metrics import Pair

SEEDS = (0, 1, 2, 3)
UPPER = [index for index in range(blendshapes.COUNT) if index not in blendshapes.LIPS_27]
NOISE_DBFS = (-60, -40)


def animate(
    model: FaceModel, clips: Sequence[Clip], *, seed: int, lookahead_ms: int, lip_noise: float = 0.0
) -> list[Curves]:
    """Faces (frames, 52) of clips, all at once: one session each, as `facewire run` would stream them."""
    window = model.config.window(lookahead_ms)
    longest = max(len(clip.samples) for clip in clips)
    sounds = [np.pad(clip.samples, (0, longest - len(clip.samples))) for clip in clips]
    cut = [windows_of(window, sound) for sound in sounds]
    state = stream.start(
        model,
        seeds=[seed * 1000 + index for index in range(len(clips))],
        identities=[clip.identity if clip.identity in model.identities.names else None for clip in clips],
        lookahead_ms=lookahead_ms,
        liveliness=1.0,
    )
    scale = state.noise_scale.clone()
    scale[list(blendshapes.LIPS_27)] = lip_noise
    state = replace(state, noise_scale=scale)
    faces = []
    for hop in range(len(cut[0])):
        state, face = stream.step(model, state, torch.from_numpy(np.stack([windows[hop : hop + 1] for windows in cut])))
        faces.append(face)
    together = torch.cat(faces, 1).numpy()
    fps = model.config.fps
    return [face[: stream.frame_count(len(clip.samples), fps)] for face, clip in zip(together, clips, strict=True)]


def pair(clip: Clip, face: Curves, fps: int) -> Pair:
    """A made face and the real one on the frames' absolute times."""
    real, _ = clip.at(np.arange(len(face)) / fps)
    return Pair(face, real, clip.confidence > 0, clip.closures_s)


def figures(pairs: Sequence[Pair], fps: int) -> dict[str, float]:
    """All figures of one take of all clips; those of the upper face where it was captured, closures where words are."""
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
        found["jitter upper"] = metrics.jitter_ratio(pairs, UPPER)
        found["blinks to real"] = metrics.blink_ratio(pairs)
    recall, depth, count = metrics.closures(pairs, fps)
    if count:
        found |= {"closure recall": recall, "closure depth": depth, "closures": float(count)}
    return found


def errors(pairs: Sequence[Pair]) -> dict[str, float]:
    """The figures that mean something for a face that does not move, too."""
    found = {
        "lip error 27": float(np.mean([metrics.error(p, blendshapes.LIPS_27) for p in pairs])),
        "LBE 12": float(np.mean([metrics.error(p, blendshapes.LBE_12) for p in pairs])),
        "MBE 51": float(np.mean([metrics.error(p, range(blendshapes.COUNT - 1)) for p in pairs])),
    }
    if pairs[0].channels(metrics.BLINKS):
        deviation = [metrics.dynamics_deviation(p) for p in pairs]
        found |= {"FDD signed": float(np.mean(deviation)), "FDD abs": float(np.mean(np.abs(deviation)))}
    return found


def evaluate(
    model: FaceModel,
    clips: Sequence[Clip],
    lookahead_ms: int,
    seeds: Sequence[int] = SEEDS,
    told: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Means over seeds of all figures as `facewire run` makes the face, one long stream, and rest in noise.

    At the checkpoint's own lookahead also with noise on the lips, which tells what leaving it out is worth.
    """
    means = _takes(model, clips, lookahead_ms, seeds, 0.0, told)
    if lookahead_ms == model.config.lookahead_ms:
        noisy = _takes(model, clips, lookahead_ms, seeds, 1.0, lambda: None)
        means |= {f"{name}, noise on lips": noisy[name] for name in ("lip error 27", "jitter lips")}
    return means | long_stream(model, clips, lookahead_ms) | noise_figures(model, lookahead_ms)


def _takes(
    model: FaceModel,
    clips: Sequence[Clip],
    lookahead_ms: int,
    seeds: Sequence[int],
    lip_noise: float,
    told: Callable[[], None],
) -> dict[str, float]:
    takes = []
    for seed in seeds:
        made = animate(model, clips, seed=seed, lookahead_ms=lookahead_ms, lip_noise=lip_noise)
        pairs = [pair(clip, face, model.config.fps) for clip, face in zip(clips, made, strict=True)]
        takes.append(figures(pairs, model.config.fps))
        told()
    return {name: float(np.mean([take[name] for take in takes])) for name in takes[0]}


def baselines(clips: Sequence[Clip], model: FaceModel) -> dict[str, dict[str, float]]:
    """For scale: real motion of another clip, and the mean face that the model was trained with."""
    fps = model.config.fps
    real = [clip.at(np.arange(stream.frame_count(len(clip.samples), fps)) / fps)[0] for clip in clips]
    mean = model.face_mean.numpy()
    other = [np.resize(real[(k + 1) % len(real)], face.shape) for k, face in enumerate(real)]
    still = [np.tile(mean, (len(face), 1)) for face in real]
    found = {"mean face": errors([pair(c, f, fps) for c, f in zip(clips, still, strict=True)])}
    if len(clips) > 1:
        found["another clip"] = figures([pair(c, f, fps) for c, f in zip(clips, other, strict=True)], fps)
    return found


def long_stream(model: FaceModel, clips: Sequence[Clip], lookahead_ms: int) -> dict[str, float]:
    """The jaw in one stream of all clips in a row: the memory of minutes is not that of one sentence."""
    sound, real = joined(clips, model.config.fps)
    identity = clips[0].identity if clips[0].identity in model.identities.names else None
    face = stream.render(model, sound, identity=identity, lookahead_ms=lookahead_ms)
    return {"jaw r, one long stream": metrics.jaw_correlation([Pair(face, real, clips[0].confidence > 0)])[0]}


def noise_figures(model: FaceModel, lookahead_ms: int) -> dict[str, float]:
    """Mean jawOpen while white noise is all there is to hear, after the first second."""
    found: dict[str, Any] = {}
    for dbfs in NOISE_DBFS:
        drawn = np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE_HZ) * 10 ** (dbfs / 20)
        face = stream.render(model, drawn.astype(np.float32), lookahead_ms=lookahead_ms)
        found[f"jaw in noise of {dbfs} dBFS"] = float(face[model.config.fps :, metrics.JAW].mean())
    return found
