"""The page written by `facewire-train report`: the paper's tables, plots and commands."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.judge import plots
from training.judge.tables import Column, to_json
from training.study.ablations import FACE, Variant
from training.study.paper_tables import ablations, distillation, table_1, table_2, table_4, table_5
from training.study.study import Judged, Study


def write_page(study: Study, found: Mapping[str, Judged], command: str) -> Path:
    """Write report.md, report.json and the plots into the study's folder; `command` is the command that made it."""
    columns = {name: judged.figures for name, judged in found.items() if judged.people}
    scale, out = study.baselines(), study.out
    every = {name: to_json(column) for name, column in (columns | scale).items()}
    (out / "report.json").write_text(json.dumps(every, indent=2) + "\n", encoding="utf-8")
    _draw(study, columns, found[study.main])
    sections = [
        _about(study, command),
        table_1(study, columns),
        distillation(study, columns),
        table_2(study, columns, scale),
        table_4(found[study.main]),
        table_5(study, columns),
        _pictures(study),
        _commands(study),
    ]
    page = out / "report.md"
    page.write_text("\n".join(sections), encoding="utf-8")
    return page


def _about(study: Study, command: str) -> str:
    fit, distill, clips = study.recipe.fit, study.recipe.distill, study.people
    who = ", ".join(f"{name} ({len(own)} recordings)" for name, own in clips.items())
    return f"""# DiffusionTalker's tables, remade

```
{command}
```

Judged on recordings of the {study.split} split: {who}; of several people the mean. Streamed in the windows of run
time, lips without noise, as `facewire run` does. ± is the standard deviation over {study.seeds} seeds of the noise, not
over trainings: each model was trained once, for {fit.steps} steps of {fit.batch} passages, students for {distill.steps}
more per halving. `facewire-train evaluate` has the same figures; `training/judge/metrics.py` defines them.
"""


def _pictures(study: Study) -> str:
    lines = ["## Pictures\n"]
    for name in study.people:
        for picture in ("curves", "shapes", "spectrum"):
            lines.append(f"![{name}, {picture}](pictures/{name}/{picture}.png)\n")
    return "\n".join(lines)


def _commands(study: Study) -> str:
    lines = [line for variant in study.variants for line in _command(study, variant)]
    return "\n".join(["## Each model by itself\n", "```", *lines, "```", ""])


def _command(study: Study, variant: Variant) -> Sequence[str]:
    out, recipe = study.out, study.out / variant.name / "recipe.yaml"
    options = f"--recipe {_quoted(recipe)}"
    if variant.kind == "fit":
        return [f"facewire-train fit {_quoted(study.features)} {options} --out {_quoted(out / variant.name)}-alone"]
    if variant.kind == "halve":
        source, target = _quoted(out / variant.source / FACE), _quoted(out / f"{variant.name}-alone" / FACE)
        return [f"facewire-train distill {source} {_quoted(study.features)} {options} --out {target}"]
    return []


def _draw(study: Study, columns: Mapping[str, Column], main: Judged) -> None:
    last = study.recipe.distill.to
    by_steps = [v for v in study.variants if v.judged and v.name.startswith(("steps-", "distilled-", "skipping-"))]
    how = {"fit": "direct", "halve": "distilled", "skip": "skipping"}
    labels = {variant.name: f"{variant.steps} {how[variant.kind]}" for variant in by_steps}
    plots.bars(study.out / "steps.png", _bars(columns, labels, ("LBE 12", "lip error 27", "FDD abs")), "By steps")
    parts = _bars(columns, ablations(study), ("LBE 12", "MBE 51", "FDD abs"))
    plots.bars(study.out / "ablations.png", parts, f"Without one part, {last} steps")
    if main.identities:
        plots.confusion(study.out / "identities.png", main.identities)


def _bars(
    columns: Mapping[str, Column], labels: Mapping[str, str], names: Sequence[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        name: {label: (columns[key][name].mean, columns[key][name].deviation or 0.0) for key, label in labels.items()}
        for name in names
        if all(name in columns[key] for key in labels)
    }


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
