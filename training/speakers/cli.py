"""`facewire-train voices teach | judge`: who speaks."""

from pathlib import Path
from typing import Annotated

import typer

from training.bars import progress
from training.sounds.track import licensed

app = typer.Typer(help="Teach a checkpoint whose voice it hears, and judge how surely it tells.", no_args_is_help=True)


@app.command()
def teach(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint whose encoder listens.")],
    speakers: Annotated[
        list[str], typer.Option(help="FOLDER=LICENCE: a folder of speech for each speaker in it; several times.")
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint that tells voices apart.")],
    data: Annotated[
        list[Path], typer.Option(help="A dataset with recordings of the checkpoint's own identities; several times.")
    ] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Of the pieces that are drawn.", min=0)] = 0,
) -> None:
    """Learn what differs between speakers, so that `--identity auto` follows the voice; the face stays as it is."""
    from model import checkpoint as checkpoints
    from training.datasets import dataset
    from training.speakers import hear
    from training.speakers import teach as lesson

    model = checkpoints.load(checkpoint)
    listening = lesson.listening(model, lesson.layers_of(model))
    given = [licensed("--speakers", item) for item in speakers]
    people = [(folder, hear.folder_of_speakers(folder)) for folder, _ in given]
    with progress() as bar:
        heard = {
            f"{folder.name}/{name}": recordings
            for folder, files in people
            for name, recordings in hear.hear(listening, files, bar, varied=True).items()
        }
        own = hear.hear_clips(listening, dataset.people(data, "train"), bar) if data else {}
    taught = lesson.teach(listening, heard | own, own, seed=seed)
    told = checkpoints.header(checkpoint)["provenance"]
    voices = {
        "speakers": {folder.name: len(files) for folder, files in people},
        "licences": {folder.name: licence for folder, licence in given},
        "identities": sorted(own),
    }
    checkpoints.save(taught, out, told | {"voices": voices})
    voice = taught.config.voice
    typer.echo(f"{out}: {voice.width} numbers tell a voice, known from {voice.floor:.2f} on" if voice else "")


@app.command()
def judge(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint whose encoder listens.")],
    speakers: Annotated[Path, typer.Argument(help="A folder that has a folder of speech for each speaker.")],
    out: Annotated[Path, typer.Option(help="Folder for figures and pictures.")],
    noise_db: Annotated[
        float | None, typer.Option(help="Judge in white noise, so many dB below the speech; learn without.", min=0)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the pieces that are drawn.", min=0)] = 0,
) -> None:
    """Judge how surely these speakers are told apart: learnt from most of their recordings, judged by the rest.

    Once by a projection that is learnt from them, once by that of the checkpoint, which may never have heard them.
    Nothing of it is kept: it is for speech that nothing may be trained on.
    """
    from model import checkpoint as checkpoints
    from model.torch_runtime import TorchRuntime
    from training.speakers import hear
    from training.speakers import judge as judging
    from training.speakers import teach as lesson

    model = checkpoints.load(checkpoint)
    voice, projection = model.config.voice, TorchRuntime(model).projection
    layers = voice.layers if voice else lesson.layers_of(model)
    listening = lesson.listening(model, layers)
    hidden = len(layers), model.config.encoder.width
    taught = (projection, voice.floor) if projection and voice else None
    with progress() as bar:
        heard = hear.hear(listening, hear.folder_of_speakers(speakers), bar, noise_db=noise_db)
        task = bar.add_task("telling them apart", total=judging.ROUNDS)
        told = judging.tell_apart(heard, hidden, seed, lambda: bar.advance(task), taught)
    typer.echo(judging.write(out, told))
