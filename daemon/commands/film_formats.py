"""Writes films: H.264 and AAC in an mp4 with exactly the take's frame rate, or a looping gif."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile
import soxr

from daemon.preview.studio import Draw
from protocols.errors import FacewireError
from protocols.frame import Weights
from protocols.takes import Take

if TYPE_CHECKING:
    from PIL.Image import Image

GIF_FPS: Final = 20
SOUND_HZ: Final = 48_000
PALETTE_FROM: Final = 12


def gif_rate(fps: Fraction) -> Fraction:
    """The nearest rate that a gif can have, which counts time in hundredths of a second. At most `GIF_FPS`."""
    return Fraction(100, math.ceil(100 / min(fps, Fraction(GIF_FPS))))


def palette(draw: Draw, take: Take) -> "Image":
    """256 colours for all frames, taken from a few that are spread over the film."""
    from PIL import Image

    chosen = np.unique(np.linspace(0, len(take.weights) - 1, PALETTE_FROM).astype(int))
    pictures = list(draw(Take(take.weights[chosen], take.fps, take.poses[chosen])))
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for index, picture in enumerate(pictures):
        together.paste(picture, (0, index * height))
    return together.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)


def write_gif(path: Path, pictures: "Iterator[Image]", rate: Fraction, palette: "Image") -> None:
    """Write a looping gif at a rate from `gif_rate`."""
    from PIL import Image

    frames = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
    first = next(frames)
    first.save(path, save_all=True, append_images=frames, duration=int(1000 / rate), loop=0, optimize=False)


def read_sound(path: Path) -> Weights:
    """(channels, n) float32 at 48 kHz, one channel or two."""
    if not path.is_file():
        raise FacewireError(f"{path}: no such sound file")
    try:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise FacewireError(f"{path}: not a sound file that can be read ({error}); try wav or flac") from error
    if sound.shape[1] > 2:
        sound = sound.mean(axis=1, keepdims=True)
    resampled: Weights = soxr.resample(sound, rate_hz, SOUND_HZ) if rate_hz != SOUND_HZ else sound
    return np.ascontiguousarray(resampled.T)


def write_mp4(path: Path, pictures: "Iterator[Image]", rate: Fraction, size: int, sound: Weights | None) -> None:
    """Write an mp4. Sound that is longer than the pictures is cut."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        video.width = video.height = size
        video.pix_fmt = "yuv420p"
        context = video.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 1, 1, 1  # BT.709
        layout = "stereo" if sound is not None and len(sound) == 2 else "mono"
        audio = None if sound is None else container.add_stream("aac", rate=SOUND_HZ, layout=layout)
        for index, picture in enumerate(pictures):
            pixels = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame = pixels.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(video.encode(frame))
            begin, end = (int(at * SOUND_HZ / rate) for at in (index, index + 1))
            if audio is not None and sound is not None and begin < sound.shape[1]:
                heard = av.AudioFrame.from_ndarray(sound[:, begin:end].copy(), format="fltp", layout=layout)
                heard.sample_rate, heard.pts, heard.time_base = SOUND_HZ, begin, Fraction(1, SOUND_HZ)
                container.mux(audio.encode(heard))
        for stream in (video, audio):
            if stream is not None:
                container.mux(stream.encode())
