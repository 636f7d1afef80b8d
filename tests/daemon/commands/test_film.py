import os
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.commands import film_formats
from daemon.commands.film import make_film
from daemon.preview import studio as studio_module
from daemon.preview import web
from daemon.preview.studio import contact_sheet, studio
from daemon.settings.config import DaemonConfig
from model.checkpoint import save
from model.stream import frame_count
from protocols import takes
from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from protocols.takes import Take
from tests.daemon.animate.test_identities import put
from tests.model.test_library import carla
from tests.model.tiny import tiny_model, tiny_runtime
from tests.protocols.faces import posed

JAW = INDEX["jawOpen"]
PLAIN = DaemonConfig()
FRAMES = 24
"""The jaw is shut, then, from frame 12 on, open."""

drawn = pytest.mark.skipif(
    not any(map(shutil.which, studio_module.PROGRAMS)), reason="no browser: apt-get install chromium"
)


@pytest.fixture(autouse=True)
def _packages() -> None:
    for package in ("playwright", "av", "PIL"):
        pytest.importorskip(package, reason=f"no {package}: pip install -e '.[film]'")


@pytest.fixture
def take(tmp_path: Path) -> Path:
    weights = np.zeros((FRAMES, COUNT), np.float32)
    weights[FRAMES // 2 :, JAW] = 1
    takes.write(tmp_path / "talk.npz", Take(weights, Fraction(24)))
    return tmp_path / "talk.npz"


@pytest.fixture
def sound(take: Path) -> Path:
    """Beside the take: 1.5 s; silence and, from half a second on, a tone."""
    time_s = np.arange(66_150) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s) * (time_s >= 0.5)
    soundfile.write(take.with_suffix(".wav"), np.stack([tone, tone], 1), 44_100)
    return take.with_suffix(".wav")


def decoded(path: Path) -> tuple[list[np.ndarray], Fraction, np.ndarray]:
    """Pictures (h, w, 3), their rate, and the sound (channels, n); checks that they come at an even rate."""
    import av

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        rate = video.average_rate
        assert rate is not None
        frames = list(container.decode(video))
        assert [frame.time for frame in frames] == pytest.approx([index / rate for index in range(len(frames))])
        assert (video.codec.name, video.pix_fmt) == ("h264", "yuv420p")
        container.seek(0)
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)] if container.streams.audio else []
    pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
    return pictures, rate, np.concatenate(heard, 1) if heard else np.empty((0, 0))


