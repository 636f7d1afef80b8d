"""`facewire-train encoder | probe`: a compact speech encoder, and how much of a mouth it hears."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from protocols.errors import FacewireError
from training.options import Data, SaveEvery

app = typer.Typer()


@app.command()
def encoder(
    teacher: Annotated[
        list[str],
        typer.Option(
            help="A model to learn from, repeatable: hubert:FOLDER-or-ID[@LAYER], whisper:FOLDER-or-ID[@LAYER], "
            "whisper:FILE.pt[@LAYER], or onnx:FILE.onnx."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the HubertModel, written whenever the state is.")],
    data: Data = [],  # noqa: B006
    speech: Annotated[list[str], typer.Option(help="FOLDER=LICENCE: speech without faces; repeatable.")] = [],  # noqa: B006
    work: Annotated[Path, typer.Option(help="Folder for targets, losses and the state.")] = Path("runs/encoder"),
    steps: Annotated[int, typer.Option(help="Training steps.", min=1)] = 4500,
    batch: Annotated[int, typer.Option(help="Windows per step.", min=1)] = 32,
    seed: Annotated[int, typer.Option(help="Random seed of the run.", min=0)] = 0,
    save_every: SaveEvery = 250,
    probe: Annotated[list[Path], typer.Option(help="A dataset to `probe` the encoder on during training.")] = [],  # noqa: B006
    probe_every: Annotated[int, typer.Option(help="Training steps between two probes.", min=1)] = 1000,
) -> None:
    """Distil a compact HuBERT from larger speech encoders. Interrupt it at any time; the same command continues."""
    need("train", *TORCH, "matplotlib")
    from training.bars import progress
    from training.datasets import dataset
    from training.sounds.recordings import licensed, recordings_of, speech_of_dataset

    sources = [source for folder in data for source in speech_of_dataset(dataset.read(folder))]
    sources += [recordings_of(*licensed("--speech", item)) for item in speech]
    if not sources:
        raise FacewireError("no speech to train on: give a dataset with --data, or --speech FOLDER=LICENCE")
    judged = [dataset.read(folder) for folder in probe]
    from training.encoder.batches import EncoderSettings
    from training.encoder.distil import train_encoder
    from training.encoder.teachers import open_teacher
    from training.encoder.watch import Probe

    settings = EncoderSettings(steps=steps, batch=batch, seed=seed)
    probed = Probe(judged, work, settings.window, every=probe_every) if judged else None
    teachers = [open_teacher(item) for item in teacher]
    with progress() as bar:
        train_encoder(sources, teachers, out, bar, work=work, settings=settings, probe=probed, save_every=save_every)


@app.command()
def probe(
    encoder: Annotated[str, typer.Argument(help="Folder or hub id of a HubertModel, or a checkpoint.")],
    data: Data,
    strangers: Annotated[
        list[Path], typer.Option(help="A dataset of other people to judge on, instead of unseen recordings of these.")
    ] = [],  # noqa: B006
    teacher: Annotated[
        list[str], typer.Option(help="A larger encoder to probe as well, named as for `encoder`; repeatable.")
    ] = [],  # noqa: B006
) -> None:
    """Measure how much of a mouth a linear map reads from an encoder's features, and from log mel for comparison."""
    need("train", *TORCH)
    from training.datasets import dataset

    sets, others = ([dataset.read(folder) for folder in folders] for folders in (data, strangers))
    import torch

    from model.windows import Samples, WindowSpec
    from training.encoder.probe import log_mel, ridge_probe
    from training.encoder.teachers import open_teacher, windowed
    from training.passages.features import open_encoder

    speech, _ = open_encoder(encoder)

    def encode(windows: Samples) -> Samples:
        with torch.inference_mode():
            return speech.encode(torch.from_numpy(windows)).numpy()

    teachers = [(each.name, windowed(each)) for each in map(open_teacher, teacher)]
    for name, features in (("log mel", log_mel), (Path(encoder).name, encode), *teachers):
        found = ridge_probe(features, sets, spec=WindowSpec(), strangers=others)
        shapes = ", ".join(f"{shape} {r:.3f}" for shape, r in found.by_shape.items())
        typer.echo(f"{name}: mean r {found.mean:.3f} ({shapes})")
