from pathlib import Path

import pytest

from model import checkpoint
from tests.training import runs


@pytest.mark.slow
def test_the_whole_chain_goes_through(tmp_path: Path) -> None:
    started = runs.start("smoke", "--out", tmp_path)
    told, _ = started.communicate(timeout=280)
    assert started.returncode == 0, told
    assert told.splitlines()[-1] == "ok"
    assert (tmp_path / "take.npz").exists()
    head = checkpoint.header(tmp_path / "run" / "face.safetensors")
    assert head["config"]["steps"] == 2
    assert head["provenance"]["trained_steps"] == 2
    assert "80 ms" in head["provenance"]["figures"]["nobody"]
