"""Reads sound files as mono float32 samples at 16 kHz, the format the model expects."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError


def read_audio(path: Path | str, begin_s: float = 0.0, seconds: float | None = None) -> Samples:
    """Read a sound file (wav, flac, ogg, mp3, …), or so many seconds of it, as mono float32 samples (n,) at 16 kHz.

    Any sample rate is resampled, and channels are averaged. Raises FacewireError if the file is missing, cannot be
    decoded or contains no samples.
    """
    if not Path(path).is_file():
        raise FacewireError(f"{path}: no such sound file")
    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = file.samplerate
            if begin_s:
                file.seek(min(int(begin_s * rate_hz), file.frames))
            sound = file.read(-1 if seconds is None else int(seconds * rate_hz), "float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise FacewireError(
            f"{path}: not a sound file that can be decoded ({error}); try wav, flac, ogg or mp3"
        ) from error
    if not len(sound):
        raise FacewireError(f"{path}: the file contains no sound (0 samples); export it again")
    mono: Samples = sound.mean(axis=1, dtype=np.float32)
    if rate_hz == SAMPLE_RATE_HZ:
        return mono
    resampled: Samples = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
    return resampled


def duration_s(path: Path) -> float:
    """Length of a sound file, as its header tells it. Raises FacewireError for what is not a sound file."""
    try:
        return float(soundfile.info(path).duration)
    except (soundfile.LibsndfileError, TypeError, ZeroDivisionError) as error:
        raise FacewireError(f"{path}: not a sound file that can be decoded ({error})") from error
