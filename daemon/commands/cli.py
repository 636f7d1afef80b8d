"""The program `facewire`: its commands, and how it ends if one of them fails."""

import os
import sys

from daemon.commands.loading import INTERRUPTED, Loading

with Loading():
    import logging
    from importlib import metadata
    from typing import Annotated, Any

    import typer
    from rich.logging import RichHandler
    from typer.core import TyperGroup

    from daemon.commands import identities
    from daemon.commands.bench import bench
    from daemon.commands.cache import cache
    from daemon.commands.check import check
    from daemon.commands.devices import devices
    from daemon.commands.export_onnx import export_onnx
    from daemon.commands.film import film
    from daemon.commands.inspect import inspect
    from daemon.commands.listen import listen
    from daemon.commands.render import render
    from daemon.commands.replay import replay
    from daemon.commands.run import run
    from daemon.commands.shapes import shapes
    from daemon.commands.verify import verify
    from daemon.line.status import CONSOLE
    from protocols.errors import FacewireError


class _Program(typer.Typer):
    """Ends with a plain sentence and a fitting exit code if it is interrupted or cannot print."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except OSError as error:
            if _output_works():
                raise
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # or Python tries again to write the rest at exit
            sys.exit(f"facewire: standard output cannot be written: {error.strerror or error}")


def _output_works() -> bool:
    try:
        print(flush=True)
    except OSError:
        return False
    return True


class _PlainErrors(TyperGroup):
    """Prints what went wrong on standard error and ends with exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FacewireError as error:
            typer.echo(f"facewire: {error}", err=True)
            raise typer.Exit(1) from error


app = _Program(cls=_PlainErrors, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def facewire(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Speech in, a moving face out, live: 52 ARKit blendshapes for Unreal, Unity and VTubing apps."""
    handler = RichHandler(console=CONSOLE, show_path=False) if CONSOLE.is_terminal else logging.StreamHandler()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler], force=True)
    if version:
        typer.echo(f"facewire {metadata.version('facewire')}")
        raise typer.Exit


for command in (
    run, render, film, replay, shapes, verify, devices, check, inspect, export_onnx, cache, listen, bench,
):  # fmt: skip
    app.command()(command)
app.add_typer(identities.app, name="identities")
