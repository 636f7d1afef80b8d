"""Small videos for tests: grey, with a tone in one ear."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE_HZ = 16_000


def write_film(path: Path, times_s: Sequence[float], *, tone: bool = True, sound_from_s: float = 0.0) -> Path:
    """Grey pictures at the given times; sound that begins later: a second of a tone on the right alone."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        audio = file.add_stream("pcm_s16le", rate=RATE_HZ, layout="stereo") if tone else None
        for number, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 40 * number % 256, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            file.mux(video.encode(frame))
        file.mux(video.encode())
        if audio:
            right = (16_000 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)
            both = np.stack([np.zeros_like(right), right], 1).reshape(1, -1)
            block = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
            block.rate, block.pts, block.time_base = RATE_HZ, round(sound_from_s * RATE_HZ), Fraction(1, RATE_HZ)
            file.mux(audio.encode(block))
            file.mux(audio.encode())
    return path
