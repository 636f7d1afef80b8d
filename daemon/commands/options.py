"""The arguments and options that several commands share; those that are settings reach a command as a DaemonConfig."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from daemon.settings.config import RuntimeChoice, load

Command = Callable[..., None]

Sound = Annotated[Path, typer.Argument(help="A sound file: wav, flac, ogg, mp3 …")]
Config = Annotated[Path | None, typer.Option(help="Settings file; left out: config.yaml in this folder, if any.")]
Checkpoint = Annotated[Path | None, typer.Option(help="Face model (.safetensors); left out: the one that ships.")]
Encoder = Annotated[str | None, typer.Option(help="Folder or hub id of the speech encoder, if not in the checkpoint.")]
RuntimeOption = Annotated[
    RuntimeChoice | None, typer.Option(help="What computes the face; auto: onnx wherever it can.")
]  # fmt: skip
Head = Annotated[Path | None, typer.Option(help="Your copy of ICT-FaceKit, folder or archive: show that head.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

SETTINGS: Final[dict[str, Any]] = {
    "input": Annotated[str | None, typer.Option(help="auto, mic, mic:NAME, a sound file, - or demo.")],
    "input_rate_hz": Annotated[
        int | None, typer.Option("--input-rate", help="Sample rate in Hz of the PCM that `--input -` reads.")
    ],
    "sinks": Annotated[
        list[str] | None, typer.Option("--sink", help="Where to send; give it again for more than one.")
    ],
    "identity": Annotated[
        str | None,
        typer.Option(help="Whose manner of moving, or auto: whoever's voice it is; see `facewire identities`."),
    ],
    "style": Annotated[
        float | None, typer.Option(help="How much of the identity: 0 the mean of all, 1 it, at most 1.5.")
    ],
    "identities": Annotated[Path | None, typer.Option(help="Folder of enrolled identities.")],
    "checkpoint": Checkpoint,
    "encoder": Encoder,
    "runtime": RuntimeOption,
    "lookahead_ms": Annotated[int | None, typer.Option(help="How far to look ahead in ms: more is better, and later.")],
    "seed": Annotated[int | None, typer.Option(help="Another number, another fitting performance.")],
    "latency_ms": Annotated[str | None, typer.Option(help="From sound to frame in ms, kept exactly; or auto.")],
    "head": Head,
    "name": Annotated[
        str | None,
        typer.Option(help="Of this face: its Live Link subject where a sink names none; a second run needs one."),
    ],
    "record": Annotated[bool | None, typer.Option("--record", help="Record a take from the start.")],
    "preview": Annotated[bool | None, typer.Option(help="Show the face in the browser.")],
    "preview_host": Annotated[
        str | None, typer.Option(help="Where the page is served; elsewhere with a token.")
    ],
    "preview_port": Annotated[int | None, typer.Option(help="The page's port; 0: any free one.")],
}  # fmt: skip
"""The options that stand for a setting, by the setting's name in `DaemonConfig`."""
MODEL: Final = ("identities", "checkpoint", "encoder")
"""What tells who can be chosen."""
PERFORMANCE: Final = ("identity", "style", *MODEL, "runtime", "lookahead_ms", "seed")
"""What decides how a sound is animated."""


def with_settings(*names: str) -> Callable[[Command], Command]:
    """Give a command the options `--config` and those of `SETTINGS` that are named, and hand it what they make.

    The command gets `settings`, a DaemonConfig: the settings file with the options that were given over it. Its own
    parameters come before these; one that is called `config` gets the path of the settings file, too.
    """

    def decorate(command: Command) -> Command:
        own = {name: each for name, each in signature(command).parameters.items() if name != "settings"}
        shared = {"config": Config} | {name: SETTINGS[name] for name in names}

        @wraps(command)
        def called(**given: Any) -> None:
            chosen = {name: given[name] for name in names if given[name] not in (None, [])}
            settings = load(given["config"], chosen)
            command(**{name: given[name] for name in own}, settings=settings)

        parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own.values()]
        parameters += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=shared[name])
            for name in shared
            if name not in own
        ]
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        called.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
        return called

    return decorate
