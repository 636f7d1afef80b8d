"""`facewire-train features | fit | distill | speech | export`: from datasets to a face."""

from pathlib import Path
from typing import Annotated

import typer

from training.bars import progress

app = typer.Typer()

Recipe = Annotated[str, typer.Option(help="What defines the run: the name of a recipe that ships, or a YAML file.")]
Features = Annotated[Path, typer.Argument(help="Folder made by `facewire-train features`.")]
Sounds = Annotated[
    list[str], typer.Option(help="FOLDER=LICENCE: recordings without speech or song, as of music; several times.")
]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:N; by default a GPU where there is one.")]
SaveEvery = Annotated[int, typer.Option(help="Training steps between two states on disk.", min=1)]
Steps = Annotated[int | None, typer.Option(help="Training steps, if not the recipe's.", min=1)]
Seed = Annotated[int | None, typer.Option(help="The run's seed, if not the recipe's.", min=0)]


@app.command()
def features(
    data: Annotated[list[Path], typer.Option(help="A dataset made by `facewire-train prepare`; several times.")],
    out: Annotated[Path, typer.Option(help="Folder for the features.")],
    recipe: Recipe = "embedded",
    encoder: Annotated[str, typer.Option(help="Folder of a HubertModel or a checkpoint, if not the recipe's.")] = "",
    sounds: Sounds = [],  # noqa: B006
    first: Annotated[int, typer.Option(help="Number of the first shard: to share the work among processes.")] = 0,
    shards: Annotated[int | None, typer.Option(help="How many to make from there; by default all that remain.")] = None,
) -> None:
    """Encode passages of speech, silence and noise in the windows of run time. Files that exist are kept."""
    from training import recipe as recipes
    from training.passages import features as maker
    from training.sounds.track import licensed, recordings_of

    settings = recipes.load(recipe).features
    quiet = [recordings_of(*licensed("--sounds", item)) for item in sounds]
    last = settings.shards if shards is None else min(settings.shards, first + shards)
    speech, heard = maker.open_encoder(encoder or settings.encoder or "")
    with progress() as bar:
        maker.make(data, speech, heard, settings, range(first, last), out, bar, sounds=quiet)


@app.command()
def music(
    soundfont: Annotated[Path, typer.Argument(help="A General MIDI soundfont (.sf2), such as FluidR3_GM (MIT).")],
    out: Annotated[Path, typer.Option(help="Folder for the pieces.")],
    pieces: Annotated[int, typer.Option(help="How many, of a minute each.", min=1)] = 240,
    seed: Annotated[int, typer.Option(help="Of what is composed.", min=0)] = 0,
) -> None:
    """Compose and play random music, for `features --sounds`: a mouth that learns from it rests in music."""
    from training.sounds import music as player

    with progress() as bar:
        player.make(soundfont, pieces, seed, out, bar)


@app.command()
def fit(
    features: Features,
    out: Annotated[Path, typer.Option(help="Folder for the run and its teacher.safetensors.")],
    recipe: Recipe = "embedded",
    denoising_steps: Annotated[int | None, typer.Option(help="256 … 8, if not the recipe's number.", min=1)] = None,
    steps: Steps = None,
    seed: Seed = None,
    device: Device = "",
    save_every: SaveEvery = 50,
) -> None:
    """Train the teacher. Interrupt it at will: called again, it goes on."""
    from model import checkpoint
    from training import recipe as recipes
    from training.fit import loop as trainer
    from training.fit import ranks
    from training.fit.export import export as write
    from training.passages import features as maker

    chosen = recipes.load(recipe).changed(
        {"model.denoising_steps": denoising_steps, "fit.steps": steps, "fit.seed": seed}
    )
    with ranks.joined(device) as place, progress(shown=ranks.rank() == 0) as bar:
        passages = maker.read(features)
        model = maker.untrained(features, chosen.model, chosen.fit.seed, passages)
        told = checkpoint.header(features / maker.UNTRAINED)["provenance"] | chosen.told("model", "losses", "fit")
        loss, ts, folder = trainer.teacher_loss(model, chosen.losses), model.schedule.steps, out / "teacher"
        trainer.run(
            model, passages, loss, ts, chosen.fit, folder, bar, told=told, device=place, save_every=save_every
        )  # fmt: skip
        if ranks.rank() == 0:
            write(folder, out / "teacher.safetensors")


