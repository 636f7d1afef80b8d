"""`facewire check`: tests everything that `run` needs without starting, and says what to do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import typer

from daemon.commands.options import with_settings
from daemon.settings.config import DaemonConfig
from daemon.sound.devices import find, portaudio
from protocols.errors import FacewireError
from protocols.sinks import open_sink, parse


@with_settings()
def check(*, settings: DaemonConfig) -> None:
    """Test settings, microphone, receivers and face model without starting, and say what to do.

    Example: facewire check
    """
    good = True
    for finding in findings(settings):
        good = good and finding.good
        typer.echo(f"{'ok ' if finding.good else 'BAD'} {finding.text}")
    if not good:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Finding:
    """The result of one test; a bad one says what to do."""

    good: bool
    text: str


def findings(config: DaemonConfig) -> Iterator[Finding]:
    """Test one thing after another."""
    looks: list[Callable[[], str]] = [_package, partial(_input, config.input)]
    looks += [partial(_sink, url) for url in config.sinks]
    looks += [partial(_preview, config), partial(_face, config)]
    for look in looks:
        try:
            yield Finding(True, look())
        except FacewireError as error:
            yield Finding(False, str(error))


def _package() -> str:
    """python-daemon installs a package of the same name and overwrites ours."""
    owners = set(metadata.packages_distributions().get("daemon", ())) - {"facewire"}
    if owners:
        raise FacewireError(
            f"package: {', '.join(sorted(owners))} installs a folder `daemon` over facewire's own; install facewire "
            "in a virtual environment of its own (pipx install, uv tool install)"
        )
    return "package: nothing else is in the way"


def _input(wanted: str) -> str:
    if wanted in ("-", "demo"):
        return f"input: {wanted}"
    if wanted not in ("auto", "mic") and not wanted.startswith("mic:"):
        if not Path(wanted).is_file():
            raise FacewireError(f"input: {wanted}: no such file; a microphone is chosen by mic or mic:NAME")
        return f"input: the file {wanted}"
    name = wanted.removeprefix("mic:") if wanted.startswith("mic:") else None
    try:
        device = find(portaudio(), name)
    except FacewireError as error:
        if wanted != "auto":
            raise
        return f"input: the demo voice, for {error}"
    return f"input: {device['name']} ({device['default_samplerate']:.0f} Hz)"


def _sink(url: str) -> str:
    spec = parse(url)
    with closing(open_sink(spec)):
        return f"sends to: {spec}"


def _preview(config: DaemonConfig) -> str:
    from daemon.preview.server import Preview
    from daemon.settings.live import LiveSettings

    if not config.preview:
        return "preview: off"
    with closing(Preview(LiveSettings(config))) as preview:
        return f"preview: {preview.url.partition('?')[0]} is free"


def _face(config: DaemonConfig) -> str:
    from daemon.animate.face import open_session

    runtime, _, state = open_session(config)
    return (
        f"face: {config.checkpoint or 'the one that ships'}, by {runtime.name}, encoder "
        f"{runtime.config.encoder.source}, identity {config.identity or 'mean of all'}, "
        f"lookahead {state.window.right_ms} ms"
    )
