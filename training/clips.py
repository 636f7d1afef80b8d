"""Recordings of speech with face curves, as folders of `<name>.flac` (or wav) beside `<name>.npz`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.audio import read_audio
from model.stream import frame_count
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from protocols.errors import FacewireError
from training.splits import Split, split_of

Curves = NDArray[np.float32]
MIN_SEEN = 0.9
"""Share of frames in which a face must have been found."""


@dataclass(frozen=True)
class Clip:
    """One recording of one person."""

    source: Path
    """The file of its curves."""
    identity: str
    samples: Samples
    """(n,) at 16 kHz."""
    curves: Curves
    """(frames, 52) at the recording's own rate."""
    seen: NDArray[np.bool_]
    """(frames,): whether a face was found."""
    fps: float
    confidence: Curves
    """(52,): 1 well observed, 0 not captured."""
    offset_s: float
    """By how much the curves lag behind the sound."""

    def at(self, times_s: NDArray[np.float64]) -> tuple[Curves, NDArray[np.bool_]]:
        """Curves (t, 52) at times of the sound, linearly interpolated, and whether they were seen (t,)."""
        position = (times_s + self.offset_s) * self.fps
        frame = np.clip(np.floor(position).astype(int), 0, max(0, len(self.curves) - 2))
        after = np.minimum(frame + 1, len(self.curves) - 1)
        share = np.clip(position - frame, 0, 1)[:, None].astype(np.float32)
        return self.curves[frame] * (1 - share) + self.curves[after] * share, self.seen[frame] & self.seen[after]


def read_clip(path: Path, identity: str, offset_ms: float) -> Clip:
    """The recording of an `.npz` file. Raises FacewireError for one without sound or with broken curves."""
    sound = [p for p in (path.with_suffix(s) for s in (".flac", ".wav")) if p.exists()]
    if not sound:
        raise FacewireError(f"{path}: no {path.stem}.flac or .wav beside it")
    with np.load(path) as data:
        names = [str(name) for name in data["names"]]
        curves = blendshapes.remap(data["bs"], names)
        captured = data["captured"] if "captured" in data else np.ones(len(names))
        confidence = data["conf"] if "conf" in data else captured.astype(np.float32)
        seen = data["ok"] if "ok" in data else np.ones(len(curves), bool)
        fps = float(data["fps"])
    if not np.isfinite(curves).all():
        raise FacewireError(f"{path}: curves that are not numbers")
    weight = blendshapes.remap(np.where(captured, confidence, 0)[None], names)[0]
    return Clip(path, identity, read_audio(sound[0]), curves, seen, fps, weight, offset_ms / 1000)


def read_clips(folder: Path, identity: str, offset_ms: float, split: Split | Literal["all"]) -> list[Clip]:
    """All recordings of one split of a folder, or of all, in which a face was found nearly always."""
    paths = sorted(path for path in folder.glob("*.npz") if split in ("all", split_of(path.stem)))
    clips = [read_clip(path, identity, offset_ms) for path in paths]
    kept = [clip for clip in clips if clip.seen.mean() >= MIN_SEEN]
    if not kept:
        raise FacewireError(f"{folder}: no recordings for {split}: expected <name>.npz beside <name>.flac")
    return kept


def joined(clips: Sequence[Clip], fps: int) -> tuple[Samples, Curves]:
    """Clips one after the other as one stream: sound (n,) and curves (frames, 52) on the stream's absolute time."""
    sound = np.concatenate([clip.samples for clip in clips])
    times_s = np.arange(frame_count(len(sound), fps)) / fps
    ends_s = np.cumsum([len(clip.samples) for clip in clips]) / SAMPLE_RATE_HZ
    parts = np.split(times_s, np.searchsorted(times_s, ends_s[:-1]))
    begins_s = np.concatenate([[0.0], ends_s[:-1]])
    curves = [clip.at(part - begin_s)[0] for clip, part, begin_s in zip(clips, parts, begins_s, strict=True)]
    return sound, np.concatenate(curves)


def resting_face(clips: Sequence[Clip]) -> Curves:
    """Median face (52,) of the quiet frames: those 25 dB below their recording's loudest 100 ms.

    Not the mean: people open their mouths to breathe and before they speak, and a parted mouth is no rest.
    """
    quiet = []
    for clip in clips:
        block = SAMPLE_RATE_HZ // 10
        blocks = clip.samples[: len(clip.samples) // block * block].reshape(-1, block)
        level_db = 20 * np.log10(np.sqrt(np.mean(np.square(blocks), axis=1)) + 1e-9)
        times_s = (np.flatnonzero(level_db < level_db.max() - 25).astype(np.float64) + 0.5) * 0.1
        quiet.append(clip.at(times_s)[0])
    faces = np.concatenate(quiet)
    return np.asarray(np.median(faces, axis=0) if len(faces) else np.zeros(blendshapes.COUNT), np.float32)