def mouth(picture: np.ndarray) -> np.ndarray:
    """Its part of a picture of the face, as signed numbers."""
    height, width = picture.shape[:2]
    return picture[height // 2 : height * 4 // 5, width * 3 // 10 : width * 7 // 10].astype(int)


def forehead(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    return picture[: height // 4, width * 3 // 10 : width * 7 // 10].astype(int)


@pytest.mark.slow
@drawn
def test_a_take_becomes_a_film_with_the_sound_beside_it(take: Path, sound: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    told = make_film(take, tmp_path / "clip.mp4", PLAIN, size=160, progress=lambda *done: heard.append(done))
    assert told == f"24 frames at 24 frames per second, 160 x 160 pixels, with the sound of {sound}"
    assert heard == [("film", done, FRAMES) for done in range(1, FRAMES + 1)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "talk.npz", "talk.wav"]

    pictures, rate, tone = decoded(tmp_path / "clip.mp4")
    assert (len(pictures), rate, pictures[0].shape) == (FRAMES, 24, (160, 160, 3))
    shut, opened = pictures[FRAMES // 2 - 1], pictures[FRAMES // 2]
    assert np.abs(mouth(shut) - mouth(opened)).mean() > 10
    assert np.abs(mouth(pictures[0]) - mouth(shut)).mean() < 3
    assert np.abs(forehead(shut) - forehead(opened)).mean() < 3

    assert len(tone) == 2
    assert tone.shape[1] == pytest.approx(48_000, abs=1024)  # as long as the take, not as the sound
    begins = int(np.argmax(np.abs(tone[0]) > 0.05))
    assert begins == pytest.approx(24_000, abs=500)
    begin = (tmp_path / "clip.mp4").read_bytes()
    assert begin.index(b"moov") < begin.index(b"mdat")  # it plays while it is loaded


@pytest.mark.slow
@drawn
def test_a_sound_is_animated_first_and_heard(sound: Path, tmp_path: Path) -> None:
    save(tiny_model(), tmp_path / "tiny.safetensors", {})
    put(tmp_path, carla(tiny_runtime()))
    stages: set[str] = set()
    make_film(
        sound,
        tmp_path / "clip.mp4",
        DaemonConfig(checkpoint=tmp_path / "tiny.safetensors", identity="carla", identities=tmp_path),
        size=64,
        progress=lambda what, done, total: stages.add(what),
    )
    pictures, rate, tone = decoded(tmp_path / "clip.mp4")
    assert (len(pictures), rate) == (frame_count(24_000, 30), 30)
    assert np.abs(tone).max() > 0.3
    assert stages == {"face", "film"}


@pytest.mark.slow
@drawn
def test_the_rate_can_be_chosen_and_another_sound_and_none(take: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.flac", np.full((4800, 1), 0.25), 48_000)
    make_film(take, tmp_path / "a.mp4", PLAIN, size=64, fps=Fraction(60000, 1001), sound=tmp_path / "short.flac")
    pictures, rate, heard = decoded(tmp_path / "a.mp4")
    assert (len(pictures), rate) == (60, Fraction(60000, 1001))
    assert len(heard) == 1
    assert heard.shape[1] < 9600
    assert "without sound" in make_film(take, tmp_path / "b.mp4", PLAIN, size=64)
    assert decoded(tmp_path / "b.mp4")[2].size == 0


@pytest.mark.slow
@drawn
def test_a_gif_loops_at_20_frames_per_second_at_most(take: Path, sound: Path, tmp_path: Path) -> None:
    from PIL import Image

    told = make_film(take, tmp_path / "clip.gif", PLAIN, size=96)
    assert told == "20 frames at 20 frames per second, 96 x 96 pixels, without sound"
    with Image.open(tmp_path / "clip.gif") as gif:
        pictures, durations_ms = [], []
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            pictures.append(np.asarray(gif.convert("RGB")))
            durations_ms.append(gif.info["duration"])
        assert gif.info["loop"] == 0
    assert sum(durations_ms) == 1000
    assert sum(durations_ms[:-1]) == 500  # frames that are alike are one
    assert np.abs(mouth(pictures[0]) - mouth(pictures[-1])).mean() > 10
    assert "12.5 frames" in make_film(take, tmp_path / "slow.gif", PLAIN, size=64, fps=Fraction(13))


@pytest.mark.slow
@drawn
def test_the_sheet_shows_every_shape_with_its_name(tmp_path: Path) -> None:
    from PIL import Image

    contact_sheet(tmp_path / "shapes.png")
    with Image.open(tmp_path / "shapes.png") as sheet:
        assert sheet.size == (9 * 240, 6 * 264)
        pixels = np.asarray(sheet)
    cells = [
        pixels[row * 264 : (row + 1) * 264, column * 240 : (column + 1) * 240]
        for row in range(6)
        for column in range(9)
    ]
    rest, *shapes = (cell[:240].astype(int) for cell in cells[: COUNT + 1])
    changed = [int((np.abs(shape - rest).max(2) > 24).sum()) for shape in shapes]
    assert min(changed) > 15, changed
    assert np.abs(mouth(rest) - mouth(shapes[JAW])).mean() > 10
    names = {cell[240:].tobytes() for cell in cells[: COUNT + 1]}
    assert len(names) == COUNT + 1
    assert len(np.unique(cells[COUNT + 1].reshape(-1, 3), axis=0)) == 1  # the last one is empty


@pytest.mark.slow
@drawn
def test_the_same_face_gives_the_same_picture(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).uniform(0, 0.5, (studio_module.TOGETHER + 1, COUNT)).astype(np.float32)
    with studio(64, None) as draw:
        first = [np.asarray(picture) for picture in draw(Take(weights, Fraction(30)))]
        again = [np.asarray(picture) for picture in draw(Take(weights[[-1]], Fraction(30)))]
    assert len(first) == len(weights)
    np.testing.assert_array_equal(first[-1], again[0])


@pytest.mark.slow
@drawn
def test_the_head_is_filmed_as_it_is_turned() -> None:
    """Where the lips are, by what changes when they open; and to which side the hair leans."""
    moves = [{}, {"head_yaw": 15}, {"head_pitch": 10}, {"head_x": 0.03}, {"head_y": 0.03}, {"head_roll": 10}]
    poses = np.stack([posed(**numbers) for numbers in moves for _ in (0, 1)])
    weights = np.zeros((len(poses), COUNT), np.float32)
    weights[1::2, JAW] = 0.6
    with studio(160, None) as draw:
        pictures = np.stack([np.asarray(picture).astype(int) for picture in draw(Take(weights, Fraction(30), poses))])
    rows, columns = np.mgrid[:160, :160]
    opened = np.abs(pictures[1::2] - pictures[::2]).sum(3)
    rest, right, down, aside, up, _ = [
        ((each * columns).sum() / each.sum(), (each * rows).sum() / each.sum()) for each in opened
    ]
    assert right[0] < rest[0] - 4, "its own right is the viewer's left"
    assert down[1] > rest[1] + 2
    assert aside[0] < rest[0] - 4
    assert up[1] < rest[1] - 4
    straight, tilted = ((np.abs(pictures[k][:60] - pictures[k][0, 0]).sum(2) > 60).nonzero()[1].mean() for k in (0, 10))
    assert tilted < straight - 4, "onto its own right shoulder"


@pytest.mark.slow
@drawn
def test_a_film_that_fails_leaves_what_was_there(take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_text("mine", encoding="utf-8")

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film_formats, "write_mp4", broken)
    with pytest.raises(FacewireError, match=r"clip\.mp4: cannot be written: No space left"):
        make_film(take, tmp_path / "clip.mp4", PLAIN, size=64)
    assert (tmp_path / "clip.mp4").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "talk.npz"]


@pytest.mark.slow
@drawn
def test_a_head_that_is_none_is_told_before_the_browser_starts(take: Path, tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    with pytest.raises(FacewireError, match="kit"):
        make_film(take, tmp_path / "clip.mp4", DaemonConfig(head=tmp_path / "kit"))


@pytest.mark.slow
@drawn
def test_an_error_on_the_page_is_told(take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "film.html").write_text('<script type="module" src="film.js"></script>', encoding="utf-8")
    (page / "film.js").write_text('window.film = { open() { throw new Error("no WebGL 2 here"); } };', encoding="utf-8")
    monkeypatch.setattr(web, "PAGE", page)
    with pytest.raises(FacewireError, match=r"the browser that draws failed: no WebGL 2 here$"):
        make_film(take, tmp_path / "clip.mp4", PLAIN)


def test_what_cannot_be_made_is_refused_at_once(take: Path, sound: Path, tmp_path: Path) -> None:
    def refused(source: Path, out: str, config: DaemonConfig = PLAIN, **options: object) -> str:
        with pytest.raises(FacewireError) as error:
            make_film(source, tmp_path / out, config, **options)  # type: ignore[arg-type]
        return str(error.value)

    assert "must end in .mp4 or .gif" in refused(take, "clip.avi")
    assert "no folder" in refused(take, "none/clip.mp4")
    assert "even number" in refused(take, "clip.mp4", size=101)
    assert "64 to 2160" in refused(take, "clip.mp4", size=8)
    assert "a gif has no sound" in refused(take, "clip.gif", sound=sound)
    assert "no such sound file" in refused(take, "clip.mp4", sound=tmp_path / "none.wav")
    assert "no such sound file" in refused(tmp_path / "none.wav", "clip.mp4")
    assert "no such sound file" in refused(sound, "clip.mp4", listen_to=tmp_path / "none.wav")
    assert "a take is finished" in refused(take, "clip.mp4", listen_to=sound)
    assert "not a sound file" in refused(take, "clip.mp4", sound=take)
    assert "cannot be read" in refused(tmp_path / "none.csv", "clip.mp4")
    assert "no such checkpoint" in refused(sound, "clip.mp4", DaemonConfig(checkpoint=tmp_path / "none"))
    with pytest.raises(FacewireError, match=r"must end in \.png"):
        contact_sheet(tmp_path / "shapes.bmp")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.npz", "talk.wav"]


def test_what_is_missing_is_named_with_what_to_install(
    take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "CHANNELS", ())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FacewireError, match="apt install chromium"):
        make_film(take, tmp_path / "clip.mp4", PLAIN)
    monkeypatch.setattr(studio_module, "find_spec", lambda name: None)
    with pytest.raises(FacewireError, match=r"pip install '\.\[film\]'"):
        make_film(take, tmp_path / "clip.mp4", PLAIN)


def test_a_browser_that_does_not_start_is_told(take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(FacewireError, match="the browser that draws failed"):
        make_film(take, tmp_path / "clip.mp4", PLAIN)
