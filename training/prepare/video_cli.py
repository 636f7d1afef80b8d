"""`facewire-train prepare video` and `facewire-train face-model`: curves from videos of a face."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import need
from protocols.errors import FacewireError
from training.prepare.cli import app, prepared

VIDEO_EXTRA = ("av", "mediapipe", "scipy")
FaceModelFile = Annotated[Path | None, typer.Option(help="Made by `facewire-train face-model`; by default its own.")]
Task = Annotated[Path | None, typer.Option(help="MediaPipe's face_landmarker.task; by default it is fetched once.")]


def face_model(
    source: Annotated[str, typer.Argument(help="Folder or archive of ICT-FaceKit, or `fetch` to get it from GitHub.")],
    landmarker: Task = None,
    out: Annotated[Path | None, typer.Option(help="File to write; by default in your cache folder.")] = None,
) -> None:
    """Match your copy of the face model ICT-FaceKit to MediaPipe's landmarks. Needed once, before `prepare video`."""
    need("video", *VIDEO_EXTRA)
    from training.prepare.face_model import build, default_path, fetched_kit, landmarker_task, write

    kit = fetched_kit() if source == "fetch" else Path(source)
    path = out or default_path()
    write(build(kit, landmarker_task(landmarker)), path)
    typer.echo(f"wrote {path}")


@app.command()
def video(
    paths: Annotated[list[Path], typer.Argument(help="Videos of one person who speaks, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder for the dataset.")],
    speaker: Annotated[str, typer.Option(help="Whose face it is.")],
    licence: Annotated[str, typer.Option(help="What you may do with it, for the record.")],
    face_model: FaceModelFile = None,
    landmarker: Task = None,
    pixel_aspect: Annotated[
        float | None, typer.Option(help="Width of a pixel by its height, if the video states it wrongly.")
    ] = None,
    contact_sheet: Annotated[Path | None, typer.Option(help="PNG: frames beside the solved head; needs --kit.")] = None,
    kit: Annotated[Path | None, typer.Option(help="Folder or archive of ICT-FaceKit, for the sheet.")] = None,
) -> None:
    """Videos of a face: ARKit weights solved from tracked landmarks. The same command continues an interrupted run."""
    need("video", *VIDEO_EXTRA)
    if contact_sheet:
        need("train", "matplotlib")
    if pixel_aspect is not None and not 0.2 < pixel_aspect < 5:
        raise FacewireError(f"--pixel-aspect {pixel_aspect}: expected about 1, for example 1.0667")
    if contact_sheet and not kit:
        raise FacewireError("--contact-sheet draws the head itself: give your copy of ICT-FaceKit with --kit")
    from training.bars import progress
    from training.prepare.face_model import default_path, landmarker_task, read
    from training.prepare.fit_report import fit_report
    from training.prepare.video import Tracked, listed, recordings, track

    model = read(face_model or default_path())
    videos, task = listed(paths), landmarker_task(landmarker)
    with progress() as bar:
        tracked = track(videos, task, out / "landmarks", pixel_aspect, bar)
    faces = [item for item in tracked if isinstance(item, Tracked)]
    if faces:
        typer.echo(fit_report([item.take for item in faces], model))
    if contact_sheet and kit:
        from model import ict
        from training.prepare.contact_sheet import draw

        draw(faces, model, ict.read(kit), pixel_aspect, contact_sheet)
    aspect = [f"--pixel-aspect {pixel_aspect}"] if pixel_aspect else []
    prepared(
        lambda done: recordings(tracked, model, speaker, licence, done), len(videos), out,
        "video", f"--speaker {speaker}", f"--licence {licence!r}", *aspect,
    )  # fmt: skip
