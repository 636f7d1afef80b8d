"""What `evaluate` writes for one person: JSON for programs, a table and plots for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from model.face import FaceModel
from training.datasets.clips import Clip
from training.judge import plots
from training.judge.animate import animate, pair
from training.judge.habits import Likeness
from training.judge.matching import Confusion
from training.judge.tables import Column, Value, cell, figures_table, markdown, to_json


def by_name(people: Sequence[Sequence[Clip]]) -> dict[str, Sequence[Clip]]:
    """The clips of people by name, with a number if two datasets have someone of the same name."""
    found: dict[str, Sequence[Clip]] = {}
    for clips in people:
        name, same = clips[0].identity, sum(other[0].identity == clips[0].identity for other in found.values())
        found[f"{name}-{same + 1}" if same else name] = clips
    return found


def write_figures(
    folder: Path, by_ms: Mapping[int, Column], scale: Mapping[str, Column], model: FaceModel, clips: Sequence[Clip]
) -> None:
    """Write figures.json, figures.md, curves.png, shapes.png, spectrum.png, and lookahead.png if there are several.

    Figures are given by lookahead, and by baseline (`scale`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {f"{ms} ms": column for ms, column in by_ms.items()} | dict(scale)
    as_json = {name: to_json(column) for name, column in found.items()}
    (folder / "figures.json").write_text(json.dumps(as_json, indent=2) + "\n", encoding="utf-8")
    (folder / "figures.md").write_text(figures_table(found), encoding="utf-8")
    if len(by_ms) > 1:
        plots.lookahead(folder / "lookahead.png", by_ms)
    draw(folder, model, clips)


def draw(folder: Path, model: FaceModel, clips: Sequence[Clip]) -> None:
    """Plot curves.png, shapes.png and spectrum.png, with seed 0 at the checkpoint's own lookahead."""
    fps, lookahead_ms = model.config.fps, model.config.lookahead_ms
    faces = animate(model, clips, seed=0, lookahead_ms=lookahead_ms)
    pairs = [pair(clip, face, fps) for clip, face in zip(clips, faces, strict=True)]
    mean = model.face_mean.numpy()
    still = [pair(clip, np.tile(mean, (len(face), 1)), fps) for clip, face in zip(clips, faces, strict=True)]
    by_recording = {clip.recording: each for clip, each in zip(clips[: plots.PLOTTED], pairs, strict=False)}
    title = f"Recordings that the model never saw, {lookahead_ms} ms lookahead"
    plots.curves(folder / "curves.png", by_recording, fps, title)
    plots.shape_errors(folder / "shapes.png", pairs, still)
    plots.spectra(folder / "spectrum.png", pairs, fps)


def write_identities(folder: Path, found: Confusion) -> str:
    """Write identities.json, identities.md and identities.png; returns the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = found.scores()
    counts = {"names": found.names, "counts": found.counts.tolist()}
    (folder / "identities.json").write_text(json.dumps(scores | counts, indent=2) + "\n", encoding="utf-8")
    text = markdown(list(scores), [[cell(Value(value)) for value in scores.values()]])
    (folder / "identities.md").write_text(text, encoding="utf-8")
    plots.confusion(folder / "identities.png", found)
    return text


def write_habits(folder: Path, found: Sequence[Likeness]) -> str:
    """Write habits.json and habits.md; returns the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    told = [asdict(each) | {"nearest": each.nearest} for each in found]
    (folder / "habits.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    people = list(found[0].distances)
    rows = [
        [
            each.identity, each.sound, *(cell(Value(each.distances[name])) for name in people), each.nearest,
            "" if each.heeded is None else cell(Value(each.heeded)),
        ]
        for each in found
    ]  # fmt: skip
    head = ["identity", "sound of", *(f"to {name}'s habits" for name in people), "nearest", "heeded"]
    text = markdown(head, rows)
    (folder / "habits.md").write_text(text, encoding="utf-8")
    return text
