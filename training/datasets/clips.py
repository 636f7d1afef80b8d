"""Recordings of speech with face curves, as training hears and sees them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.stream import frame_count
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes

Curves = NDArray[np.float32]
Pcm = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording of one person. Sound and curves may be memory-mapped: read only the part you need."""

    recording: str
    """Its name in its dataset."""
    identity: str
    pcm: Pcm
    """(n,) at 16 kHz."""
    curves: Curves
    """(frames, 52) at the recording's own rate."""
    seen: NDArray[np.bool_]
    """(frames,): whether a face was found."""
    fps: float
    confidence: Curves
    """(52,): 1 well observed, 0 not captured."""
    offset_s: float
    """How far the curves lag behind the sound."""
    closures_s: tuple[float, ...] = ()
    """Onsets of words that begin with p, b or m; empty if the words are not known."""
    gain_db: float = 0.0
    """Gain at playback. It is not applied to `pcm`: at -40 dB only 9 of the 16 bits would be left."""

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.pcm)

    @property
    def samples(self) -> Samples:
        """The whole sound (n,), -1 to 1."""
        return self.sound(0, len(self))

    def sound(self, begin: int, end: int) -> Samples:
        """Samples from `begin` to `end`, in -1 to 1 unless the gain takes them further."""
        return self.pcm[begin:end].astype(np.float32) * np.float32(10 ** (self.gain_db / 20) / 32768)

    def at(self, times_s: NDArray[np.float64]) -> tuple[Curves, NDArray[np.bool_]]:
        """Curves (t, 52) at times in the sound, linearly interpolated, and whether the face was seen then (t,)."""
        position = (times_s + self.offset_s) * self.fps
        frame = np.clip(np.floor(position).astype(int), 0, max(0, len(self.curves) - 2))
        after = np.minimum(frame + 1, len(self.curves) - 1)
        share = np.clip(position - frame, 0, 1)[:, None].astype(np.float32)
        return self.curves[frame] * (1 - share) + self.curves[after] * share, self.seen[frame] & self.seen[after]


def beginning(clips: Sequence[Clip], seconds: int) -> list[Clip]:
    """The first clips that together have at most so much sound; the last one may be cut."""
    room, chosen = seconds * SAMPLE_RATE_HZ, []
    for clip in clips:
        chosen.append(replace(clip, pcm=clip.pcm[:room]))
        room -= len(chosen[-1])
        if room <= 0:
            break
    return chosen


def joined(clips: Sequence[Clip], fps: int) -> tuple[Samples, Curves]:
    """Clips one after the other as one stream: sound (n,), and curves (frames, 52) at the stream's own frame times."""
    sound = np.concatenate([clip.samples for clip in clips])
    times_s = np.arange(frame_count(len(sound), fps)) / fps
    ends_s = np.cumsum([len(clip) for clip in clips]) / SAMPLE_RATE_HZ
    parts = np.split(times_s, np.searchsorted(times_s, ends_s[:-1]))
    begins_s = np.concatenate([[0.0], ends_s[:-1]])
    curves = [clip.at(part - begin_s)[0] for clip, part, begin_s in zip(clips, parts, begins_s, strict=True)]
    return sound, np.concatenate(curves)


def resting_face(clips: Sequence[Clip]) -> Curves:
    """Median face (52,) of the quiet frames: those 25 dB below the recording's loudest 100 ms.

    Not the mean: people open their mouths to breathe and before they speak, and a parted mouth is not a resting one.
    Zeros if no frame is that quiet.
    """
    quiet = []
    for clip in clips:
        block = SAMPLE_RATE_HZ // 10
        blocks = clip.samples[: len(clip) // block * block].reshape(-1, block)
        level_db = 20 * np.log10(np.sqrt(np.mean(np.square(blocks), axis=1)) + 1e-9)
        times_s = (np.flatnonzero(level_db < level_db.max() - 25).astype(np.float64) + 0.5) * 0.1
        quiet.append(clip.at(times_s)[0])
    faces = np.concatenate(quiet)
    return np.asarray(np.median(faces, axis=0) if len(faces) else np.zeros(blendshapes.COUNT), np.float32)
