"""`facewire-train enroll`: a new person in a minute."""

from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import FacewireError
from training.prepare.video_cli import FaceModelFile, Task


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
    from model import identity_file
    from training.enroll import takes

    identity_file.check_name(name)
    takes.one_source([livelink, video, npz], audio, with_video=video is not None)
    path = out or Path("identities") / f"{name}{identity_file.SUFFIX}"
    if not path.name.endswith(identity_file.SUFFIX):
        raise FacewireError(f"--out {path}: expected a name that ends in {identity_file.SUFFIX}")
    if path.exists():
        raise FacewireError(f"{path}: is there already; remove it to enrol {name!r} anew, or choose another --out")
    if video is not None:
        from training.prepare.video_cli import need_extra

        need_extra()

    from model import checkpoint as checkpoints
    from model.audio import read_audio
    from training.bars import progress
    from training.enroll import enrol, report

    model = checkpoints.load(checkpoint)
    enrol.unused_name(name, model.identities.names)
    with progress() as bar:
        if livelink is not None:
            kind, source, found = "livelink", livelink, takes.livelink(livelink, audio, name)
        elif video is not None:
            kind, source = "video", video
            found = takes.video(video, face_model, landmarker, pixel_aspect, bar)
        elif npz is not None:
            kind, source, found = "npz", npz, takes.npz(npz, audio, name)
        else:
            assert audio is not None
            made = enrol.by_voice(model, read_audio(audio), name, {"source": "audio"}, audio, bar)
            kind = "audio"
        if kind != "audio":
            enrolled = enrol.by_face(model, takes.clip_of(found), name, {"source": kind}, source, seed, bar)
    if kind == "audio":
        identity, shares, likeness = made
        text = report.of_voice(shares, likeness, model.config.voice.floor if model.config.voice else 0.0)
    else:
        identity, text = enrolled.identity, report.of_face(enrolled)
        report.draw(enrolled, path, model.config.fps)
    identity_file.save(identity, path)
    typer.echo(f"{text}\n{path}: {name}, for this checkpoint ({identity.checkpoint[:12]})")
