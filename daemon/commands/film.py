"""`facewire film`: a film of the face. H.264 and AAC in mp4 with exactly the take's frame rate, or a looping gif."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile
import soxr

from daemon.preview.shelf import KINDS, beside
from daemon.preview.studio import Draw, check_out, studio
from daemon.settings.config import DaemonConfig
from protocols import takes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.frame import Weights
from protocols.takes import Take

if TYPE_CHECKING:
    from PIL.Image import Image

SIZES: Final = {".mp4": 720, ".gif": 360}
"""Kinds of film, and their usual width and height in pixels."""
GIF_FPS: Final = 20
SOUND_HZ: Final = 48_000
PALETTE_FROM: Final = 12

Progress = Callable[[str, int, int], None]
"""Hears what is made ("face" or "film"), how much of it is done, and of how much."""


def film(
    source: Path,
    out: Path,
    config: DaemonConfig,
    *,
    sound: Path | None = None,
    size: int | None = None,
    fps: Fraction | None = None,
    progress: Progress = lambda what, done, total: None,
) -> str:
    """Make a film of a take, or of a sound file that is animated first as `facewire render` does.

    `config` says how a sound is animated and, by `head`, who is filmed. `out` ends in .mp4 or .gif and appears
    complete or not at all. `sound` left out: the source itself, or the file of the take's stem beside it; a gif has
    none. `size` is width and height in pixels. `fps` left out: the take's own; a gif has 20 at most, always 100 / n.
    Returns what was made, in words. Raises FacewireError with what is wrong and what to try.
    """
    if out.suffix.lower() not in SIZES:
        raise FacewireError(f"--out {out}: must end in {' or '.join(SIZES)}")
    size = size or SIZES[out.suffix.lower()]
    check_out(out, size)
    gif = out.suffix.lower() == ".gif"
    if gif and sound is not None:
        raise FacewireError(f"--sound {sound}: a gif has no sound; make an .mp4")
    is_take = source.suffix.lower() in KINDS
    heard = None if gif else sound or (beside(source) if is_take else source)
    samples = None if heard is None else _read_sound(heard)
    make = _reader(source) if is_take else _renderer(source, config)
    with studio(size, config.head) as draw, complete_or_not_at_all(out) as partial:
        take = make(progress)
        rate = _gif_rate(fps or take.fps) if gif else fps or take.fps
        weights = _at_rate(take, rate)
        pictures = _counted(draw(weights), len(weights), progress)
        if gif:
            _write_gif(partial, pictures, rate, _palette(draw, weights))
        else:
            _write_mp4(partial, pictures, rate, size, samples)
    told = f"with the sound of {heard}" if heard else "without sound"
    return f"{len(weights)} frames at {float(rate):g} frames per second, {size} x {size} pixels, {told}"


def _reader(source: Path) -> Callable[[Progress], Take]:
    take = takes.read(source)
    return lambda progress: take


def _renderer(source: Path, config: DaemonConfig) -> Callable[[Progress], Take]:
    """What animates a sound file; all that can be wrong with the model is told before."""
    from daemon.animate.face import begin, open_face
    from daemon.animate.identities import Identities
    from daemon.animate.offline import perform
    from model.audio import read_audio

    samples = read_audio(source)
    runtime = open_face(config.checkpoint, config.encoder, config.runtime)
    library = Identities(runtime, config.identities).library
    begin(runtime, config, library)

    def render(progress: Progress) -> Take:
        faces = perform(runtime, samples, config, lambda *done: progress("face", *done), library)
        return Take(faces, Fraction(runtime.config.fps))

    return render


def _at_rate(take: Take, rate: Fraction) -> Weights:
    """The take's faces (n, 52) at another rate, linearly between its frames; as long as the take."""
    if rate == take.fps:
        return take.weights
    count = math.ceil(len(take.weights) * rate / take.fps)
    at = np.arange(count) * float(take.fps / rate)
    known = np.arange(len(take.weights))
    return np.stack([np.interp(at, known, shape) for shape in take.weights.T], axis=1).astype(np.float32)


def _gif_rate(fps: Fraction) -> Fraction:
    """A gif counts hundredths of a second; browsers slow down what is faster than 50 per second."""
    return Fraction(100, math.ceil(100 / min(fps, Fraction(GIF_FPS))))


def _counted(pictures: "Iterator[Image]", total: int, progress: Progress) -> "Iterator[Image]":
    for done, picture in enumerate(pictures, 1):
        yield picture
        progress("film", done, total)


def _palette(draw: Draw, weights: Weights) -> "Image":
    """256 colours for all frames: those of some that are spread over the film."""
    from PIL import Image

    chosen = np.unique(np.linspace(0, len(weights) - 1, PALETTE_FROM).astype(int))
    pictures = list(draw(weights[chosen]))
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for index, picture in enumerate(pictures):
        together.paste(picture, (0, index * height))
    return together.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)


def _write_gif(path: Path, pictures: "Iterator[Image]", rate: Fraction, palette: "Image") -> None:
    from PIL import Image

    frames = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
    first = next(frames)
    first.save(path, save_all=True, append_images=frames, duration=int(1000 / rate), loop=0, optimize=False)


def _read_sound(path: Path) -> Weights:
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


def _write_mp4(path: Path, pictures: "Iterator[Image]", rate: Fraction, size: int, sound: Weights | None) -> None:
    """Sound ends with the pictures, if not before."""
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
