"""`facewire-train strangers`: how good a face is for people whom it did not learn from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError


def strangers(
    checkpoints: Annotated[list[Path], typer.Argument(metavar="CHECKPOINT...", help="The checkpoints to judge.")],
    out: Annotated[Path, typer.Option(help="Folder for figures and pictures.")],
    curves: Annotated[
        list[Path], typer.Option(help="A dataset of other people, with curves solved as in training; repeatable.")
    ] = [],  # noqa: B006
    split: Annotated[str, typer.Option(help="Of --curves: all, test or validation.")] = "all",
    reader: Annotated[
        Path | None, typer.Option(help="A dataset of GRID's recordings, from whose real curves a lip reader learns.")
    ] = None,
    spoken: Annotated[list[Path], typer.Option(help="Recordings beside `.phones` files; repeatable.")] = [],  # noqa: B006
    ravdess: Annotated[Path | None, typer.Option(help="RAVDESS's speech: a folder with Actor_01 and so on.")] = None,
    per_actor: Annotated[int, typer.Option(help="Recordings of each actor, of each kind.", min=1)] = 2,
    syllables: Annotated[Path | None, typer.Option(help="KLettres' sounds: LANGUAGE/syllab/bu.ogg and so on.")] = None,
    kit: Annotated[
        Path | None, typer.Option(help="Folder or archive of ICT-FaceKit, for errors of --curves in millimetres.")
    ] = None,
    animator: Annotated[
        Path | None,
        typer.Option(help="Made by `talkers animator`: what is read from its face of the true phones is the ceiling."),
    ] = None,
    lookahead_ms: Annotated[int | None, typer.Option(help="If not each checkpoint's own.", min=0)] = None,
) -> None:
    """Judge checkpoints on strangers, streamed as they would be live: true curves, readability, closures and sizes."""
    need("train", *TORCH, "matplotlib")
    if not (curves or reader or spoken or ravdess or syllables):
        raise FacewireError("nothing to judge by: give --curves, --reader, --spoken, --ravdess or --syllables")
    if reader or ravdess:
        need("judge", "pocketsphinx", what="--reader and --ravdess")
    from model import ict
    from model.checkpoint import header, load
    from training.datasets import dataset
    from training.strangers import said
    from training.strangers.measure import face_of
    from training.strangers.run import Sets, curves_in, run
    from training.strangers.syllables import read
    from training.talkers import animator as animators

    for path in checkpoints:
        header(path)
    sets = Sets(
        curves=curves_in(curves, split),
        reader=dataset.read(reader) if reader else None,
        spoken={name: said.spoken_set(folder) for name, folder in _by_name(spoken).items()},
        ravdess=said.ravdess_files(ravdess) if ravdess else {},
        per_actor=per_actor,
        syllables=read(syllables) if syllables else (),
        kit=ict.read(kit) if kit else None,
    )
    faces = {name: face_of(load(path), lookahead_ms) for name, path in _by_name(checkpoints).items()}
    run(faces, sets, out, typer.echo, animators.load(animator) if animator else None)


def _by_name(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths by names, as short as tells them apart."""
    stems = [path.stem for path in paths]
    return {path.stem if stems.count(path.stem) == 1 else str(path).replace("/", "-"): path for path in paths}
