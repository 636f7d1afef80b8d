"""`facewire-train`: from recordings to the one file that `facewire run` plays."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from protocols.errors import FacewireError
from training.bars import progress
from training.prepare_cli import app as prepare_app
from training.report_cli import app as report_app
from training.video_cli import face_model

if TYPE_CHECKING:
    from model.encoder import Encoder

app = typer.Typer(help="Make the checkpoints that facewire runs.", no_args_is_help=True, pretty_exceptions_enable=False)

app.add_typer(prepare_app, name="prepare")
app.command("face-model")(face_model)
app.add_typer(report_app)

Data = Annotated[list[Path], typer.Option(help="A dataset made by `facewire-train prepare`; several times.")]


def main() -> None:
    """Run the command line; what went wrong goes to standard error in plain words, exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        app()
    except FacewireError as error:
        typer.echo(f"facewire-train: {error}", err=True)
        raise SystemExit(1) from error


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
def features(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the features.")],
    encoder: Annotated[str, typer.Option(help="Folder or hub id of a HubertModel, or a checkpoint that has one.")] = "",
    shards: Annotated[int, typer.Option(help="How many files to make.")] = 12,
    passages: Annotated[int, typer.Option(help="Passages of 18 s per file.")] = 96,
    quiet: Annotated[float, typer.Option(help="Share of passages without speech.")] = 0.08,
    first: Annotated[int, typer.Option(help="Number of the first file: to share the work among processes.")] = 0,
    embed: Annotated[bool, typer.Option(help="Keep the encoder in the checkpoint, or only its name and hash.")] = True,
) -> None:
    """Encode passages of speech, silence and noise in the windows of run time. Files that exist are kept."""
    import torch

    from model import checkpoint
    from model import encoder as encoders
    from model.config import ModelConfig
    from model.face import FaceModel
    from training import dataset
    from training import passages as maker

    people = dataset.people(data, "train")
    speech, heard = _encoder(encoder)
    if embed and not speech.config.embedded:
        speech = encoders.embed(speech.hubert, normalize=speech.config.normalize)
    torch.manual_seed(0)
    identities = tuple(dict.fromkeys(clips[0].identity for clips in people))
    model = FaceModel(ModelConfig(encoder=speech.config, steps=32, identities=identities), speech).eval()
    out.mkdir(parents=True, exist_ok=True)
    untrained, told = out / "untrained.safetensors", {"data": dataset.told(data, "train"), "encoder": heard}
    if not untrained.exists():
        checkpoint.save(model, untrained, told)
    elif checkpoint.header(untrained)["provenance"] != told:
        raise FacewireError(
            f"{out}: made from other datasets or with another encoder; choose another --out, or delete it"
        )
    with progress() as bar:
        for shard in range(first, first + shards):
            path = out / f"passages-{shard:03}.safetensors"
            if not path.exists():
                maker.write_shard(path, model, people, passages, quiet, shard, bar)


@app.command()
def fit(
    features: Annotated[Path, typer.Argument(help="Folder made by `facewire-train features`.")],
    out: Annotated[Path, typer.Option(help="Folder for the run and its teacher.safetensors.")],
    steps: Annotated[int, typer.Option(help="Training steps of 32 passages.")] = 900,
    seed: int = 0,
) -> None:
    """Train the 32-step teacher. Interrupt it at will: called again, it goes on."""
    from model import checkpoint
    from training import fit as trainer

    source = features / "untrained.safetensors"
    passages = _passages(features)
    model = checkpoint.load(source)
    trainer.standardise(model, passages)
    settings = trainer.FitSettings(steps=steps, seed=seed)
    with progress() as bar:
        made = trainer.run(
            model, passages, trainer.teacher_loss(model), model.schedule.steps, settings, out / "teacher", bar
        )
    told = checkpoint.header(source)["provenance"] | {"fit": asdict(settings)}
    checkpoint.save(made, out / "teacher.safetensors", told)


@app.command()
def distill(
    teacher: Annotated[Path, typer.Argument(help="The teacher's checkpoint.")],
    features: Annotated[Path, typer.Argument(help="Folder made by `facewire-train features`.")],
    out: Annotated[Path, typer.Option(help="The student's checkpoint; its runs lie beside it.")],
    to: Annotated[int, typer.Option(help="Denoising steps of the last student: 16, 8, 4, 2 or 1.")] = 8,
    steps: Annotated[int, typer.Option(help="Training steps per halving.")] = 250,
    seed: int = 0,
) -> None:
    """Distil the teacher into a student of 8 steps, by halves. Interrupt it at will: called again, it goes on."""
    from model import checkpoint
    from training import fit as trainer
    from training.distill import halve

    model, passages = checkpoint.load(teacher), _passages(features)
    settings = trainer.FitSettings(steps=steps, seed=seed, learning_rate=5e-4)
    with progress() as bar:
        while model.config.steps > to:
            folder = out.parent / f"{out.stem}-{model.config.steps // 2}"
            model = halve(model, passages, settings, folder, bar)
    told = checkpoint.header(teacher)["provenance"] | {"distill": asdict(settings)}
    checkpoint.save(model, out, told)


@app.command()
def probe(
    encoder: Annotated[str, typer.Argument(help="Folder or hub id of a HubertModel, or a checkpoint.")],
    data: Data,
) -> None:
    """Tell how much of a mouth a linear map reads from an encoder's features, beside those of log mel."""
    import torch

    from model.windows import Samples, WindowSpec
    from training import dataset
    from training.probe import log_mel, ridge_probe

    speech, _ = _encoder(encoder)

    def encode(windows: Samples) -> Samples:
        with torch.inference_mode():
            return speech.encode(torch.from_numpy(windows)).numpy()

    sets = [dataset.read(folder) for folder in data]
    for name, features in (("log mel", log_mel), (Path(encoder).name, encode)):
        found = ridge_probe(features, sets, spec=WindowSpec())
        shapes = ", ".join(f"{shape} {r:.3f}" for shape, r in found.by_shape.items())
        typer.echo(f"{name}: mean r {found.mean:.3f} ({shapes})")


def _encoder(source: str) -> "tuple[Encoder, dict[str, Any]]":
    """The encoder that `source` names, or that of the checkpoint that ships, and what it was trained on."""
    from model import checkpoint
    from model import encoder as encoders

    if not source or Path(source).is_file():
        path = Path(source or checkpoint.DEFAULT)
        return checkpoint.load(path).encoder, checkpoint.header(path)["provenance"].get("encoder", {})
    told = Path(source) / "encoder.json"
    return encoders.pretrained(source), json.loads(told.read_text()) if told.exists() else {}


def _passages(folder: Path) -> Any:
    from training.passages import read_shards

    paths = sorted(folder.glob("passages-*.safetensors"))
    if not paths:
        raise FacewireError(f"{folder}: no passages-*.safetensors; make them with `facewire-train features`")
    return read_shards(paths)
