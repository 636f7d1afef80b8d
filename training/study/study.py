"""Trains and judges the models of the paper's tables on recordings of one or many people, unattended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from rich.progress import Progress

from model import checkpoint
from model.face import FaceModel
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.datasets import dataset
from training.datasets.clips import Clip
from training.datasets.splits import Split
from training.judge import evaluate
from training.judge.animate import Memory, remembered
from training.judge.live import live_figures
from training.judge.matching import Confusion, confusion
from training.judge.report import by_name, draw
from training.judge.tables import Column, Value, from_json, pooled, summary, to_json
from training.passages import features
from training.passages.folder import UNTRAINED, shards
from training.passages.shards import Passages
from training.recipe import Recipe
from training.study.ablations import FACE, Variant, make, variants

FIGURES = "figures.json"
"""In a variant's folder: its figures, and the settings they hold for. Written last."""


@dataclass(frozen=True)
class Judged:
    """The figures of a variant."""

    people: dict[str, Column]
    identities: Confusion | None = None

    @property
    def figures(self) -> Column:
        """The mean over people."""
        return pooled(list(self.people.values()))


@dataclass(frozen=True)
class Study:
    """What is compared, on what, and where everything is kept."""

    features: Path
    """Folder made by `facewire-train features`, on which all variants are trained."""
    data: Sequence[Path]
    """Datasets on whose unseen recordings they are judged."""
    out: Path
    recipe: Recipe
    counts: Sequence[int]
    """Denoising steps to train directly, besides the teacher's and the last student's."""
    seeds: int
    split: Split | Literal["all"] = "test"
    device: torch.device | None = None
    _memory: Memory = field(default_factory=dict, repr=False)

    @property
    def top(self) -> str:
        """Name of the teacher."""
        return f"steps-{self.recipe.model.denoising_steps}"

    @property
    def main(self) -> str:
        """Name of the last student: the model that the others are compared with."""
        return f"distilled-{self.recipe.distill.to}"

    @cached_property
    def variants(self) -> list[Variant]:
        """Everything that is trained or judged."""
        return variants(self.recipe, self.counts)

    @cached_property
    def people(self) -> dict[str, Sequence[Clip]]:
        """The recordings to judge on, by person."""
        return by_name(dataset.people(self.data, self.split))

    @cached_property
    def _passages(self) -> Passages:
        return features.read(self.features)

    def run(self, bar: Progress) -> dict[str, Judged]:
        """Make and judge all variants; returns the results by name. Finished variants are kept.

        Raises FacewireError for a folder of another study.
        """
        task = bar.add_task("models", total=len(self.variants))
        found = {}
        for variant in self.variants:
            path, key = self.out / variant.name / FIGURES, self._key(variant)
            kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if kept and kept["trained"] != key["trained"]:
                raise FacewireError(
                    f"{path.parent}: trained on other features or otherwise; choose another --out, or delete it"
                )
            if any(kept.get(name) != value for name, value in key.items()):
                model = make(variant, self.features, self._passages, self.out, bar, self.device)
                result = self._judge(variant, model, bar) if variant.judged else Judged({})
                _write(path, key, result)
            found[variant.name] = _read(path)
            bar.advance(task)
        return found

    def baselines(self) -> dict[str, Column]:
        """The mean face and, if nobody has only one recording, the real motion of another clip; mean over people."""
        model = checkpoint.load(self.out / self.top / FACE)
        columns = [evaluate.baselines(clips, model) for clips in self.people.values()]
        common = [name for name in columns[0] if all(name in column for column in columns)]
        return {name: pooled([column[name] for column in columns]) for name in common}

    def _judge(self, variant: Variant, model: FaceModel, bar: Progress) -> Judged:
        found: dict[str, Column] = {}
        lookahead_ms = model.config.lookahead_ms
        task = bar.add_task(f"{variant.name}: judging", total=self.seeds * len(self.people))
        for name, clips in self.people.items():
            told = clips if variant.known else [replace(clip, identity="unknown") for clip in clips]
            with remembered(model, memory=self._memory):
                made = evaluate.takes(model, told, lookahead_ms, range(self.seeds), told=lambda: bar.advance(task))
                column = evaluate.judged(model, clips, made)
                if not found:
                    column |= {key: Value(value) for key, value in live_figures(model, told, lookahead_ms).items()}
            if variant.name != self.top:
                apart = [evaluate.distance(*both, clips) for both in zip(made, self._teacher[name], strict=True)]
                column |= summary([{"distance to teacher": value} for value in apart])
            found[name] = column
        if variant.name != self.main:
            return Judged(found)
        for name, clips in self.people.items():
            (self.out / "pictures" / name).mkdir(parents=True, exist_ok=True)
            draw(self.out / "pictures" / name, model, clips)
        return Judged(found, confusion(model, list(self.people.values()), lookahead_ms))

    @cached_property
    def _teacher(self) -> dict[str, evaluate.Takes]:
        """The teacher's faces by person."""
        model = checkpoint.load(self.out / self.top / FACE)
        with remembered(model, memory=self._memory):
            return {
                name: evaluate.takes(model, clips, model.config.lookahead_ms, range(self.seeds))
                for name, clips in self.people.items()
            }

    def _key(self, variant: Variant) -> dict[str, Any]:
        """What a variant's figures depend on: how it was trained, and on what it was judged."""
        heard = checkpoint.header(self.features / UNTRAINED)["provenance"]
        files = [path.name for path in shards(self.features)]
        judged = {"data": dataset.told(self.data, self.split), "split": self.split, "seeds": self.seeds}
        key = {"trained": {"features": heard, "shards": files, **variant.made}, "judged": judged}
        return json.loads(json.dumps(key))  # type: ignore[no-any-return]


def _write(path: Path, key: dict[str, Any], result: Judged) -> None:
    told = key | {"people": {name: to_json(column) for name, column in result.people.items()}}
    if result.identities:
        told["identities"] = {"names": result.identities.names, "counts": result.identities.counts.tolist()}
    with complete_or_not_at_all(path) as partial:
        partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _read(path: Path) -> Judged:
    told = json.loads(path.read_text(encoding="utf-8"))
    matched = told.get("identities")
    identities = Confusion(tuple(matched["names"]), np.array(matched["counts"])) if matched else None
    return Judged({name: from_json(column) for name, column in told["people"].items()}, identities)
