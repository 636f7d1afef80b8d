"""`facewire-train enroll`: a new person in a minute."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.prepare.video_cli import VIDEO_EXTRA, FaceModelFile, Task

if TYPE_CHECKING:
    from rich.progress import Progress

    from model.identity_file import Identity
    from model.windows import Samples
    from training.datasets.clips import Clip


def enroll(
    name: Annotated[str, typer.Argument(help="Whose face it is.")],
    livelink: Annotated[Path | None, typer.Option(help="A take of Live Link Face: csv beside mov or a sound.")] = None,
    video: Annotated[Path | None, typer.Option(help="A video of the person speaking.")] = None,
    npz: Annotated[Path | None, typer.Option(help="Curves as an npz with bs, names and fps.")] = None,
    audio: Annotated[
        Path | None, typer.Option(help="The sound of --livelink or --npz; given alone, only the voice is enrolled.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The checkpoint that is to know the person; by default the one that ships.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file; by default identities/NAME.identity.safetensors.")] = None,
    face_model: FaceModelFile = None,
    landmarker: Task = None,
    pixel_aspect: Annotated[
        float | None, typer.Option(help="Width of a video's pixel by its height, if it states it wrongly.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the learning.", min=0)] = 0,
) -> None:
    """Add a person to a finished checkpoint from a recording of a minute or two: one small file, nothing else changes.

    From a face (an iPhone's take, a video, or arrays) it learns who they are and how far their face moves; from a
    voice alone they become a mixture of the identities that they sound like.
    """
    if video is None:
        need("train", *TORCH, "matplotlib")
    else:
        need("train,video", *TORCH, "matplotlib", *VIDEO_EXTRA)
    from model import identity_file
    from model.audio import read_audio
    from training.bars import progress
    from training.enroll import takes

    identity_file.check_name(name)
    takes.one_source([livelink, video, npz], audio, with_video=video is not None)
    path = _unused(out or Path("identities") / f"{name}{identity_file.SUFFIX}", name, checkpoint)
    with progress() as bar:
        if livelink is not None:
            recorded = _Recorded("livelink", livelink, takes.clip_of(takes.livelink(livelink, audio, name)), audio)
        elif video is not None:
            found = takes.video(video, face_model, landmarker, pixel_aspect, bar)
            recorded = _Recorded("video", video, takes.clip_of(found))
        elif npz is not None:
            recorded = _Recorded("npz", npz, takes.clip_of(takes.npz(npz, audio, name)), audio)
        else:
            assert audio is not None
            recorded = _Recorded("audio", audio, read_audio(audio))
        identity, text = _enrolled(checkpoint, recorded, name, seed, path, bar)
    identity_file.save(identity, path)
    typer.echo(f"{text}\n{path}: {name}, for this checkpoint ({identity.checkpoint[:12]})")


class _Recorded(NamedTuple):
    """A recording to enrol somebody from."""

    kind: str
    source: Path
    heard: "Clip | Samples"
    """A clip with a face, or the sound of a voice."""
    sound: Path | None = None
    """Its sound, if that was a file of its own."""

    def take(self) -> list[str]:
        """The options that name it, without folders, by which it can be enrolled again."""
        return [f"--{self.kind}", self.source.name, *(["--audio", self.sound.name] if self.sound else [])]


def _unused(path: Path, name: str, checkpoint: Path | None) -> Path:
    """Where the identity goes. Raises FacewireError for a bad file name, an existing file, and a known name."""
    from model.checkpoint import DEFAULT, header
    from model.identity_file import SUFFIX

    if not path.name.endswith(SUFFIX):
        raise FacewireError(f"--out {path}: expected a name that ends in {SUFFIX}")
    if path.exists():
        raise FacewireError(f"{path}: exists already; remove it to enrol {name!r} anew, or choose another --out")
    if name in header(checkpoint or DEFAULT)["config"]["identities"]:
        raise FacewireError(f"identity name {name!r}: the checkpoint has an identity of that name; choose another")
    return path


def _enrolled(
    checkpoint: Path | None, recorded: _Recorded, name: str, seed: int, path: Path, bar: "Progress"
) -> "tuple[Identity, str]":
    """Who was enrolled, drawn beside `path` if there is a face, and what to say of it."""
    from model.checkpoint import load
    from training.datasets.clips import Clip
    from training.enroll import enrol, report

    model, told = load(checkpoint), {"source": recorded.kind, "take": recorded.take()}
    if isinstance(recorded.heard, Clip):
        enrolled = enrol.by_face(model, recorded.heard, name, told, recorded.source, seed, bar)
        report.draw(enrolled, path, model.config.fps)
        return enrolled.identity, report.of_face(enrolled)
    identity, shares, likeness = enrol.by_voice(model, recorded.heard, name, told, recorded.source, bar)
    floor = model.config.voice.floor if model.config.voice else 0.0
    return identity, report.of_voice(shares, likeness, floor)
