"""The arguments and options that commands share, and how options and the settings file become a DaemonConfig."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from daemon.settings.config import RuntimeChoice, load

Command = Callable[..., None]

Sound = Annotated[Path, typer.Argument(help="A sound file: wav, flac, ogg, mp3 …")]
Config = Annotated[
    Path | None, typer.Option(help="Settings file; by default config.yaml in this folder, if there is one.")
]
Checkpoint = Annotated[Path | None, typer.Option(help="Face model (.safetensors); by default the one that ships.")]
Encoder = Annotated[str | None, typer.Option(help="Speech encoder, a folder or hub id, for a checkpoint without one.")]
RuntimeOption = Annotated[
    RuntimeChoice | None, typer.Option(help="What computes the face; auto uses onnx wherever it can.")
]
Head = Annotated[
    Path | None, typer.Option(help="Show the head of ICT-FaceKit; a folder or archive with your copy of it.")
]
ListenTo = Annotated[
    Path | None, typer.Option(help="Sound file of whom the face listens to; it starts with the other.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _pairs(text: str) -> dict[str, str]:
    """`mood=happy,head=0.5` as a mapping; its values are checked with all other settings."""
    pairs = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if not all(pairs) or not all(pairs.values()):
        raise typer.BadParameter(f"{text!r}: expected KEY=VALUE pairs, such as mood=happy,head=0.5")
    return pairs


SETTINGS: Final[dict[str, Any]] = {
    "input": Annotated[
        str | None, typer.Option(help="auto, mic, mic:NAME, a sound file, - (PCM on standard input) or demo.")
    ],
    "input_rate_hz": Annotated[
        int | None, typer.Option("--input-rate", help="Sample rate in Hz of the PCM on standard input.")
    ],
    "listen_to": Annotated[
        str | None, typer.Option(help="Whom the face listens to: mic:NAME, a second input device, or a sound file.")
    ],
    "sinks": Annotated[
        list[str] | None,
        typer.Option("--sink", help="Where to send the face, as a URL; repeat the option for more receivers."),
    ],
    "identity": Annotated[
        str | None,
        typer.Option(help="Whose way of moving: a name from `facewire identities list`, or auto to follow the voice."),
    ],
    "style": Annotated[
        float | None,
        typer.Option(help="Strength of the identity: 0 is the mean of all, 1 the identity, up to 1.5 exaggerates it."),
    ],
    "identities": Annotated[Path | None, typer.Option(help="Folder of enrolled identities.")],
    "performance": Annotated[
        Any,
        typer.Option(
            "--perform",
            parser=_pairs,
            metavar="KEY=VALUE,...",
            help="What eyes, brows and head do: blinks, gaze, head, brows, listening (0 to 2), mood, mood_intensity, "
            "look_yaw, look_pitch (degrees).",
        ),
    ],
    "checkpoint": Checkpoint,
    "encoder": Encoder,
    "runtime": RuntimeOption,
    "lookahead_ms": Annotated[
        int | None, typer.Option(help="How far to look ahead, in ms: more is better, and later.")
    ],
    "hop_ms": Annotated[
        int | None, typer.Option(help="How much sound to compute at a time, in ms: less is sooner, and costs more.")
    ],
    "seed": Annotated[int | None, typer.Option(help="Which of many fitting performances to play.")],
    "latency_ms": Annotated[
        str | None, typer.Option(help="Latency from sound to frame in ms, kept exactly; auto measures it.")
    ],
    "head": Head,
    "name": Annotated[
        str | None,
        typer.Option(
            help="Name of this face, its Live Link subject by default; needed by a second run beside the first."
        ),
    ],
    "record": Annotated[bool | None, typer.Option("--record", help="Record a take from the start.")],
    "preview": Annotated[bool | None, typer.Option(help="Show the face in the browser.")],
    "preview_host": Annotated[
        str | None,
        typer.Option(help="Address of the page; any but this machine's own needs the token that is printed."),
    ],
    "preview_port": Annotated[int | None, typer.Option(help="Port of the page; 0 is any free one.")],
}
"""The options that override a setting, by the name of its field in `DaemonConfig`."""
MODEL: Final = ("identities", "checkpoint", "encoder")
"""The settings that decide which identities there are."""
PERFORMANCE: Final = ("identity", "style", "performance", *MODEL, "runtime", "lookahead_ms", "hop_ms", "seed")
"""The settings that decide how a sound is animated."""


def with_settings(*names: str) -> Callable[[Command], Command]:
    """Give a command the options `--config` and those of `SETTINGS` with these names.

    They follow the command's own parameters. The command receives a DaemonConfig as `settings`: the settings file,
    overridden by the options that were given. It also receives the file's path if it has a parameter `config`.
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
