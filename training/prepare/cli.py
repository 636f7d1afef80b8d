"""`facewire-train prepare …`: from recordings to a dataset. The same command continues an interrupted run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.prepare.importing import Importer

app = typer.Typer(help="Make a dataset from recordings with faces.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="Folder for the dataset.")]


def prepared(importer: "Importer", total: int, out: Path, *made_by: str) -> None:
    """Make a dataset and print its report; exit code 1 if something was broken.

    `made_by` is the command after `facewire-train prepare`, with folders by their last name only.
    """
    from training.bars import progress
    from training.prepare.importing import run

    with progress() as bar:
        made = run(importer, total, out, " ".join(["facewire-train prepare", *made_by]), bar)
    typer.echo(made.report, nl=False)
    if made.broken:
        raise typer.Exit(1)


@app.command()
def beat(
    folder: Annotated[Path, typer.Argument(help="Folder of the dataset, with a folder for each speaker.")],
    out: Out,
    speaker: Annotated[list[str], typer.Option(help="Only this speaker (2, scott or 2_scott); repeatable.")] = [],  # noqa: B006
    english: Annotated[bool, typer.Option("--english", help="Only recordings in English.")] = False,
    licence: Annotated[str, typer.Option(help="What you may do with it, for the record.")] = "BEAT's own terms",
) -> None:
    """The BEAT dataset: json with 51 weights at 60 fps beside wav."""
    from training.prepare.beat import listed, recordings

    paths = listed(folder, speaker, english=english)
    options = [f"--speaker {each}" for each in sorted(speaker)] + ["--english"] * english
    prepared(
        lambda done: recordings(paths, licence, done), len(paths), out,
        "beat", _name(folder), *options, f"--licence {licence!r}",
    )  # fmt: skip


@app.command()
def livelink(
    folder: Annotated[Path, typer.Argument(help="Folder of takes: csv beside mov, or beside a sound file.")],
    out: Out,
    speaker: Annotated[str, typer.Option(help="Whose face it is; by default the folder's name.")] = "",
    licence: Annotated[str, typer.Option(help="What you may do with it, for the record.")] = "private",
) -> None:
    """Takes of the Live Link Face app on an iPhone: all of one person."""
    from training.prepare.livelink_takes import listed, recordings

    paths, name = listed(folder), speaker or _name(folder)
    prepared(
        lambda done: recordings(folder, paths, name, licence, done), len(paths), out,
        "livelink", _name(folder), f"--speaker {name}", f"--licence {licence!r}",
    )  # fmt: skip


@app.command()
def npz(
    folder: Annotated[Path, typer.Argument(help="Folder of npz beside flac or wav.")],
    out: Out,
    speaker: Annotated[str, typer.Option(help="Whose face it is.")],
    licence: Annotated[str, typer.Option(help="What you may do with it, for the record.")],
) -> None:
    """Curves as arrays: npz with bs, names and fps beside flac or wav, all of one person."""
    from training.prepare.npz_folder import recordings
    from training.prepare.sources import files

    paths = files(folder, ".npz")
    prepared(
        lambda done: recordings(paths, speaker, licence, done), len(paths), out,
        "npz", _name(folder), f"--speaker {speaker}", f"--licence {licence!r}",
    )  # fmt: skip


def _name(folder: Path) -> str:
    return folder.resolve().name
