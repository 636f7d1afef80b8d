"""What a stream hears of a speaker's voice: the pooled features, window by window as at run time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import Progress

from model import voices
from model.audio import read_audio
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windows import FEATURES_PER_S, SAMPLE_RATE_HZ, Floats, Samples
from training.datasets.clips import Clip
from training.datasets.splits import split_of
from training.judge.not_speech import white
from training.sounds.augment import in_noise, of_another_voice, with_noise
from training.sounds.hearing import hear

CLIPS: Final = 60
"""Recordings of one identity that are used, about."""
CLIP_S: Final = 30
"""Longest part of each, in seconds."""


@dataclass(frozen=True)
class Recording:
    """The voice in a recording: features (n, W) of its voiced hops, in their order."""

    name: str
    features: Floats

    @property
    def held_out(self) -> bool:
        """Whether it is for judging: decided by name, as in datasets."""
        return split_of(self.name) != "train"


Speakers = Mapping[str, Sequence[Recording]]
"""Recordings by speaker."""


def voice_in(model: FaceModel, samples: Samples, name: str = "") -> Recording:
    """The voice in a recording (n,) at 16 kHz, by the layers of `model.config.voice`."""
    return Recording(name, hear(TorchRuntime(model), samples).voice)


def hear_files(
    model: FaceModel,
    people: Mapping[str, Sequence[Path]],
    bar: Progress,
    *,
    varied: bool = False,
    noise_db: float | None = None,
) -> dict[str, list[Recording]]:
    """The voices in all files.

    `varied` is for learning: half of the files are heard through noise, which says nothing of who speaks, and each
    speaker is heard once more with a different vocal tract, as another person. `noise_db` is for judging: held-out
    files are heard through white noise so many dB below the speech.
    """
    task = bar.add_task("hearing voices", total=sum(map(len, people.values())))
    heard: dict[str, list[Recording]] = {}
    for name, files in people.items():
        for place, path in enumerate(files):
            samples = read_audio(path)
            if varied and place % 4 > 1:  # of every second one, too: `floor` enrols by those and judges by the others
                samples = in_noise(samples, np.random.default_rng(list(path.stem.encode())))
            if noise_db is not None and split_of(path.stem) != "train":
                noise = white(len(samples), np.random.default_rng(list(path.stem.encode())))
                samples = with_noise(samples, noise, noise_db)
            heard.setdefault(name, []).append(voice_in(model, samples, path.stem))
            if varied:
                other = voice_in(model, of_another_voice(samples, name), path.stem)
                heard.setdefault(f"{name}, another throat", []).append(other)
            bar.advance(task)
    return heard


def hear_clips(model: FaceModel, people: Sequence[Sequence[Clip]], bar: Progress) -> dict[str, list[Recording]]:
    """The voices in recordings with faces, by identity: enough of each person to know the voice."""
    chosen = [clip for clips in people for clip in clips[:: max(1, len(clips) // CLIPS)]]
    task = bar.add_task("hearing the checkpoint's own", total=len(chosen))
    heard: dict[str, list[Recording]] = {}
    for clip in chosen:
        samples = clip.samples[: CLIP_S * SAMPLE_RATE_HZ]
        heard.setdefault(clip.identity, []).append(voice_in(model, samples, clip.recording))
        bar.advance(task)
    return heard


def piece(recordings: Sequence[Recording], seconds: float, rng: np.random.Generator) -> Floats:
    """So many seconds (n, W) of a voice from a random place in a random recording, continued in others if it ends."""
    wanted, parts = round(seconds * FEATURES_PER_S), []
    while wanted > 0:
        features = recordings[int(rng.integers(len(recordings)))].features
        taken = features[int(rng.integers(max(1, len(features) - wanted + 1))) :][:wanted]
        parts.append(taken)
        wanted -= len(taken)
    return np.concatenate(parts)


def pieces(recordings: Sequence[Recording], seconds: float, count: int, rng: np.random.Generator) -> Floats:
    """The pooled features (count, 2 W) of so many pieces."""
    return np.stack([voices.pooled(piece(recordings, seconds, rng)) for _ in range(count)])


def long_enough(speakers: Speakers, seconds: float, *, held_out: bool | None = None) -> dict[str, list[Recording]]:
    """The voiced recordings of speakers with so many seconds of voice: held out, not held out, or all."""
    chosen = {
        name: [r for r in recordings if len(r.features) and held_out in (None, r.held_out)]
        for name, recordings in speakers.items()
    }
    return {
        name: found for name, found in chosen.items() if sum(len(r.features) for r in found) >= seconds * FEATURES_PER_S
    }
