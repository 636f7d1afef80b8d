from pathlib import Path

import pytest
from typer.testing import CliRunner

from model import checkpoint
from training.cli import app


@pytest.mark.slow
@pytest.mark.timeout(1200)  # some 20 s of a processor: the limit is there for what hangs, not for a busy machine
def test_the_whole_chain_goes_through(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "ok"
    assert (tmp_path / "take.npz").exists()
    head = checkpoint.header(tmp_path / "run" / "face.safetensors")
    assert head["config"]["steps"] == 2
    assert head["provenance"]["trained_steps"] == 2
    assert "80 ms" in head["provenance"]["figures"]["nobody"]
