"""`facewire-train speech` and `facewire-train voices teach | judge`: what is speech, and who is speaking."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.options import Listening, Sounds

app = typer.Typer(help="Teach a checkpoint to tell voices apart, and judge how reliably it does.", no_args_is_help=True)

DrawnSeed = Annotated[int, typer.Option(help="Random seed of the pieces that are drawn.", min=0)]


def speech(
    checkpoint: Listening,
    sounds: Sounds,
    out: Annotated[Path, typer.Option(help="The checkpoint whose lips rest when nobody speaks.")],
    speech: Annotated[
        list[str], typer.Option(help="FOLDER=LICENCE: speech, of as many people as possible; repeatable.")
    ] = [],  # noqa: B006
    data: Annotated[list[Path], typer.Option(help="A dataset: the speech of its training split; repeatable.")] = [],  # noqa: B006
    seed: DrawnSeed = 0,
) -> None:
    """Teach a checkpoint what speech is, so that its lips rest in other sounds; its face of speech is unchanged."""
    need("train", *TORCH)
    from model.checkpoint import header, load, save
    from training.bars import progress
    from training.datasets import dataset
    from training.sounds.recordings import licensed, recordings_of, speech_of_dataset

    told = header(checkpoint)["provenance"]
    said = [recordings_of(*licensed("--speech", item)) for item in speech]
    said += [each for folder in data for each in speech_of_dataset(dataset.read(folder))]
    if not said:
        raise FacewireError("no speech to learn from: give --speech FOLDER=LICENCE, or --data DATASET")
    other = [recordings_of(*licensed("--sounds", item)) for item in sounds]
    from training.speakers.speech import teach_speech

    with progress() as bar:
        taught = teach_speech(load(checkpoint), said, other, seed=seed, bar=bar)
    licences = {
        name: {each.name: each.licence for each in sets} for name, sets in (("speech", said), ("sounds", other))
    }
    save(taught, out, told | {"told from other sounds": licences})


@app.command()
def teach(
    checkpoint: Listening,
    speakers: Annotated[
        list[str], typer.Option(help="FOLDER=LICENCE: has a folder of speech for each speaker; repeatable.")
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint that tells voices apart.")],
    data: Annotated[
        list[Path], typer.Option(help="A dataset with recordings of the checkpoint's own identities; repeatable.")
    ] = [],  # noqa: B006
    seed: DrawnSeed = 0,
) -> None:
    """Teach a checkpoint how speakers differ, so that `--identity auto` follows the voice; its face is unchanged."""
    need("train", *TORCH)
    from model.checkpoint import header, load, save
    from training.bars import progress
    from training.datasets import dataset
    from training.sounds.recordings import files_by_speaker, licensed

    told = header(checkpoint)["provenance"]
    given = [licensed("--speakers", item) for item in speakers]
    people = [(folder, files_by_speaker(folder)) for folder, _ in given]
    known = dataset.people(data, "train")
    from training.speakers.hear import hear_clips, hear_files
    from training.speakers.teach import layers_of, listening, teach_voices

    model = load(checkpoint)
    ears = listening(model, layers_of(model))
    with progress() as bar:
        heard = {
            f"{folder.name}/{name}": recordings
            for folder, files in people
            for name, recordings in hear_files(ears, files, bar, varied=True).items()
        }
        own = hear_clips(ears, known, bar) if known else {}
    taught = teach_voices(ears, heard | own, own, seed=seed)
    voices = {
        "speakers": {folder.name: len(files) for folder, files in people},
        "licences": {folder.name: licence for folder, licence in given},
        "identities": sorted(own),
    }
    save(taught, out, told | {"voices": voices})
    voice = taught.config.voice
    typer.echo(
        f"{out}: {voice.width} numbers describe a voice, recognised from a likeness of {voice.floor:.2f}"
        if voice
        else ""
    )


@app.command()
def judge(
    checkpoint: Listening,
    speakers: Annotated[Path, typer.Argument(help="A folder with a folder of speech for each speaker.")],
    out: Annotated[Path, typer.Option(help="Folder for figures and pictures.")],
    noise_db: Annotated[
        float | None, typer.Option(help="Judge in white noise this many dB below the speech; learn without it.", min=0)
    ] = None,
    seed: DrawnSeed = 0,
) -> None:
    """Judge how reliably these speakers are told apart: learnt from most of their recordings, judged on the rest.

    Once by a projection learnt from them, once by the checkpoint's own, which may never have heard them. Nothing of
    it is kept, so it may be run on speech that nothing may be trained on.
    """
    need("train", *TORCH, "matplotlib")
    from model.checkpoint import header, load
    from training.bars import progress
    from training.sounds.recordings import files_by_speaker

    header(checkpoint)
    people = files_by_speaker(speakers)
    from model.torch_runtime import TorchRuntime
    from training.speakers.hear import hear_files
    from training.speakers.judge import ROUNDS, tell_apart, write
    from training.speakers.teach import layers_of, listening

    model = load(checkpoint)
    voice, projection = model.config.voice, TorchRuntime(model).projection
    layers = voice.layers if voice else layers_of(model)
    hidden = len(layers), model.config.encoder.hidden_width
    taught = (projection, voice.floor) if projection and voice else None
    with progress() as bar:
        heard = hear_files(listening(model, layers), people, bar, noise_db=noise_db)
        task = bar.add_task("telling them apart", total=ROUNDS)
        told = tell_apart(heard, hidden, seed, lambda: bar.advance(task), taught)
    typer.echo(write(out, told))
