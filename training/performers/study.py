"""Makes performers, trains on them and judges what identities are worth, unattended; an interrupted study continues."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.progress import Progress

from model import identity_file
from model.face import FaceModel
from model.identity_file import Identity
from model.library import UNKNOWN, Library
from model.torch_runtime import TorchRuntime
from protocols import blendshapes
from protocols.files import complete_or_not_at_all
from training.datasets import dataset
from training.datasets.clips import Clip, Curves
from training.enroll import enrol, report
from training.judge import evaluate
from training.judge.animate import Memory, animate, pair, remembered
from training.judge.tables import Column, from_json, summary, to_json
from training.passages import features
from training.performers import datasets, habits
from training.performers.cast import Performer, cast
from training.performers.habits import Measured
from training.performers.models import models, train
from training.recipe import Recipe

OFF: Final = "upper face's mean off by"
ENROLLED: Final = "enrolled"
People = Mapping[str, Sequence[Clip]]
"""Recordings by performer; each clip names the identity with which its face is made."""


@dataclass(frozen=True)
class Found:
    """The results."""

    figures: dict[str, dict[str, Column]]
    """By way of making the face (`identities`, `no-identities`, ENROLLED, …), then by performer."""
    nearest: str
    """The known identity from which the enrolment began."""
    read: dict[str, Measured]
    """Habits of the faces by identity, ENROLLED among them, all made from the same recordings."""


@dataclass(frozen=True)
class Study:
    """What is made, and where it is kept."""

    source: Path
    """Dataset of one real person."""
    out: Path
    recipe: Recipe
    count: int
    seed: int
    seeds: int
    """Takes of each recording."""
    device: torch.device | None = None
    _memory: Memory = field(default_factory=dict, repr=False)

    @cached_property
    def cast(self) -> list[Performer]:
        """The performers; the last one is the stranger."""
        return cast(self.count, self.seed)

    @property
    def stranger(self) -> str:
        """The performer on whom one model is not trained, and who is enrolled."""
        return self.cast[-1].name

    @cached_property
    def tested(self) -> dict[str, list[Clip]]:
        """The recordings to judge on, by performer."""
        return {one.name: dataset.read(self._data(one)).clips("test") for one in self.cast}

    def run(self, bar: Progress) -> Found:
        """Make, train and judge what is missing. Raises FacewireError for a folder of another study."""
        folders = datasets.write(datasets.one_person(self.source), self.cast, self.seed, self.out / "data", bar)
        speech, heard = features.open_encoder(self.recipe.features.encoder or "")
        settings, place = self.recipe.features, self.out / "features"
        features.make(folders, speech, heard, settings, range(settings.shards), place, bar)
        every, nobody, others = (
            train(wanted, place, self.out, bar, self.device) for wanted in models(self.recipe, self.stranger)
        )
        enrolled = self._enrolled(others, bar)
        library, nearest = TorchRuntime(others).library.enrolled(enrolled), str(enrolled.told["nearest"])
        last = {self.stranger: self.tested[self.stranger]}
        ways: dict[str, tuple[FaceModel, People, Library | None]] = {
            "identities": (every, self.tested, None),
            "no-identities": (nobody, _as(UNKNOWN, self.tested), None),
            ENROLLED: (others, last, library),
            "nearest": (others, _as(nearest, last), None),
            UNKNOWN: (others, _as(UNKNOWN, last), None),
        }
        task = bar.add_task("judging", total=len(ways) + 1)
        figures = {}
        for name, way in ways.items():
            made = self._kept(name, partial(self._figures, *way))
            figures[name] = {who: from_json(column) for who, column in made.items()}
            bar.advance(task)
        read = self._kept("habits", partial(self._habits, every, others, library))
        bar.advance(task)
        return Found(figures, nearest, read)

    def _figures(self, model: FaceModel, people: People, library: Library | None) -> dict[str, Any]:
        """Figures of each performer's unseen recordings, made with the identities that the clips name."""
        found, ms = {}, model.config.lookahead_ms
        for who, clips in people.items():
            with remembered(model, memory=self._memory):
                takes = [
                    animate(model, clips, seed=seed, lookahead_ms=ms, library=library) for seed in range(self.seeds)
                ]
            off = summary([{OFF: _off(clips, faces, model.config.fps)} for faces in takes])
            found[who] = to_json(evaluate.judged(model, clips, takes) | off)
        return found

    def _habits(self, every: FaceModel, others: FaceModel, library: Library) -> dict[str, Measured]:
        """Habits of each identity on the same recordings, those of all performers."""
        clips = [clip for own in self.tested.values() for clip in own]
        ways: dict[str, tuple[FaceModel, str, Library | None]] = {
            one.name: (every, one.name, None) for one in self.cast
        }
        ways[ENROLLED] = others, self.stranger, library
        faces: dict[str, list[Curves]] = {}
        for name, (model, identity, known) in ways.items():
            told = [replace(clip, identity=identity) for clip in clips]
            with remembered(model, memory=self._memory):
                faces[name] = animate(model, told, seed=0, lookahead_ms=model.config.lookahead_ms, library=known)
        return habits.read(faces, [one.name for one in self.cast], every.config.fps)

    def _enrolled(self, model: FaceModel, bar: Progress) -> Identity:
        """The stranger, enrolled from some of their training recordings in a model that was not trained on them."""
        path = self.out / f"{self.stranger}{identity_file.SUFFIX}"
        if path.exists():
            kept = identity_file.read(path)
            if kept.checkpoint == TorchRuntime(model).fingerprint:
                return kept
        clips = dataset.read(self._data(self.cast[-1])).clips("train")
        done = enrol.by_face(model, datasets.take(clips), self.stranger, {}, self.source, self.seed, bar)
        report.draw(done, path, model.config.fps)
        identity_file.save(done.identity, path)
        return done.identity

    def _kept(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result of `make`, kept in a file as long as everything it depends on is unchanged."""
        path, key = self.out / "figures" / f"{name}.json", self._key
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if kept.get("made_of") != key:
            kept = {"made_of": key, "found": make()}
            path.parent.mkdir(parents=True, exist_ok=True)
            with complete_or_not_at_all(path) as partial:
                partial.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        found: dict[str, Any] = kept["found"]
        return found

    @cached_property
    def _key(self) -> Any:
        told = {
            "cast": [asdict(one) for one in self.cast],
            "data": dataset.told([self._data(one) for one in self.cast], "all"),
            "recipe": self.recipe.model_dump(mode="json"),
            "seed": self.seed,
            "seeds": self.seeds,
        }
        return json.loads(json.dumps(told))

    def _data(self, one: Performer) -> Path:
        return self.out / "data" / one.name


def _as(identity: str, people: People) -> People:
    """Everyone's recordings, to be made with this identity."""
    return {who: [replace(clip, identity=identity) for clip in clips] for who, clips in people.items()}


def _off(clips: Sequence[Clip], faces: Sequence[Curves], fps: int) -> float:
    """How far the mean of the upper face is from the real one: mean over its captured shapes."""
    pairs = [pair(clip, face, fps) for clip, face in zip(clips, faces, strict=True)]
    upper = pairs[0].channels(blendshapes.UPPER)
    made, real = (
        np.concatenate([getattr(each, side)[:, upper] for each in pairs]).mean(0) for side in ("made", "real")
    )
    return float(np.abs(made - real).mean())
