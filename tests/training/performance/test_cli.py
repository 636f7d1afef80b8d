from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from protocols import takes
from protocols.errors import FacewireError
from protocols.takes import Take
from tests.model.performance.voice import DEMO, sound
from training import cli
from training.performance import cli as performance_cli

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance_cli, "QUIET_S", 60)


def test_measures_and_draws(tmp_path: Path) -> None:
    take = tmp_path / "mouth.npz"
    rng = np.random.default_rng(0)
    takes.write(take, Take(rng.random((393, 52), dtype=np.float32) * 0.5, Fraction(30)))
    done = RUNNER.invoke(
        cli.app, ["performance", "measure", str(DEMO), "--take", str(take), "--out", str(tmp_path / "out")],
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0
    rows = {line[:46].strip(): line[46:].split()[0] for line in done.output.splitlines()[2:]}
    assert float(rows["jawOpen - mouthClose in moods, farthest off"]) == 0
    assert 1 < float(rows["head pitch, deviation in degrees"]) < 9
    assert float(rows["blinks per minute, silence"]) > 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "curves-demo.png", "curves-silence.png", "curves-listening.png", "gaps-talking.png", "gaps-silence.png",
    }  # fmt: skip


def test_sounds_without_a_take_are_joined(tmp_path: Path) -> None:
    paths = []
    for k in range(2):
        paths.append(str(tmp_path / f"{k}.wav"))
        soundfile.write(paths[-1], sound()[: 16_000 * 6], 16_000)
    done = RUNNER.invoke(cli.app, ["performance", "measure", *paths, "--fps", "60"], catch_exceptions=False)
    assert done.output.startswith("1 runs, 0.2 minutes")


def test_takes_must_go_with_sounds() -> None:
    with pytest.raises(FacewireError, match="1 takes for 2 sounds"):
        RUNNER.invoke(cli.app, ["performance", "measure", "a.wav", "b.wav", "--take", "c.npz"], catch_exceptions=False)


def test_couplings_are_fitted_to_takes(tmp_path: Path) -> None:
    path = tmp_path / "face.npz"
    takes.write(path, Take(np.random.default_rng(0).random((300, 52), dtype=np.float32), Fraction(30)))
    done = RUNNER.invoke(cli.app, ["performance", "couplings", str(path)], catch_exceptions=False)
    assert "noseSneer    mouthUpperUp" in done.output
