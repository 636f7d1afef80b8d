"""The command `facewire`. Heavy imports happen inside the commands: help and `devices` answer at once."""

import json
import logging
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table
from typer.core import TyperGroup

from daemon.commands import identities as cli_identities
from daemon.commands import takes as cli_takes
from daemon.commands.options import (
    Checkpoint,
    Config,
    Encoder,
    Head,
    Identity,
    IdentityFolder,
    Json,
    Lookahead,
    Runtime,
    Seed,
    Sound,
    Style,
    settings,
)
from daemon.line.status import CONSOLE
from daemon.settings.config import RuntimeChoice, load
from protocols.errors import FacewireError


class _PlainErrors(TyperGroup):
    """What went wrong goes to standard error in plain words, exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FacewireError as error:
            typer.echo(f"facewire: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(cls=_PlainErrors, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def facewire(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Speech in, a moving face out, live: 52 ARKit blendshapes for Unreal, Unity and VTubing apps."""
    handler = RichHandler(console=CONSOLE, show_path=False) if CONSOLE.is_terminal else logging.StreamHandler()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler], force=True)
    if version:
        typer.echo(f"facewire {metadata.version('facewire')}")
        raise typer.Exit


@app.command()
def run(
    config: Config = None,
    input: Annotated[str | None, typer.Option(help="auto, mic, mic:NAME, a sound file, - or demo.")] = None,
    input_rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of the PCM that `--input -` reads.")] = None,
    sink: Annotated[list[str] | None, typer.Option(help="Where to send; give it again for more than one.")] = None,
    identity: Identity = None,
    style: Style = None,
    identities: IdentityFolder = None,
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: Runtime = None,
    lookahead_ms: Lookahead = None,
    latency_ms: Annotated[str | None, typer.Option(help="From sound to frame in ms, kept exactly; or auto.")] = None,
    seed: Seed = None,
    head: Head = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of this face: its Live Link subject where a sink names none; a second run needs one."),
    ] = None,
    record: Annotated[bool | None, typer.Option("--record", help="Record a take from the start.")] = None,
    preview: Annotated[bool | None, typer.Option(help="Show the face in the browser.")] = None,
    preview_host: Annotated[str | None, typer.Option(help="Where the page is served; elsewhere with a token.")] = None,
    preview_port: Annotated[int | None, typer.Option(help="The page's port; 0: any free one.")] = None,
) -> None:
    """Animate a face live, until Ctrl-C or the end of the sound.

    Example: facewire run --input mic --sink "vmc://127.0.0.1:39539?fps=60"
    """
    chosen = settings(
        config,
        input=input,
        input_rate_hz=input_rate,
        sinks=sink or None,
        identity=identity,
        style=style,
        identities=identities,
        checkpoint=checkpoint,
        encoder=encoder,
        runtime=runtime,
        lookahead_ms=lookahead_ms,
        latency_ms=latency_ms,
        seed=seed,
        head=head,
        name=name,
        record=record,
        preview=preview,
        preview_host=preview_host,
        preview_port=preview_port,
    )
    from daemon import app as live

    live.run(chosen, typer.echo, config)


for command in (cli_takes.render, cli_takes.film, cli_takes.replay, cli_takes.shapes):
    app.command()(command)
app.add_typer(cli_identities.app, name="identities")


@app.command()
def verify(
    sound: Sound,
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: Runtime = None,
    seed: Annotated[int, typer.Option(help="Of the face and of the random cuts.")] = 0,
) -> None:
    """Show that the live face is the rendered one, however the sound was cut.

    Example: facewire verify talk.wav
    """
    from daemon.animate.face import open_face
    from daemon.commands.verify import LIMIT, differences
    from model.audio import read_audio

    samples = read_audio(sound)
    face, good = open_face(checkpoint, encoder, runtime or RuntimeChoice.AUTO), True
    for difference in differences(face, samples, seed=seed):
        good = good and difference.good
        typer.echo(
            f"{'ok ' if difference.good else 'BAD'} {difference.way}: differs by {difference.largest:.1e} at most"
        )
    if not good:
        raise FacewireError(f"the face depends on how the sound is cut: more than {LIMIT:g}. Please report this.")


@app.command()
def devices() -> None:
    """List the microphones.

    Example: facewire devices
    """
    from daemon.sound.microphone import inputs, portaudio

    sd = portaudio()
    found = inputs(sd)
    if not found:
        raise FacewireError("there is no microphone; plug one in, or use --input FILE or --input demo")
    for device in found:
        default = "   (default)" if device["index"] == sd.default.device[0] else ""
        system = sd.query_hostapis(device["hostapi"])["name"]
        rate = f"{device['default_samplerate']:.0f} Hz"
        typer.echo(f"mic:{device['index']:<3} {device['name']}, {system}, {rate}{default}")


