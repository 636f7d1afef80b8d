"""`facewire bench`: measures what each stage, or the preview page, costs on this machine."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from daemon.commands.options import Checkpoint, Encoder, Json, RuntimeOption
from daemon.settings.config import RuntimeChoice
from protocols.errors import FacewireError


def bench(
    checkpoint: Checkpoint = None,
    encoder: Encoder = None,
    runtime: RuntimeOption = None,
    untrained: Annotated[
        bool,
        typer.Option(
            "--untrained", help="Measure a random face, on --encoder or on a random encoder of hubert-base's size."
        ),
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Measure the page: how soon it moves and what it costs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure what each stage, or the preview page, costs on this machine.

    Example: facewire bench --json
    """
    if preview:
        _bench_preview(as_json)
        return
    from daemon.commands.bench_stages import bench_untrained, measure

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
