"""`facewire run`: the live program."""

from typing import Annotated

import typer

from daemon.commands.options import (
    Checkpoint,
    Config,
    Encoder,
    Head,
    Identity,
    IdentityFolder,
    Lookahead,
    RuntimeOption,
    Seed,
    Style,
    settings,
)


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
    runtime: RuntimeOption = None,
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
