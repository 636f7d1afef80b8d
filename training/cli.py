"""`facewire-train`: from recordings to the one file that `facewire run` plays."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import FacewireError
from training.fit_cli import app as fit_app
from training.interrupt import StoppedError
from training.prepare.cli import app as prepare_app
from training.prepare.video_cli import face_model
from training.report_cli import app as report_app

app = typer.Typer(help="Make the checkpoints that facewire runs.", no_args_is_help=True, pretty_exceptions_enable=False)

app.add_typer(prepare_app, name="prepare")
app.command("face-model")(face_model)
app.add_typer(fit_app)
app.add_typer(report_app)

Data = Annotated[list[Path], typer.Option(help="A dataset made by `facewire-train prepare`; several times.")]


def main() -> None:
    """Run the command line; what went wrong goes to standard error in plain words, exit code 1; interrupted: 130."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        app()
    except FacewireError as error:
        typer.echo(f"facewire-train: {error}", err=True)
        raise SystemExit(130 if isinstance(error, StoppedError) else 1) from error


@app.command()
def encoder(
    teacher: Annotated[list[str], typer.Option(help="whisper:FILE.pt or onnx:FILE.onnx: a model to learn from.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished HubertModel.")],
    data: Data = [],  # noqa: B006
    speech: Annotated[list[str], typer.Option(help="FOLDER=LICENCE: speech without faces.")] = [],  # noqa: B006
    work: Annotated[Path, typer.Option(help="Folder for targets and the state of the run.")] = Path("runs/encoder"),
    steps: Annotated[int, typer.Option(help="Training steps of 32 windows.")] = 4500,
) -> None:
    """Distil a compact HuBERT from larger speech encoders. Interrupt it at will: called again, it goes on."""
    from training import dataset
    from training.encoder import EncoderSettings, train_encoder
    from training.sounds import speech_of, speech_of_dataset
    from training.teachers import open_teacher

    sources = [source for folder in data for source in speech_of_dataset(dataset.read(folder))]
    sources += [speech_of(Path(folder), licence) for folder, _, licence in (item.partition("=") for item in speech)]
    if not sources:
        raise FacewireError("no speech to train on: give a dataset with --data, or --speech FOLDER=LICENCE")
    teachers = [open_teacher(item) for item in teacher]
    train_encoder(sources, teachers, out, work=work, settings=EncoderSettings(steps=steps))


@app.command()
def probe(
    encoder: Annotated[str, typer.Argument(help="Folder or hub id of a HubertModel, or a checkpoint.")],
    data: Data,
) -> None:
    """Tell how much of a mouth a linear map reads from an encoder's features, beside those of log mel."""
    import torch

    from model.windows import Samples, WindowSpec
    from training import dataset
    from training.features import open_encoder
    from training.probe import log_mel, ridge_probe

    speech, _ = open_encoder(encoder)

    def encode(windows: Samples) -> Samples:
        with torch.inference_mode():
            return speech.encode(torch.from_numpy(windows)).numpy()

    sets = [dataset.read(folder) for folder in data]
    for name, features in (("log mel", log_mel), (Path(encoder).name, encode)):
        found = ridge_probe(features, sets, spec=WindowSpec())
        shapes = ", ".join(f"{shape} {r:.3f}" for shape, r in found.by_shape.items())
        typer.echo(f"{name}: mean r {found.mean:.3f} ({shapes})")


if __name__ == "__main__":  # for torchrun -m
    main()
