"""The commands `facewire identities …`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from daemon.commands import identity_report as report
from daemon.commands.options import MODEL, Sound, with_settings
from daemon.settings.config import DaemonConfig
from protocols.errors import FacewireError

if TYPE_CHECKING:
    from daemon.animate.identities import Folder, IdentityFile
    from model.identity_file import Identity
    from model.runtime import Runtime

app = typer.Typer(no_args_is_help=True, help="List, show, match and share identities.")

Name = Annotated[str, typer.Argument(help="A name from `facewire identities list`.")]


@app.command(name="list")
@with_settings(*MODEL)
def list_(*, settings: DaemonConfig) -> None:
    """List the checkpoint's own identities and those in the folder.

    Example: facewire identities list
    """
    face, folder = _opened(settings)
    for name in face.library.names:
        instead = f"; the one in {folder.path} is in force" if name in folder.enrolled else ""
        typer.echo(f"{name:<16} the checkpoint's own{instead}")
    for file in folder.files:
        name = file.identity.name if file.identity else "?"
        told = f"NOT IN FORCE: {file.trouble}" if file.trouble else str(file.path)
        typer.echo(f"{name:<16} {report.kb(file)}, {told}")
    if not folder.files:
        typer.echo(f"nobody is enrolled in the folder {folder.path}")


@app.command()
@with_settings(*MODEL)
def show(name: Name, *, settings: DaemonConfig) -> None:
    """Print what is known of an identity and which channels of the face it changes most.

    Example: facewire identities show anna
    """
    face, folder = _opened(settings)
    if found := _find(name, folder):
        told = report.told_of_file(*found, face)
    elif name in face.library.names:
        told = report.told_of_own(name, face, settings.checkpoint)
    else:
        raise _nobody(name, folder)
    typer.echo(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), nl=False)


@app.command()
@with_settings(*MODEL)
def match(sound: Sound, *, settings: DaemonConfig) -> None:
    """Tell whose voice is in a sound file, by its last seconds, as `--identity auto` does.

    Example: facewire identities match talk.wav
    """
    from daemon.commands.matching import match as hear
    from model.audio import read_audio

    samples = read_audio(sound)
    face, folder = _opened(settings)
    try:
        found = hear(face, folder.library, samples)
    except FacewireError as error:
        raise FacewireError(f"{sound}: {error}") from error
    typer.echo(f"heard {found.voice_s:.1f} s of voice")
    rows = sorted([*found.scores.items(), ("(floor)", found.floor)], key=lambda row: -row[1])
    for name, score in rows:
        typer.echo(f"{name:<16} {score:5.2f}")
    typer.echo(report.answer(found))


@app.command()
@with_settings(*MODEL)
def add(
    file: Annotated[Path, typer.Argument(help="The file of an identity, NAME.identity.safetensors.")],
    *,
    settings: DaemonConfig,
) -> None:
    """Copy an identity into the folder, if it is valid and made for this checkpoint.

    Example: facewire identities add anna.identity.safetensors
    """
    from daemon.animate import identities as known
    from model import identity_file

    face, folder = _opened(settings)
    identity = known.Checkpoint.of(face).require(identity_file.read(file), file)
    typer.echo(f"{_saved(identity, face, folder)}: there from now on")


@app.command()
@with_settings(*MODEL)
def remove(name: Name, *, settings: DaemonConfig) -> None:
    """Delete an identity's file from the folder.

    Example: facewire identities remove anna
    """
    file, _ = _require(name, *_opened(settings))
    _delete(file.path)
    typer.echo(f"{file.path}: deleted")


@app.command()
@with_settings(*MODEL)
def rename(
    old: Name,
    new: Annotated[str, typer.Argument(help="The new name.")],
    *,
    settings: DaemonConfig,
) -> None:
    """Rename an identity in the folder.

    Example: facewire identities rename anna anna-evening
    """
    from model.identity_file import check_name

    face, folder = _opened(settings)
    file, identity = _require(old, face, folder)
    path = _saved(replace(identity, name=check_name(new)), face, folder, instead_of=file.path)
    if path != file.path:
        _delete(file.path)
    typer.echo(f"{path}: {old} is {new} from now on")


def _opened(settings: DaemonConfig) -> "tuple[Runtime, Folder]":
    """The face and the identities in the folder. Raises FacewireError if the folder cannot be read."""
    from daemon.animate import identities as known
    from daemon.animate.face import open_face

    face = open_face(settings.checkpoint, settings.encoder, settings.runtime)
    folder = known.read_folder(known.Checkpoint.of(face), settings.identities)
    if folder.trouble:
        raise FacewireError(folder.trouble)
    return face, folder


def _find(name: str, folder: "Folder") -> "tuple[IdentityFile, Identity] | None":
    """The file of an identity, even if it was made for another checkpoint."""
    return next(((file, each) for file in folder.files if (each := file.identity) and each.name == name), None)


def _require(name: str, face: "Runtime", folder: "Folder") -> "tuple[IdentityFile, Identity]":
    """The file of an identity that is to be changed. Raises FacewireError if there is none."""
    if found := _find(name, folder):
        return found
    if name in face.library.names:
        raise FacewireError(
            f"identity {name!r} is the checkpoint's own and has no file in {folder.path}: it can be neither removed "
            "nor renamed"
        )
    raise _nobody(name, folder)


def _nobody(name: str, folder: "Folder") -> FacewireError:
    broken = [file.trouble for file in folder.files if not file.identity and file.path.name.startswith(f"{name}.")]
    there = ", ".join(file.identity.name for file in folder.files if file.identity) or "nobody"
    return FacewireError("\n".join([f"identity {name!r} is not in {folder.path}; there: {there}", *broken]))


def _saved(identity: "Identity", face: "Runtime", folder: "Folder", instead_of: Path | None = None) -> Path:
    """Write an identity into the folder. Raises FacewireError if its name or its file is taken."""
    from model import identity_file

    name, path = identity.name, folder.path / f"{identity.name}{identity_file.SUFFIX}"
    if name in face.library.names:
        raise FacewireError(f"identity {name!r}: the checkpoint has one of that name; enrol it under another name")
    holders = [file.path for file in folder.files if file.identity and file.identity.name == name]
    if holders or (path.exists() and path != instead_of):
        raise FacewireError(
            f"identity {name!r} is there already ({[*holders, path][0]}); `facewire identities remove` or `rename` it "
            "first"
        )
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FacewireError(f"{folder.path}: cannot be made: {error.strerror or error}") from error
    identity_file.save(identity, path)
    return path


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise FacewireError(f"{path}: cannot be deleted: {error.strerror or error}") from error
