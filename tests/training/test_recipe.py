"""Recipes: what ships is whole, what is wrong is told at once."""

from pathlib import Path

import pytest
import torch
import yaml

from model import schedule
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from training import recipe


def test_the_recipes_that_ship_are_whole() -> None:
    assert recipe.shipped() == ["embedded", "paper", "smoke"]
    for name in recipe.shipped():
        recipe.load(name)


def test_the_papers_recipe_has_the_papers_numbers() -> None:
    paper = recipe.load("paper")
    assert paper.losses == recipe.LossWeights(expression=1.0, lip=1.0, contrast=0.007, velocity=0.5, distillation=0.1)
    assert paper.others() == paper.losses
    assert paper.fit.learning_rate == paper.student().learning_rate == 1e-4
    assert paper.fit.rate == "constant"
    heard = paper.features.shards * paper.features.passages
    assert heard * 18 / 3600 == pytest.approx(32)
    assert paper.fit.steps == 50 * heard / paper.fit.batch
    config = paper.model.applied(tiny_model().config)
    assert (config.steps, config.schedule_steps, config.noise_pole) == (32, 32, 0)


def test_eyes_and_brows_are_performed_where_too_little_teaches_them() -> None:
    told = {name: recipe.load(name).model.applied(tiny_model().config).mouth_only for name in ("embedded", "paper")}
    assert told == {"embedded": True, "paper": False}


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    values = yaml.safe_load((recipe.FOLDER / "embedded.yaml").read_text(encoding="utf-8"))
    values["fit"]["leraning_rate"] = values["fit"].pop("learning_rate")
    values["fit"]["batch"] = "many"
    values["losses"]["lip"] = -1
    values["features"]["lookahead_ms"] = 100
    del values["distill"]["beside"]
    values["modle"] = {}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(FacewireError) as caught:
        recipe.load(path)
    told = str(caught.value)
    assert told.startswith(f"{path}: 7 errors")
    for line in (
        "fit.leraning_rate: there is no such setting; did you mean learning_rate?",
        "fit.learning_rate: is missing",
        "fit.batch: Input should be a valid integer",
        "losses.lip: Input should be greater than or equal to 0",
        "features: lookahead_ms = 100 is not one of [0, 40, 80, 160, 240]",
        "distill.beside: is missing",
        "modle: there is no such setting; did you mean model?",
    ):
        assert line in told
    path.write_text("fit: [", encoding="utf-8")
    with pytest.raises(FacewireError, match="not valid YAML"):
        recipe.load(path)
    with pytest.raises(FacewireError, match=r"neither a file nor one of those that ship \(embedded, paper, smoke\)"):
        recipe.load("papre")


def test_the_command_line_changes_a_recipe_within_its_rules() -> None:
    changed = recipe.load("embedded").changed({"fit.steps": 7, "fit.seed": None, "distill.to": 1})
    assert (changed.fit.steps, changed.fit.seed, changed.distill.to) == (7, 0, 1)
    assert changed.features == recipe.load("embedded").features
    with pytest.raises(FacewireError, match=r"distill\.to: Input should be 1, 2, 4, 8 or 16"):
        changed.changed({"distill.to": 3})
    with pytest.raises(FacewireError, match="shortest_frames = 100 is more than segment_frames"):
        changed.changed({"fit.shortest_frames": 100})


@pytest.mark.parametrize("steps", [256, 128, 64, 32, 16, 8])
def test_any_number_of_denoising_steps_has_a_schedule(steps: int) -> None:
    settings = recipe.load("embedded").changed({"model.denoising_steps": steps}).model
    config = settings.applied(tiny_model().config)
    levels = schedule.linear(config.schedule_steps, config.steps)
    assert len(levels.steps) == steps
    kept = levels.alpha_bar[torch.tensor(levels.steps)]
    assert (kept.diff() < 0).all()
    assert 0 < kept[-1] < 1e-3 < 0.8 < kept[0]


def test_a_number_of_steps_that_skips_unevenly_is_told() -> None:
    settings = recipe.load("embedded").changed({"model.denoising_steps": 12}).model
    with pytest.raises(FacewireError, match="12 denoising steps: fewer than 32 must divide 32"):
        settings.applied(tiny_model().config)
