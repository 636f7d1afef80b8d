"""The report: every model of the paper's tables on made-up people, resumable, as one page."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.progress import Progress
from typer.testing import CliRunner

from model import checkpoint
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert
from tests.training.people import write_person
from training import cli, recipe
from training.study import ablations, study
from training.study.ablations import Variant, variants

EMBEDDED = recipe.load("embedded")
LEARNT = EMBEDDED.changed({"model.mouth_only": False})
"""The same, with nothing performed."""


def by_name(chosen: recipe.Recipe, counts: list[int]) -> dict[str, Variant]:
    return {variant.name: variant for variant in variants(chosen, counts)}


def test_every_model_of_the_tables_is_there_after_those_it_needs() -> None:
    found = by_name(EMBEDDED, [64, 16])
    order = list(found)
    assert order[0] == "steps-32"
    assert {name for name in order if name.startswith("steps-")} == {"steps-64", "steps-32", "steps-16", "steps-8"}
    for variant in found.values():
        assert not variant.source or order.index(variant.source) < order.index(variant.name)
    assert found["distilled-8"].source == "distilled-16"
    assert found["distilled-16"].source == found["skipping-8"].source == "steps-32"
    assert found["no-lip-8"].source == "no-lip-16"
    assert not found["no-lip-32"].judged
    assert not found["no-lip-16"].judged


def test_each_ablation_lacks_one_thing() -> None:
    found = by_name(EMBEDDED, [])

    def differs(name: str) -> set[str]:
        own, full = found[name].recipe.model_dump(), LEARNT.model_dump()
        return {f"{part}.{key}" for part in own for key in own[part] if own[part][key] != full[part][key]}

    assert differs("steps-32") == differs("skipping-8") == differs("distilled-8") == set()
    assert differs("no-lip-8") == {"losses.lip"}
    assert differs("no-velocity-32") == {"losses.velocity"}
    assert differs("no-identity-8") == {"losses.contrast", "fit.unknown"}
    assert found["no-identity-8"].recipe.fit.unknown == 1
    assert not found["no-identity-8"].known
    assert differs("other-distillation-8") == {"distill.beside"}
    assert differs("steps-8") == {"model.denoising_steps"}
    assert found["steps-8"].recipe.model.applied(checkpoint.load().config).schedule_steps == 32
    with pytest.raises(FacewireError, match="cannot be halved to 8"):
        variants(EMBEDDED.changed({"model.denoising_steps": 8}), [])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    for seed, name in enumerate(("nina", "otto")):
        write_person(root / name, clips=40, seconds=2, seed=seed)
        run("prepare", "npz", root / name, "--speaker", name, "--licence", "CC0", "--out", root / "data" / name)
    tiny_hubert().save_pretrained(root / "hubert")
    small = EMBEDDED.changed(
        {"features.shards": 1, "features.passages": 6, "fit.batch": 4, "fit.segment_frames": 30}
        | {"fit.shortest_frames": 30, "fit.carried": 2, "fit.steps": 2, "distill.steps": 1}
    )
    (root / "small.yaml").write_text(yaml.safe_dump(small.model_dump(mode="json")), encoding="utf-8")
    run("features", *data(root), "--recipe", root / "small.yaml", "--encoder", root / "hubert", "--out", root / "heard")
    return root


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def data(root: Path) -> tuple[object, ...]:
    return "--data", root / "data" / "nina", "--data", root / "data" / "otto"


def report(root: Path, *options: object) -> str:
    recipe = ("--recipe", root / "small.yaml", "--device", "cpu", "--seeds", 2)
    printed = run("report", root / "heard", *data(root), "--out", root / "out", *recipe, *options)
    page = (root / "out" / "report.md").read_text(encoding="utf-8")
    assert page in printed
    return page


@pytest.mark.slow
def test_the_report_is_made_in_two_goes_and_then_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, made = ablations.run, []

    def cut(model: object, passages: object, loss: object, ts: object, settings: object, folder: Path, *rest, **named):  # type: ignore[no-untyped-def]
        if folder.name == "steps-8":
            raise KeyboardInterrupt
        made.append(folder.name)
        return plain(model, passages, loss, ts, settings, folder, *rest, **named)

    monkeypatch.setattr(ablations, "run", cut)
    with pytest.raises((KeyboardInterrupt, SystemExit, AssertionError)):
        report(root)
    assert made == ["steps-32", "steps-16"]
    assert not (root / "out" / "report.md").exists()
    stamp = (root / "out" / "steps-16" / study.FIGURES).stat().st_mtime_ns
    monkeypatch.undo()

    page = report(root)
    assert (root / "out" / "steps-16" / study.FIGURES).stat().st_mtime_ns == stamp
    assert page.startswith("# DiffusionTalker's tables, remade\n\n```\nfacewire-train report ")
    assert "nina (" in page
    table_1 = page[page.index("## Table 1") : page.index("## What")]
    assert re.findall(r"^\| (\d+) \| (yes)? *\|", table_1, re.M) == [
        ("32", ""), ("16", ""), ("8", ""), ("16", "yes"), ("8", "yes"),
    ]  # fmt: skip
    assert re.search(r"\| 8 \| yes \| 0\.\d{3} ± 0\.\d{3} \| 0\.\d{3} ± 0\.\d{3} \|", table_1)
    for title in ("without the lip loss", "without the velocity loss", "without identities", "without distillation"):
        assert f"| {title} | " in page
    assert "| 32-step teacher, 8 of its steps | " in page
    assert "| figure |" not in page
    assert re.search(r"\| precision \| recall \| F1 \|.*\n.*\n\| \d\.\d{3} \|", page)
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", page):
        assert (root / "out" / picture).stat().st_size > 3_000
    figures = json.loads((root / "out" / "report.json").read_text(encoding="utf-8"))
    assert figures["skipping-8"]["distance to teacher"]["mean"] > 0
    assert figures["steps-32"].get("distance to teacher") is None
    assert figures["regressor"]["spread over seeds, upper face"]["mean"] == 0
    assert figures["distilled-8"]["spread over seeds, upper face"]["mean"] > 0
    # what each command would make is what was made
    command = next(line for line in page.splitlines() if "no-lip-32-alone" in line)
    assert (
        yaml.safe_load(Path(command.split("--recipe ")[1].split()[0]).read_text(encoding="utf-8"))["losses"]["lip"] == 0
    )

    def never(*rest: object, **named: object) -> None:
        raise AssertionError("what is finished is kept")

    monkeypatch.setattr(ablations, "run", never)
    monkeypatch.setattr(study.Study, "_judge", never)
    (root / "out" / "report.md").unlink()
    assert report(root) == page


@pytest.mark.slow
def test_a_folder_of_another_study_is_refused_and_other_takes_are_judged_anew(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "variants", lambda chosen, counts: variants(chosen, counts)[:2])
    small = recipe.load(root / "small.yaml")
    one = study.Study(root / "heard", [root / "data" / "nina"], tmp_path, small, (), 1)

    def judged(asked: study.Study) -> dict[str, Any]:
        with Progress(disable=True) as bar:
            asked.run(bar)
        return json.loads((tmp_path / "steps-8" / study.FIGURES).read_text(encoding="utf-8"))

    before = judged(one)
    after = judged(replace(one, seeds=2))
    assert after["trained"] == before["trained"]
    assert (before["judged"]["seeds"], after["judged"]["seeds"]) == (1, 2)
    assert after["people"]["nina"]["distance to teacher"]["deviation"] is not None
    with pytest.raises(FacewireError, match="trained on other features or otherwise; choose another --out"):
        judged(replace(one, recipe=small.changed({"fit.steps": 3})))
