"""`facewire-train`: from recordings to the one file that `facewire run` plays."""

import logging

import typer

from protocols.errors import FacewireError
from training.encoder.cli import app as encoder_app
from training.enroll.cli import enroll
from training.fit.cli import app as fit_app
from training.interrupt import StoppedError
from training.judge.cli import evaluate
from training.passages.cli import features
from training.performance.cli import app as performance_app
from training.performers.cli import performers
from training.phones.cli import align
from training.prepare.cli import app as prepare_app
from training.prepare.video_cli import face_model
from training.smoke.cli import smoke
from training.sounds.cli import music
from training.speakers.cli import app as voices_app
from training.speakers.cli import speech
from training.strangers.cli import strangers
from training.study.cli import report
from training.talkers.cli import app as talkers_app

app = typer.Typer(help="Make the checkpoints that facewire runs.", no_args_is_help=True, pretty_exceptions_enable=False)

app.add_typer(prepare_app, name="prepare")
app.command("face-model")(face_model)
app.command()(align)
app.command()(music)
app.command()(features)
app.add_typer(fit_app)
app.command()(evaluate)
app.command()(strangers)
app.command()(report)
app.command()(enroll)
app.command()(speech)
app.add_typer(voices_app, name="voices")
app.add_typer(encoder_app)
app.command()(performers)
app.add_typer(talkers_app, name="talkers")
app.add_typer(performance_app, name="performance")
app.command()(smoke)


def main() -> None:
    """Run the command line. Errors go to standard error in plain words: exit code 1, or 130 if interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        app()
    except FacewireError as error:
        typer.echo(f"facewire-train: {error}", err=True)
        raise SystemExit(130 if isinstance(error, StoppedError) else 1) from error


if __name__ == "__main__":  # for torchrun -m
    main()
