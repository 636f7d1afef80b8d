"""`facewire film` and `facewire shapes`: pictures of the face without a window, drawn by the page's own code.

A browser without a window opens film.html from the preview's server on a port of its own, and hands back frame after
frame. Films are H.264 and AAC in mp4 with exactly the take's frame rate, or looping gifs without sound.
"""

import base64
import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile
import soxr

from daemon.config import DaemonConfig
from daemon.head import head_bytes
from daemon.preview import Preview
from daemon.replay import KINDS, beside
from daemon.settings import LiveSettings
from protocols import takes
from protocols.blendshapes import COUNT, NAMES
from protocols.errors import FacewireError
from protocols.frame import Weights
from protocols.takes import Take

if TYPE_CHECKING:
    from PIL.Image import Image
    from playwright.sync_api import Browser, Playwright

SIZES: Final = {".mp4": 720, ".gif": 360}
"""Kinds of film, and their usual width and height in pixels."""
LARGEST: Final = 2160
GIF_FPS: Final = 20
SOUND_HZ: Final = 48_000
TOGETHER: Final = 16
"""Frames that the browser draws per call."""
PALETTE_FROM: Final = 12
CELL: Final = 240
LABEL: Final = 24
COLUMNS: Final = 9
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
CHANNELS: Final = ("chrome", "msedge")  # playwright knows where they are on Windows and macOS
ARGUMENTS: Final = (
    "--enable-unsafe-swiftshader",  # draws the head where there is no graphics card; only our own page is opened
    "--disable-accelerated-2d-canvas",  # which only slows reading the pixels back
)

Draw = Callable[[Weights], "Iterator[Image]"]
"""From weights (n, 52) to n pictures."""
Progress = Callable[[str, int, int], None]
"""Hears what is made ("face" or "film"), how much of it is done, and of how much."""


def film(
    source: Path,
    out: Path,
    *,
    sound: Path | None = None,
    head: Path | None = None,
    size: int | None = None,
    fps: Fraction | None = None,
    checkpoint: Path | None = None,
    encoder: str | None = None,
    identity: str | None = None,
    lookahead_ms: int | None = None,
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
) -> str:
    """Make a film of a take, or of a sound file that is animated first as `facewire render` does.

    `out` ends in .mp4 or .gif and appears complete or not at all. `sound` left out: the source itself, or the file of
    the take's stem beside it; a gif has none. `head`: ICT-FaceKit, which is filmed in place of the drawn face. `size`
    is width and height in pixels. `fps` left out: the take's own; a gif has 20 at most, and always 100 / n.
    Returns what was made, in words. Raises FacewireError with what is wrong and what to try.
    """
    if out.suffix.lower() not in SIZES:
        raise FacewireError(f"--out {out}: must end in {' or '.join(SIZES)}")
    size = size or SIZES[out.suffix.lower()]
    _check_out(out, size)
    gif = out.suffix.lower() == ".gif"
    if gif and sound is not None:
        raise FacewireError(f"--sound {sound}: a gif has no sound; make an .mp4")
    is_take = source.suffix.lower() in KINDS
    heard = None if gif else sound or (beside(source) if is_take else source)
    samples = None if heard is None else _read_sound(heard)
    make = _reader(source) if is_take else _renderer(source, checkpoint, encoder, seed, identity, lookahead_ms)
    with studio(size, head) as draw, _complete_or_not_at_all(out) as partial:
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


def contact_sheet(out: Path, head: Path | None = None) -> None:
    """A picture (.png) of the face at rest and of every blendshape at 1, with their names. Raises FacewireError."""
    if out.suffix.lower() != ".png":
        raise FacewireError(f"--out {out}: must end in .png")
    _check_out(out, CELL)
    labels = ["rest", *NAMES]
    with studio(CELL, head) as draw, _complete_or_not_at_all(out) as partial:
        from PIL import Image, ImageDraw, ImageFont

        rows = math.ceil(len(labels) / COLUMNS)
        sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + LABEL)), "#15171c")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
        for index, picture in enumerate(draw(np.eye(COUNT + 1, COUNT, -1, dtype=np.float32))):
            left, top = index % COLUMNS * CELL, index // COLUMNS * (CELL + LABEL)
            sheet.paste(picture, (left, top))
            pen.text((left + CELL / 2, top + CELL + LABEL / 2), labels[index], "#d6d9e0", font, anchor="mm")
        sheet.save(partial)