@app.command()
def distill(
    teacher: Annotated[Path, typer.Argument(help="The teacher's checkpoint.")],
    features: Features,
    out: Annotated[Path, typer.Option(help="The student's checkpoint; its runs lie beside it.")],
    recipe: Recipe = "embedded",
    to: Annotated[int | None, typer.Option(help="Denoising steps of the last student, if not the recipe's.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps per halving, if not the recipe's.", min=1)] = None,
    seed: Seed = None,
    device: Device = "",
    save_every: SaveEvery = 50,
) -> None:
    """Distil the teacher into a student of fewer steps, by halves. Interrupt it at will: called again, it goes on."""
    from model import checkpoint
    from training import recipe as recipes
    from training.fit import ranks
    from training.fit.distill import chain
    from training.fit.export import export as write
    from training.passages import features as maker

    chosen = recipes.load(recipe).changed({"distill.to": to, "distill.steps": steps, "fit.seed": seed})
    with ranks.joined(device) as place, progress(shown=ranks.rank() == 0) as bar:
        last = chain(
            checkpoint.load(teacher), maker.read(features), chosen, out, bar,
            told=checkpoint.header(teacher)["provenance"], device=place, save_every=save_every,
        )  # fmt: skip
        if ranks.rank() == 0:
            write(last, out)


@app.command()
def speech(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint whose encoder listens.")],
    sounds: Sounds,
    out: Annotated[Path, typer.Option(help="The checkpoint whose lips rest where there is no speech.")],
    speech: Annotated[
        list[str], typer.Option(help="FOLDER=LICENCE: speech, the more people the better; several times.")
    ] = [],  # noqa: B006
    data: Annotated[list[Path], typer.Option(help="A dataset: the speech of its training split; several times.")] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Of the pieces that are drawn.", min=0)] = 0,
) -> None:
    """Learn what is speech, so that lips rest where there is none; the face of speech stays as it is."""
    from model import checkpoint as checkpoints
    from protocols.errors import FacewireError
    from training.datasets import dataset
    from training.sounds.track import licensed, recordings_of, speech_of_dataset
    from training.speakers import speech as detector

    said = [recordings_of(*licensed("--speech", item)) for item in speech]
    said += [each for folder in data for each in speech_of_dataset(dataset.read(folder))]
    if not said:
        raise FacewireError("no speech to learn from: give --speech FOLDER=LICENCE, or --data DATASET")
    other = [recordings_of(*licensed("--sounds", item)) for item in sounds]
    with progress() as bar:
        taught = detector.teach(checkpoints.load(checkpoint), said, other, seed=seed, bar=bar)
    told = {name: {each.name: each.licence for each in sets} for name, sets in (("speech", said), ("sounds", other))}
    checkpoints.save(taught, out, checkpoints.header(checkpoint)["provenance"] | {"told from other sounds": told})


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run, finished or not: it holds a state.safetensors.")],
    out: Annotated[Path, typer.Option(help="The checkpoint.")],
    figures: Annotated[Path | None, typer.Option(help="Folder of `facewire-train evaluate`, to be told in it.")] = None,
) -> None:
    """Make the one file that facewire plays of a run as it stands, with what it was made of and how."""
    from training.fit.export import export as write

    told = write(run, out, figures)
    people = ", ".join(told.get("data", {}))
    typer.echo(f"{out}: the moving average after {told['trained_steps']} training steps with {people}")


@app.command()
def smoke(
    out: Annotated[Path | None, typer.Option(help="Folder to leave everything in; by default nothing is left.")] = None,
) -> None:
    """Try the whole chain, from recordings to a played face, on a made-up person: under a minute."""
    from tempfile import TemporaryDirectory

    from training.smoke import smoke as try_all

    if out:
        try_all(out)
        return
    with TemporaryDirectory() as folder:
        try_all(Path(folder))
