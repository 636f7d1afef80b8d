"""`facewire-train encoder | probe`: a compact speech encoder, and how much of a mouth it hears."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.options import Data, SaveEvery, Sounds

app = typer.Typer()


@app.command()
def encoder(
    out: Annotated[Path, typer.Option(help="Folder for the HubertModel, written whenever the state is.")],
    teacher: Annotated[
        list[str],
        typer.Option(
            help="A model to learn from, repeatable: hubert:FOLDER-or-ID[@LAYER], whisper:FOLDER-or-ID[@LAYER], "
            "whisper:FILE.pt[@LAYER], or onnx:FILE.onnx."
        ),
    ] = [],  # noqa: B006
    data: Data = [],  # noqa: B006
    speech: Annotated[
        list[str],
        typer.Option(help="FOLDER=LICENCE: speech without faces; repeatable. NAME.phones beside it are learnt."),
    ] = [],  # noqa: B006
    sounds: Sounds = [],  # noqa: B006
    start: Annotated[str, typer.Option(help="An encoder to begin with: a folder or a checkpoint.")] = "",
    layers: Annotated[int, typer.Option(help="Transformer layers.", min=1, max=12)] = 4,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.", min=0)] = 1.5e-3,
    work: Annotated[Path, typer.Option(help="Folder for targets, losses and the state.")] = Path("runs/encoder"),
    steps: Annotated[int, typer.Option(help="Training steps.", min=1)] = 4500,
    batch: Annotated[int, typer.Option(help="Windows per step.", min=1)] = 32,
    seed: Annotated[int, typer.Option(help="Random seed of the run.", min=0)] = 0,
    save_every: SaveEvery = 250,
    probe: Annotated[list[Path], typer.Option(help="A dataset to `probe` the encoder on during training.")] = [],  # noqa: B006
    probe_every: Annotated[int, typer.Option(help="Training steps between two probes.", min=1)] = 1000,
) -> None:
    """Train a compact HuBERT to tell phones apart, and to hear as larger ones do.

    Interrupt it at any time; the same command continues.
    """
    need("train", *TORCH, "matplotlib")
    from training.bars import progress
    from training.datasets import dataset
    from training.sounds.recordings import licensed, recordings_of, speech_of_dataset

    sources = [source for folder in data for source in speech_of_dataset(dataset.read(folder))]
    sources += [recordings_of(*licensed("--speech", item)) for item in speech]
    if not sources:
        raise FacewireError("no speech to train on: give a dataset with --data, or --speech FOLDER=LICENCE")
    quiet = [recordings_of(*licensed("--sounds", item)) for item in sounds]
    judged = [dataset.read(folder) for folder in probe]
    from training.encoder.batches import EncoderSettings
    from training.encoder.distil import train_encoder
    from training.encoder.student import compact_config
    from training.encoder.teachers import open_teacher
    from training.encoder.watch import Probe
    from training.passages.features import open_encoder

    settings = EncoderSettings(steps=steps, batch=batch, seed=seed, learning_rate=learning_rate)
    probed = Probe(judged, work, settings.window, every=probe_every) if judged else None
    teachers = [open_teacher(item) for item in teacher]
    with progress() as bar:
        train_encoder(
            sources, teachers, out, bar, work=work, settings=settings, config=compact_config(layers),
            start=open_encoder(start)[0] if start else None, sounds=quiet, probe=probed, save_every=save_every,
        )  # fmt: skip


@app.command()
def probe(
    encoder: Annotated[str, typer.Argument(help="Folder or hub id of a HubertModel, or a checkpoint.")],
    data: Data = [],  # noqa: B006
    spoken: Annotated[
        list[Path], typer.Option(help="Recordings with NAME.phones beside them: how many phones it tells right.")
    ] = [],  # noqa: B006
    strangers: Annotated[
        list[Path], typer.Option(help="A dataset of other people to judge on, instead of unseen recordings of these.")
    ] = [],  # noqa: B006
    teacher: Annotated[
        list[str], typer.Option(help="A larger encoder to probe as well, named as for `encoder`; repeatable.")
    ] = [],  # noqa: B006
) -> None:
    """Measure how much of a mouth a linear map reads from an encoder's features, and how many phones it tells right.

    The mouth needs --data; log mel is its comparison.
    """
    need("train", *TORCH)
    from training.datasets import dataset

    sets, others = ([dataset.read(folder) for folder in folders] for folders in (data, strangers))
    import torch

    from model.windows import Samples, WindowSpec
    from training.encoder.probe import log_mel, ridge_probe
    from training.encoder.teachers import open_teacher, windowed
    from training.encoder.told import own_windows, told_right
    from training.passages.features import open_encoder
    from training.phones.spoken import recordings

    speech, _ = open_encoder(encoder)
    for folder in spoken:
        told = told_right(speech, recordings(folder))
        typer.echo(
            f"{folder.name}: phones {told.phones:.3f}, visemes {told.visemes:.3f}, silence {told.silence:.3f} "
            f"({told.frames} frames of speech)"
        )
    if not sets:
        return

    def encode(windows: Samples) -> Samples:
        with torch.inference_mode():
            return speech.encode(torch.from_numpy(windows)).numpy()

    own = own_windows(speech.config)
    teachers = [(each.name, windowed(each), WindowSpec()) for each in map(open_teacher, teacher)]
    for name, features, spec in (("log mel", log_mel, own), (Path(encoder).name, encode, own), *teachers):
        found = ridge_probe(features, sets, spec=spec, strangers=others)
        shapes = ", ".join(f"{shape} {r:.3f}" for shape, r in found.by_shape.items())
        typer.echo(f"{name}: mean r {found.mean:.3f} ({shapes})")