@contextmanager
def studio(size: int, head: Path | None) -> Iterator[Draw]:
    """What draws square pictures of so many pixels, until the end of the context. Raises FacewireError."""
    if not all(map(find_spec, ("playwright", "av", "PIL"))):
        raise FacewireError("films need more Python packages: pip install '.[film]'")
    from PIL import Image
    from playwright.sync_api import Error, sync_playwright

    if head is not None:
        head_bytes(head)  # baked and cached now, where its errors are plain
    preview = Preview(LiveSettings(DaemonConfig(preview_port=0, head=head)))
    try:
        with sync_playwright() as playwright, _browser(playwright) as browser:
            page = browser.new_page()
            page.goto(f"{preview.url}static/film.html")
            page.evaluate("([look, size]) => film.open(look, size)", ["head" if head else "drawn", size])

            def draw(weights: Weights) -> "Iterator[Image.Image]":
                for begin in range(0, len(weights), TOGETHER):
                    some = base64.b64encode(weights[begin : begin + TOGETHER].astype("<f4").tobytes()).decode()
                    for picture in page.evaluate("weights => film.draw(weights)", some):
                        yield Image.open(BytesIO(base64.b64decode(picture)), formats=["JPEG"])

            yield draw
    except Error as error:
        told = str(error).partition("\n")[0].removeprefix("Page.evaluate: ").removeprefix("Error: ")
        raise FacewireError(f"the browser that draws failed: {told}") from error
    finally:
        preview.close()


def _browser(playwright: "Playwright") -> "Browser":
    from playwright.sync_api import Error

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is not None:
        return playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    for channel in CHANNELS:
        with suppress(Error):
            return playwright.chromium.launch(channel=channel, args=list(ARGUMENTS))
    raise FacewireError("films are drawn by a browser: install Chromium, Chrome or Edge (Debian: apt install chromium)")


def _check_out(out: Path, size: int) -> None:
    if not out.parent.is_dir():
        raise FacewireError(f"--out {out}: there is no folder {out.parent}")
    if size % 2 or not 64 <= size <= LARGEST:
        raise FacewireError(f"--size {size}: must be an even number of pixels, 64 to {LARGEST}")


@contextmanager
def _complete_or_not_at_all(out: Path) -> Iterator[Path]:
    """A file beside `out` to write to, which takes its place in the end; its suffix means the format."""
    partial = out.with_name(f".{out.stem}.{os.getpid()}.part{out.suffix.lower()}")
    try:
        yield partial
        os.replace(partial, out)
    except OSError as error:
        raise FacewireError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _reader(source: Path) -> Callable[[Progress], Take]:
    take = takes.read(source)
    return lambda progress: take


def _renderer(
    source: Path,
    checkpoint: Path | None,
    encoder: str | None,
    seed: int,
    identity: str | None,
    lookahead_ms: int | None,
) -> Callable[[Progress], Take]:
    """What animates a sound file; all that can be wrong with the model is told before."""
    from daemon.face import open_face
    from model import stream
    from model.audio import read_audio

    samples = read_audio(source)
    model = open_face(checkpoint, encoder)
    stream.start(model, seeds=[seed], identities=[identity], lookahead_ms=lookahead_ms)

    def render(progress: Progress) -> Take:
        options: dict[str, Any] = {"seed": seed, "identity": identity, "lookahead_ms": lookahead_ms}
        faces = stream.render(model, samples, **options, progress=lambda *done: progress("face", *done))
        return Take(faces, Fraction(model.config.fps))

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