@app.command()
def check(config: Config = None) -> None:
    """Look at settings, microphone, receivers and face model without starting, and say what to do.

    Example: facewire check
    """
    from daemon.commands.check import findings

    good = True
    for finding in findings(load(config)):
        good = good and finding.good
        typer.echo(f"{'ok ' if finding.good else 'BAD'} {finding.text}")
    if not good:
        raise typer.Exit(1)


@app.command()
def inspect(checkpoint: Annotated[Path | None, typer.Argument(help="Left out: the one that ships.")] = None) -> None:
    """Print what a checkpoint is and where it comes from.

    Example: facewire inspect my-face.safetensors
    """
    from model import checkpoint as checkpoints

    header = checkpoints.header(checkpoint or checkpoints.DEFAULT)
    typer.echo(yaml.safe_dump(header, sort_keys=False, allow_unicode=True), nl=False)


@app.command(name="export-onnx")
def export_onnx(
    checkpoint: Annotated[Path | None, typer.Argument(help="Left out: the one that ships.")] = None,
    encoder: Encoder = None,
    out: Annotated[Path | None, typer.Option(help="A folder; left out: the cache, where `run` looks for it.")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="The encoder in 8 bits, for --runtime onnx-int8.")] = False,
) -> None:
    """Prepare a face for onnxruntime, as its first start does, or for other programs that read .onnx files.

    Example: facewire export-onnx my-face.safetensors
    """
    from daemon.animate.exports import cache_folder, export

    folder = out or cache_folder(checkpoint, encoder, int8=int8)
    _, far = export(checkpoint, encoder, folder, int8=int8)
    typer.echo(f"{folder}: differs from torch's face by {far:.1e} at most")


@app.command()
def listen(
    url: Annotated[str, typer.Argument(help="As for --sink: livelink://127.0.0.1:11111, vmc://…, osc://…, zmq://…")],
    seconds: Annotated[float | None, typer.Option(help="Stop after so long; left out: until Ctrl-C.")] = None,
    as_json: Json = False,
) -> None:
    """Receive and print faces, to see whether any arrive and what is in them.

    Example: facewire listen vmc://127.0.0.1:39539
    """
    from daemon.commands import listen as receiver

    receiver.listen(url, seconds=seconds, as_json=as_json, write=typer.echo)


@app.command()
def bench(
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: Runtime = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="A random face, on --encoder or on a random one of hubert-base's size.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="The page: how soon it moves, what it costs.")] = False,
    as_json: Json = False,
) -> None:
    """Measure what each stage costs on this machine, or what the preview does.

    Example: facewire bench --json
    """
    if preview:
        _bench_preview(as_json)
        return
    from daemon.commands.bench import bench as measure
    from daemon.commands.bench import bench_untrained

    if untrained and checkpoint:
        raise FacewireError("bench: --untrained makes a face of its own; leave --checkpoint out")
    choice = runtime or RuntimeChoice.AUTO
    report = bench_untrained(encoder, choice) if untrained else measure(checkpoint, encoder, choice)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    table = Table("", "median ms", "p95 ms", title=", ".join(f"{k} {v}" for k, v in report.machine.items()))
    for cost in report.costs:
        table.add_row(cost.what, f"{cost.median_ms:.2f}", f"{cost.p95_ms:.2f}")
    memory = "unknown" if report.peak_memory_mb is None else f"{report.peak_memory_mb:.0f} MB"
    Console().print(table)
    typer.echo(f"by {report.runtime}: computing per second of sound {report.real_time_factor:.2f} s (below 1 is live)")
    typer.echo(f"by {report.runtime}: start to first face {report.startup_s:.1f} s; memory at most {memory}")


def _bench_preview(as_json: bool) -> None:
    from daemon.commands.bench_preview import bench_preview

    report = bench_preview()
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    typer.echo(
        f"from `facewire run` to a moving face on the page {report.moving_s:.1f} s "
        f"(the demo voice's own silence {report.silent_s:.1f} s of it)\n"
        f"share of one core: without a preview {report.core_without:.1%}, with one that nobody watches "
        f"{report.core_served:.1%}, with a page open {report.core_watched:.1%} ({report.frames_per_s:.0f} frames/s)"
    )
