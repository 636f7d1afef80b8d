"""The page written by `facewire-train performers`: three tables, two plots, and every figure as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from training.judge import plots
from training.judge.tables import Column, Value, cell, markdown, pooled, to_json
from training.performers import habits
from training.performers.cast import AMOUNTS, FACTORS
from training.performers.datasets import TAKE_S
from training.performers.habits import Measured
from training.performers.models import STEPS
from training.performers.study import ENROLLED, OFF, Found, Study

ROWS: Final = ("lip error 27", "LBE 12", "jaw r", "amplitude jaw", "amplitude lips", OFF)
TITLES: Final = {
    "jaw": "amplitude of the jaw",
    "lips": "amplitude of the lips",
    "brows": "amplitude of the brows",
    "eyes": "amplitude of the eyes",
    "left_to_right": "left to right",
    "brow_raise": "brows raised by",
    "brow_with_jaw": "brows go with the jaw by",
    "late_ms": "late by, ms",
}
"""Titles of habits in tables and plots."""
ALLOWED: Final = 1.1
"""Largest error of an enrolled performer relative to that of one who was trained on."""


def write_page(study: Study, found: Found, command: str) -> Path:
    """Write performers.md, performers.json and recovered.png into the study's folder; `command` is what made them."""
    planted = habits.planted({one.name: one.habits for one in study.cast})
    figures = {way: {who: to_json(column) for who, column in of.items()} for way, of in found.figures.items()}
    together = {name: habits.correlation(planted, found.read, name) for name in TITLES}
    every = {
        "performers": {one.name: one.told() for one in study.cast},
        "figures": figures,
        "enrolled to trained on": {name: _ratio(study, found, name) for name in ("lip error 27", "LBE 12")},
        "habits planted": planted,
        "habits recovered": found.read,
        "habits, correlation and slope": together,
    }
    (study.out / "performers.json").write_text(json.dumps(every, indent=2) + "\n", encoding="utf-8")
    plots.recovered(
        study.out / "recovered.png", _points(planted, found.read, study.stranger), "Habits, against the mean"
    )
    sections = [_about(study, command), _worth(found), _new(study, found), _recovered(study, planted, found, together)]
    page = study.out / "performers.md"
    page.write_text("\n".join(sections), encoding="utf-8")
    return page


def _about(study: Study, command: str) -> str:
    head = ["", "pitch", "formants", *TITLES.values()]
    rows = [[one.name, *(f"{value:g}" for value in one.told().values())] for one in study.cast]
    fit, made = study.recipe.fit, study.recipe.features
    count = sum(len(clips) for clips in study.tested.values())
    return f"""# Virtual performers

```
{command}
```

{len(study.cast)} performers, made of the recordings of one person, {study.source.name}: each says other sentences,
with another throat (the WORLD vocoder), and has habits that are known, by these numbers; amplitudes are about rest.

{markdown(head, rows)}
Models of {STEPS} denoising steps, trained directly: {fit.steps} steps of {fit.batch} passages, out of
{made.shards * made.passages} passages of 18 s. Judged on {count} recordings of the test split, streamed in the
windows of run time, lips without noise; ± is the deviation over {study.seeds} seeds of the noise, not over trainings.
"""


def _worth(found: Found) -> str:
    with_, without = found.figures["identities"], found.figures["no-identities"]
    rows = [
        [who, *(cell(of[name]) for name in ("lip error 27", "LBE 12", OFF) for of in (with_[who], without[who]))]
        for who in with_
    ]
    means = [pooled(list(of.values())) for of in (with_, without)]
    rows.append(["mean", *(cell(mean[name]) for name in ("lip error 27", "LBE 12", OFF) for mean in means)])
    head = ["", *(f"{name}, {how}" for name in ("lip error 27", "LBE 12", OFF) for how in ("with", "without"))]
    return f"""## With and without identities

{markdown(head, rows)}
*With*: each performer by their own identity. *Without*: a model that was trained on the same without identities and
contrast, as `unknown`; it may still hear by the voice who speaks.
"""


def _new(study: Study, found: Found) -> str:
    columns = _beside(study, found)
    rows = [[name, *(cell(column.get(name)) for column in columns.values())] for name in ROWS]
    ratio = _ratio(study, found, "lip error 27")
    verdict = "within" if ratio <= ALLOWED else "not within"
    return f"""## A performer who was never trained on: {study.stranger}

{markdown(["", *columns], rows)}
Lip error of the enrolled to that of the one who was trained on: {ratio:.3f}, {verdict} {ALLOWED - 1:.0%}; LBE 12:
{_ratio(study, found, "LBE 12"):.3f}. Enrolled by {TAKE_S} s of training recordings in a model of the others; the
nearest of those, and `unknown`, are that model's as well. The curves are taken as they are: `facewire-train enroll`
would measure their lag and take it for the recording's, here it is a habit.

![{study.stranger}, held out of the {TAKE_S} s]({study.stranger}.identity.png)
"""


def _beside(study: Study, found: Found) -> dict[str, Column]:
    """The stranger's figures for each way of making their face."""
    names = {
        "identities": "trained on",
        ENROLLED: "enrolled",
        "nearest": f"as {found.nearest}",
        "unknown": "as unknown",
        "no-identities": "trained on, without identities",
    }
    return {title: found.figures[way][study.stranger] for way, title in names.items()}


def _ratio(study: Study, found: Found, name: str) -> float:
    """An error of the enrolled stranger relative to that when trained on."""
    return found.figures[ENROLLED][study.stranger][name].mean / found.figures["identities"][study.stranger][name].mean


def _recovered(
    study: Study,
    planted: Mapping[str, Measured],
    found: Found,
    together: Mapping[str, tuple[float, float]],
) -> str:
    rows = []
    for name, title in TITLES.items():
        correlation, slope = together[name]
        pairs = [f"{_shown(name, planted[who])} → {_shown(name, found.read[who])}" for who in planted]
        enrolled = f"{_shown(name, planted[study.stranger])} → {_shown(name, found.read[ENROLLED])}"
        rows.append([title, cell(Value(correlation), 2), cell(Value(slope), 2), *pairs, enrolled])
    mean = float(np.mean([correlation for correlation, _ in together.values()]))
    head = ["habit", "r", "slope", *planted, f"{study.stranger}, enrolled"]
    return f"""## Habits, planted → recovered

{markdown(head, rows)}
Read off the made faces, every identity on the same recordings, those of all performers, so not by the voice; factors
and differences against the mean over performers, of planted numbers as well. r: their correlation over performers, on
average {mean:.2f}; slope: 1 where a habit comes out as large as it was planted.

![planted and recovered](recovered.png)
"""


def _shown(name: str, of: Measured) -> str:
    value = float(np.exp(of[name])) if name in FACTORS else of[name]
    return f"{value:+.0f}" if name == "late_ms" else f"{value:+.3f}" if name in AMOUNTS else f"{value:.2f}"


def _points(
    planted: Mapping[str, Measured], read: Mapping[str, Measured], stranger: str
) -> dict[str, Sequence[tuple[str, float, float]]]:
    """By habit: who, planted, recovered; the enrolled stranger last."""
    people = [(who, who) for who in planted] + [(stranger, ENROLLED)]
    return {
        title: [(way, planted[who][name], read[way][name]) for who, way in people] for name, title in TITLES.items()
    }
