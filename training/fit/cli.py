"""`facewire-train fit | distill | export`: from features to a face."""

from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from training.options import Device, Features, Recipe, SaveEvery, Seed, Steps, StepsPerHalving

app = typer.Typer()


@app.command()
def fit(
    features: Features,
    out: Annotated[Path, typer.Option(help="Folder for the run and its teacher.safetensors.")],
    recipe: Recipe = "embedded",
    denoising_steps: Annotated[int | None, typer.Option(help="256 … 8, if not the recipe's number.", min=1)] = None,
    steps: Steps = None,
    seed: Seed = None,
    device: Device = "",
    save_every: SaveEvery = 50,
) -> None:
    """Train the teacher. It can be interrupted at any time; the same command continues."""
    need("train", *TORCH)
    from model.checkpoint import header
    from training import recipe as recipes
    from training.bars import progress
    from training.passages import folder

    changes = {"model.denoising_steps": denoising_steps, "fit.steps": steps, "fit.seed": seed}
    chosen = recipes.load(recipe).changed(changes)
    folder.shards(features)
    told = header(features / folder.UNTRAINED)["provenance"] | chosen.told("model", "losses", "fit")
    from training.fit import ranks
    from training.fit.export import export_run
    from training.fit.loop import run, teacher_loss
    from training.passages.features import read, untrained

    with ranks.joined(device) as place, progress(shown=ranks.rank() == 0) as bar:
        passages = read(features)
        model = untrained(features, chosen.model, chosen.fit.seed, passages)
        loss, ts, teacher = teacher_loss(model, chosen.losses), model.schedule.steps, out / "teacher"
        run(model, passages, loss, ts, chosen.fit, teacher, bar, told=told, device=place, save_every=save_every)
        if ranks.rank() == 0:
            export_run(teacher, out / "teacher.safetensors")


@app.command()
def distill(
    teacher: Annotated[Path, typer.Argument(help="The teacher's checkpoint.")],
    features: Features,
    out: Annotated[Path, typer.Option(help="The student's checkpoint; its runs are kept beside it.")],
    recipe: Recipe = "embedded",
    to: Annotated[int | None, typer.Option(help="Denoising steps of the last student, if not the recipe's.")] = None,
    steps: StepsPerHalving = None,
    seed: Seed = None,
    device: Device = "",
    save_every: SaveEvery = 50,
) -> None:
    """Distil the teacher into a student with fewer steps, halving them each time. The same command continues it."""
    need("train", *TORCH)
    from model.checkpoint import header, load
    from training import recipe as recipes
    from training.bars import progress
    from training.passages import folder

    chosen = recipes.load(recipe).changed({"distill.to": to, "distill.steps": steps, "fit.seed": seed})
    told = header(teacher)["provenance"]
    folder.shards(features)
    from training.fit import ranks
    from training.fit.distill import chain
    from training.fit.export import export_run
    from training.passages.features import read

    with ranks.joined(device) as place, progress(shown=ranks.rank() == 0) as bar:
        passages = read(features)
        last = chain(load(teacher), passages, chosen, out, bar, told=told, device=place, save_every=save_every)
        if ranks.rank() == 0:
            export_run(last, out)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run, finished or not: it holds a state.safetensors.")],
    out: Annotated[Path, typer.Option(help="The checkpoint.")],
    figures: Annotated[Path | None, typer.Option(help="Folder made by `evaluate`, to be recorded in it.")] = None,
) -> None:
    """Turn a run as it stands into the one file that facewire plays, with a record of how it was made."""
    need("train", *TORCH)
    from training.fit.folder import require_run

    require_run(run)
    from training.fit.export import export_run

    told = export_run(run, out, figures)
    people = ", ".join(told.get("data", {}))
    typer.echo(f"{out}: the moving average after {told['trained_steps']} training steps with {people}")
