"""`facewire run`: the live program."""

import typer

from daemon.commands.loading import Loading
from daemon.commands.options import PERFORMANCE, Config, with_settings
from daemon.settings.config import DaemonConfig

PREVIEW = ("preview", "preview_host", "preview_port")


SOUND = ("input", "input_rate_hz", "listen_to")


@with_settings(*SOUND, "sinks", *PERFORMANCE, "latency_ms", "head", "name", "record", *PREVIEW)
def run(config: Config = None, *, settings: DaemonConfig) -> None:
    """Animate a face live, until Ctrl-C or the end of the sound.

    Example: facewire run --input mic --sink "vmc://127.0.0.1:39539?fps=60"
    """
    with Loading():
        from daemon import app

    app.run(settings, typer.echo, config)
