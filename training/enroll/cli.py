"""`facewire-train enroll`: a new person in a minute."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.errors import FacewireError
from training.prepare.video_cli import FaceModelFile, Task

if TYPE_CHECKING:
    from rich.progress import Progress

    from model.face import FaceModel
    from model.identity_file import Identity
    from training.datasets.dataset import Found


def enroll(
    name: Annotated[str, typer.Argument(help="Whose face it is.")],
    livelink: Annotated[Path | None, typer.Option(help="A take of Live Link Face: csv beside mov or a sound.")] = None,
    video: Annotated[Path | None, typer.Option(help="A video of the person who speaks.")] = None,
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
        float | None, typer.Option(help="Width of a video's pixel by its height, where it says it wrongly.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn while learning.", min=0)] = 0,
) -> None:
    """Add a person to a finished checkpoint by one recording of a minute or two: one small file, nothing else changes.

    With a face (an iPhone's take, a video, or arrays) who they are is learnt, and how far their face goes; by the voice
    alone they become a mixture of those whom they sound like.
    """
    from model import checkpoint as checkpoints
    from model import identity_file
    from training.enroll import takes

    identity_file.check_name(name)
    takes.one_source([livelink, video, npz], audio, with_video=video is not None)
    path = _unused(out or Path("identities") / f"{name}{identity_file.SUFFIX}", name)
    if video is not None:
        from training.prepare.video_cli import need_extra

        need_extra()

    from training.bars import progress
    from training.enroll import enrol

    model = checkpoints.load(checkpoint)
    enrol.unused_name(name, model.identities.names)
    with progress() as bar:
        if livelink is not None:
            source, found = livelink, takes.livelink(livelink, audio, name)
        elif video is not None:
            source, found = video, takes.video(video, face_model, landmarker, pixel_aspect, bar)
        elif npz is not None:
            source, found = npz, takes.npz(npz, audio, name)
        else:
            assert audio is not None
            source, found = audio, None
        if found is None:
            identity, text = _by_voice(model, source, name, bar)
        else:
            kind = "livelink" if livelink else "video" if video else "npz"
            identity, text = _by_face(model, found, name, kind, source, seed, path, bar)
    identity_file.save(identity, path)
    typer.echo(f"{text}\n{path}: {name}, for this checkpoint ({identity.checkpoint[:12]})")


def _unused(path: Path, name: str) -> Path:
    """Where the identity goes. Raises FacewireError for a file that is there, or that none would find."""
    from model.identity_file import SUFFIX

    if not path.name.endswith(SUFFIX):
        raise FacewireError(f"--out {path}: expected a name that ends in {SUFFIX}")
    if path.exists():
        raise FacewireError(f"{path}: is there already; remove it to enrol {name!r} anew, or choose another --out")
    return path


def _by_face(
    model: "FaceModel", found: "Found", name: str, kind: str, source: Path, seed: int, path: Path, bar: "Progress"
) -> "tuple[Identity, str]":
    """Who was enrolled by a recorded face, drawn beside `path`, and what to say of it."""
    from training.enroll import enrol, report, takes

    enrolled = enrol.by_face(model, takes.clip_of(found), name, {"source": kind}, source, seed, bar)
    report.draw(enrolled, path, model.config.fps)
    return enrolled.identity, report.of_face(enrolled)


def _by_voice(model: "FaceModel", source: Path, name: str, bar: "Progress") -> "tuple[Identity, str]":
    """Who was enrolled by the voice alone, and what to say of it."""
    from model.audio import read_audio
    from training.enroll import enrol, report

    identity, shares, likeness = enrol.by_voice(model, read_audio(source), name, {"source": "audio"}, source, bar)
    floor = model.config.voice.floor if model.config.voice else 0.0
    return identity, report.of_voice(shares, likeness, floor)
