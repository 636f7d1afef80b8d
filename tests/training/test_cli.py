"""The chain of commands on a made-up person: recordings in, a checkpoint that facewire plays out."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from daemon.commands.cli import app as facewire
from model import checkpoint, stream
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert
from tests.training import runs
from tests.training.people import write_person
from training import cli, recipe


def train(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("chain")
    write_person(root / "nina", clips=40)
    train("prepare", "npz", root / "nina", "--speaker", "nina", "--licence", "CC0", "--out", root / "set")
    tiny_hubert().save_pretrained(root / "hubert")
    (root / "hubert" / "encoder.json").write_text('{"teachers": ["nobody"]}', encoding="utf-8")
    return root


@pytest.mark.slow
def test_from_recordings_to_a_face_that_plays(folder: Path) -> None:
    data = folder / "set"
    made, run = folder / "features", folder / "run"
    features = ("features", "--recipe", "smoke", "--data", data, "--encoder", folder / "hubert", "--out", made)
    train(*features)
    shard = made / "passages-001.safetensors"
    before = shard.stat().st_mtime_ns
    (made / "passages-000.safetensors").unlink()
    train(*features)  # goes on: what is there is kept
    assert shard.stat().st_mtime_ns == before

    output = train("probe", folder / "hubert", "--data", data)
    assert re.search(r"log mel: mean r 0\.\d+ \(jawOpen 0\.[6-9]", output)
    assert "hubert: mean r" in output

    train("fit", "--recipe", "smoke", made, "--out", run, "--steps", 3)
    head, *rows = (run / "teacher" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert head == "step,loss,expression,lip,contrast,velocity"
    assert [row.partition(",")[0] for row in rows] == ["0", "1", "2"]
    train("distill", "--recipe", "smoke", run / "teacher.safetensors", made, "--out", run / "face.safetensors")
    head = checkpoint.header(run / "face.safetensors")
    assert head["provenance"]["fit"]["steps"] == 3
    assert head["provenance"]["distill"]["steps"] == 2
    assert head["provenance"]["distill"]["beside"] is None
    assert head["config"]["steps"] == 2
    assert head["config"]["schedule_steps"] == 32
    told = head["provenance"]["data"]["nina"]["set"]
    assert told["made_by"] == "facewire-train prepare npz nina --speaker nina --licence 'CC0'"
    assert told["licence"] == "CC0"
    assert 30 < told["clips"] < 40
    assert head["provenance"]["encoder"]["teachers"] == ["nobody"]
    assert str(folder) not in json.dumps(head)

    output = train(
        "evaluate", run / "face.safetensors", "--data", data, "--out", run / "figures",
        "--lookahead-ms", 80, "--seeds", 1,
    )  # fmt: skip
    assert "| jaw r |" in output
    figures = json.loads((run / "figures" / "nina" / "figures.json").read_text(encoding="utf-8"))
    assert set(figures) == {"80 ms", "mean face"}  # one test clip: there is no other
    assert (run / "figures" / "nina" / "curves.png").stat().st_size > 10_000

    out = folder / "take.npz"
    sound = next((folder / "nina").glob("*.flac"))
    command = ["render", str(sound), "--out", str(out), "--checkpoint", str(run / "face.safetensors")]
    result = CliRunner().invoke(facewire, [*command, "--identity", "nina"])
    assert result.exit_code == 0, result.output
    assert out.exists()


@pytest.mark.slow
def test_a_recipe_of_ones_own_from_64_steps_to_one(tmp_path: Path) -> None:
    made, out, mine = runs.made(tmp_path), tmp_path / "run", tmp_path / "mine.yaml"
    values = yaml.safe_load((recipe.FOLDER / "smoke.yaml").read_text(encoding="utf-8"))
    values["distill"]["beside"] = True
    mine.write_text(yaml.safe_dump(values), encoding="utf-8")
    train("fit", "--recipe", mine, made, "--out", out, "--denoising-steps", 64)
    teacher, face = out / "teacher.safetensors", out / "face.safetensors"
    assert checkpoint.load(teacher).config.schedule_steps == len(checkpoint.load(teacher).schedule.steps) == 64
    train("distill", "--recipe", mine, teacher, made, "--out", face, "--to", 1)
    assert checkpoint.load(face).schedule.steps == (64,)
    assert {path.name for path in out.glob("face-*")} == {f"face-{steps}" for steps in (32, 16, 8, 4, 2, 1)}
    assert runs.curve(out / "face-8")[0][1:4] == ["loss", "distillation", "expression"]
    sound = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    assert np.isfinite(stream.render(TorchRuntime(checkpoint.load(face)), sound).weights).all()
    one = shutil.copy(face, out / "one.safetensors")
    halved = (out / "face-32" / "state.safetensors").stat().st_mtime_ns
    train("distill", "--recipe", mine, teacher, made, "--out", face, "--to", 16)  # of what is there
    assert checkpoint.load(face).config.steps == 16
    assert (out / "face-32" / "state.safetensors").stat().st_mtime_ns == halved
    with pytest.raises(FacewireError, match="the teacher has 1 steps: it cannot be halved to 8"):
        train("distill", one, made, "--out", out / "x.safetensors")


def test_mistakes_are_told_in_plain_words(folder: Path) -> None:
    with pytest.raises(FacewireError, match="make a dataset of your recordings with `facewire-train prepare`"):
        train("features", "--data", folder / "nina", "--encoder", folder / "hubert", "--out", folder / "x")
    empty = folder / "empty"
    empty.mkdir()
    shutil.copy(folder / "hubert" / "config.json", empty)
    with pytest.raises(FacewireError, match="make them with `facewire-train features`"):
        train("fit", empty, "--out", folder / "x")
    with pytest.raises(FacewireError, match="no run with a saved state"):
        train("export", empty, "--out", folder / "x")
    with pytest.raises(FacewireError, match=r"expected test, validation or all"):
        train("evaluate", checkpoint.DEFAULT, "--data", folder / "set", "--out", empty, "--split", "some")
