import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from protocols import takes
from protocols.takes import Take
from tests.model.performance.voice import DEMO, sound
from training import cli
from training.performance import cli as performance_cli

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance_cli, "QUIET_S", 30)


def rows(output: str) -> dict[str, float]:
    return {line[:46].strip(): float(line[46:].split()[0]) for line in output.splitlines()[2:]}


def test_measures_what_the_stream_makes_and_draws(tmp_path: Path) -> None:
    voice = tmp_path / "demo.flac"
    shutil.copy(DEMO, voice)
    voice.with_suffix(".align").write_text("0 25000 sil\n25000 40000 place\n40000 50000 m\n", encoding="utf-8")
    done = RUNNER.invoke(
        cli.app, ["performance", "measure", str(voice), "--out", str(tmp_path / "out")], catch_exceptions=False
    )
    assert done.exit_code == 0
    found = rows(done.stdout)  # matplotlib may say that it is building its font cache
    assert found["closures on p, b, m"] == 2
    assert found["jawOpen - mouthClose there, farthest by mood"] < 0.01
    assert found["upper or lower lip there, by mood, median"] > 0
    assert abs(found["eyeBlink with jawOpen, r"]) < 0.5  # it has a mouth that speaks
    assert 1 < found["head pitch, deviation in degrees"] < 9
    assert found["blinks per minute, silence"] > 3
    assert 0 < found["cost of 100 ms, best of all hops, ms"] <= found["cost of 100 ms, median, ms"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "curves-demo.png", "curves-silence.png", "curves-listening.png", "gaps-talking.png", "gaps-silence.png",
        "performance.png",
    }  # fmt: skip


def test_sounds_of_a_folder_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance_cli, "QUIET_S", 2)
    paths = [tmp_path / folder / f"{k}.wav" for folder in ("a", "b") for k in range(2)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, sound()[: 16_000 * 3], 16_000)
    done = RUNNER.invoke(cli.app, ["performance", "measure", *map(str, paths)], catch_exceptions=False)
    assert done.output.startswith("2 runs, 0.2 minutes")
    assert "closures" not in done.output


def test_couplings_are_fitted_to_takes(tmp_path: Path) -> None:
    path = tmp_path / "face.npz"
    takes.write(path, Take(np.random.default_rng(0).random((300, 52), dtype=np.float32), Fraction(30)))
    done = RUNNER.invoke(cli.app, ["performance", "couplings", str(path)], catch_exceptions=False)
    assert "noseSneer    mouthUpperUp" in done.output
