"""Frames and sound of a video file, on one clock. Needs the extra `video` (PyAV)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from model.extras import need
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError

_SMALL: Final = 720
_LARGE: Final = 1080
"""Shorter sides of a picture, in pixels: smaller pictures are enlarged, larger ones reduced. MediaPipe crops the face
to 256 x 256 pixels; its landmarks are steadier when these are interpolated from a larger picture."""
_MOST: Final = 3.0
_GAP_S: Final = 0.05
"""Longer gaps in the sound are filled with silence."""


class VideoError(FacewireError):
    """A file that is not a video, or lacks a picture or sound."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture."""

    time_s: float
    rgb: NDArray[np.uint8]
    """(height, width, 3), upright."""
    pixel_aspect: float
    """Width of a pixel by its height."""


def library() -> Any:
    """PyAV. Raises FacewireError if it is not installed."""
    need("video", "av")
    import av

    return av


def frame_count(path: Path) -> int:
    """The number of frames a video states, or an estimate; 0 if it states none."""
    with _opened(path) as container:
        stream = container.streams.video[0] if container.streams.video else None
        if stream is None:
            return 0
        seconds = (container.duration or 0) / library().time_base
        return int(stream.frames or seconds * float(stream.average_rate or 0))


def frames(path: Path) -> Iterator[Frame]:
    """All pictures of a video, upright, in a size that suits MediaPipe. Raises VideoError."""
    with _opened(path) as container:
        if not container.streams.video:
            raise VideoError(f"{path}: no picture in this file")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        aspect = float(stream.codec_context.sample_aspect_ratio or 1)
        try:
            for frame in container.decode(stream):
                if frame.time is not None:
                    yield _upright(frame, aspect)
        except library().FFmpegError as error:
            raise VideoError(f"{path}: broken picture: {error}") from error


def _upright(frame: Any, aspect: float) -> Frame:
    shorter = min(frame.width, frame.height)
    scale = min(_MOST, max(1.0, _SMALL / shorter)) * min(1.0, _LARGE / shorter)
    size = round(frame.width * scale), round(frame.height * scale)
    rgb = frame.reformat(*size, format="rgb24", interpolation="BICUBIC").to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return Frame(float(frame.time), np.ascontiguousarray(np.rot90(rgb, turns)), 1 / aspect if turns % 2 else aspect)


def sound(path: Path) -> tuple[Samples, float]:
    """The sound (n,) at 16 kHz, channels averaged, and when it begins on the pictures' clock. Raises VideoError."""
    blocks: list[NDArray[np.float32]] = []
    rate_hz, begin_s, length = 0, 0.0, 0
    with _opened(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: no sound in this video; film it again with the microphone on")
        convert = library().AudioResampler(format="fltp")
        try:
            for frame in container.decode(audio=0):
                if not blocks:
                    rate_hz, begin_s = frame.rate, float(frame.time or 0)
                missing = round((float(frame.time or 0) - begin_s) * rate_hz) - length
                if missing > _GAP_S * rate_hz:
                    blocks.append(np.zeros(missing, np.float32))
                    length += missing
                for part in convert.resample(frame):
                    blocks.append(part.to_ndarray().mean(axis=0))
                    length += len(blocks[-1])
        except library().FFmpegError as error:
            raise VideoError(f"{path}: broken sound: {error}") from error
    if not length:
        raise VideoError(f"{path}: its sound is empty")
    return np.asarray(soxr.resample(np.concatenate(blocks), rate_hz, SAMPLE_RATE_HZ), np.float32), begin_s


def _opened(path: Path) -> Any:
    av = library()
    try:
        return av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{path}: not a video that can be read ({error})") from error
