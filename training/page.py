"""The page that `facewire-train report` writes: the paper's tables 1, 2, 4 and 5, remade."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from training import plots
from training.ablations import FACE, Variant
from training.study import Judged, Study
from training.tables import Column, Value, cell, markdown, to_json

QUALITY = ("lip error 27", "LBE 12", "MBE 51", "FDD signed", "FDD abs")
MOTION = (
    "jaw r", "amplitude jaw", "amplitude lips", "jitter lips", "jitter upper", "blinks to real", "closure recall",
    "spread over seeds, jaw", "spread over seeds, upper face", "seam ratio",
)  # fmt: skip
TIME = ("ms per frame", "ms per frame, denoiser")
DISTANCE = "distance to teacher"


def write_page(study: Study, found: Mapping[str, Judged], command: str) -> Path:
    """Write report.md, report.json and the pictures into the study's folder; `command` is what made it."""
    columns = {name: judged.figures for name, judged in found.items() if judged.people}
    scale, out = study.baselines(), study.out
    every = {name: to_json(column) for name, column in (columns | scale).items()}
    (out / "report.json").write_text(json.dumps(every, indent=2) + "\n")
    _draw(study, columns, found[study.main])
    sections = [
        _about(study, command),
        _table_1(study, columns),
        _distillation(study, columns),
        _table_2(study, columns, scale),
        _table_4(found[study.main]),
        _table_5(study, columns),
        _pictures(study),
        _commands(study),
    ]
    page = out / "report.md"
    page.write_text("\n".join(sections))
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
more per halving. `facewire-train evaluate` has the same figures; `training/metrics.py` defines them.
"""


def _table_1(study: Study, columns: Mapping[str, Column]) -> str:
    chosen = [v for v in study.variants if v.name.startswith(("steps-", "distilled-")) and v.judged]
    direct = sorted((v for v in chosen if v.kind == "fit"), key=lambda variant: -variant.steps)
    rows = []
    for variant in [*direct, *(v for v in chosen if v.kind == "halve")]:
        column, mark = columns[variant.name], "yes" if variant.kind == "halve" else ""
        times = [_tenths(column.get(name)) for name in TIME]
        rows.append([str(variant.steps), mark, *_cells(column, ("LBE 12", "FDD abs", "lip error 27")), *times])
    head = ["steps", "distilled", "LBE 12", "FDD abs", "lip error 27", "ITF (10⁻⁴ s)", "ITF of the denoiser alone"]
    return f"""## Table 1: steps, with and without distillation

{markdown(head, rows)}
ITF: inference time per frame, one thread, one stream, hop by hop, with the encoder; median. Fewer than 32 steps use the
32-step schedule's alpha-bar: rescaled to fewer, its betas would exceed 1.

![error and dynamics by steps](steps.png)
"""


def _distillation(study: Study, columns: Mapping[str, Column]) -> str:
    names = [study.top, study.main, *_others(study)]
    head = ["", *QUALITY, "closure recall", "to teacher", "to skipping"]
    skipped = columns[f"skipping-{study.recipe.distill.to}"][DISTANCE].mean
    rows = []
    for name in names:
        column = columns[name]
        apart = column.get(DISTANCE)
        ratio = cell(Value(apart.mean / max(skipped, 1e-9)), 2) if apart else ""
        rows.append([_title(study, name), *_cells(column, (*QUALITY, "closure recall", DISTANCE)), ratio])
    return f"""## What distillation is worth

{markdown(head, rows)}
*To teacher*: mean over frames of the L2 norm over 51 shapes between the two faces of the same seed; *to skipping*: that
distance as a share of what is lost by skipping the teacher's steps without any training.
"""


def _others(study: Study) -> list[str]:
    """The rivals of the distilled model: by other losses, trained directly, and without any training."""
    last = study.recipe.distill.to
    return [f"other-distillation-{last}", f"steps-{last}", f"skipping-{last}"]


def _table_2(study: Study, columns: Mapping[str, Column], scale: Mapping[str, Column]) -> str:
    rivals = {_title(study, name): columns[name] for name in (study.main, "regressor")} | dict(scale)
    head = ["", *rivals]
    rows = [
        [name, *(cell(column.get(name)) for column in rivals.values())]
        for name in (*QUALITY, *MOTION, *TIME)
        if any(name in column for column in rivals.values())
    ]
    return f"""## Table 2: against a regressor, the mean face, and real motion of another clip

{markdown(head, rows)}
The regressor has the same features, conditions, GRU (2 x 256), passages and losses, but no noise: it says the same
sentence the same way each time. Errors reward the mean of all faces that fit; what lives shows in amplitude, jitter,
blinks and FDD.
"""


def _table_4(main: Judged) -> str:
    if not main.identities:
        return "## Table 4: identities by voice\n\nThere are less than two known voices to tell apart.\n"
    scores = main.identities.scores()
    return f"""## Table 4: identities by voice

{markdown(list(scores), [[cell(Value(value)) for value in scores.values()]])}
Held-out recordings in pieces of 10 s at most, matched by the voice; means over identities.

![who was taken for whom](identities.png)
"""


def _table_5(study: Study, columns: Mapping[str, Column]) -> str:
    rows = [[title, *_cells(columns[name], (*QUALITY, *MOTION[:6]))] for name, title in _ablations(study).items()]
    return f"""## Table 5: what each part is worth

{markdown(["", *QUALITY, *MOTION[:6]], rows)}
Each row's teacher was trained without the part, and distilled in the same way.

![ablations](ablations.png)
"""


def _ablations(study: Study) -> dict[str, str]:
    last = study.recipe.distill.to
    parts = [v for v in study.variants if v.judged and v.name.startswith("no-")]
    own = {study.main: "all", f"steps-{last}": "without distillation"}
    return own | {variant.name: variant.title for variant in parts}


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
    parts = _bars(columns, _ablations(study), ("LBE 12", "MBE 51", "FDD abs"))
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


def _title(study: Study, name: str) -> str:
    return next(variant.title for variant in study.variants if variant.name == name)


def _cells(column: Column, names: Sequence[str]) -> list[str]:
    return [cell(column.get(name)) for name in names]


def _tenths(value: Value | None) -> str:
    """Milliseconds as 10^-4 s."""
    return cell(Value(10 * value.mean) if value else None, 1)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
