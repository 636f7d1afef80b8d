"""Two processes train as one does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from protocols.errors import FacewireError
from tests.training import runs
from training.fit import ranks


def test_dropout_without_others_is_that_of_torch() -> None:
    x = torch.randn(4, 5, 6)
    torch.manual_seed(3)
    wanted = torch.nn.Dropout(0.3)(x)
    layers = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Dropout(0.3))
    ranks.share_dropout(layers)
    torch.manual_seed(3)
    torch.testing.assert_close(layers[1](x), wanted, rtol=0, atol=0)
    assert layers.eval()[1](x) is x


def test_a_device_that_is_not_there_is_told() -> None:
    with ranks.joined("cpu") as device:
        assert device.type == "cpu"
    for name in ("abacus", "cuda:99", "cuda:x"):
        with pytest.raises(FacewireError, match=f"--device {name}: expected cpu, or cuda:N of the"):
            ranks.joined(name).__enter__()


@pytest.mark.slow
def test_two_processes_give_the_curves_of_one(tmp_path: Path) -> None:
    features = runs.made(tmp_path)
    for count in (1, 2):
        out = tmp_path / str(count)
        common = ("--recipe", "smoke", "--device", "cpu")
        runs.train("fit", features, "--out", out, *common, "--steps", 12, processes=count)
        teacher, face = tmp_path / "1" / "teacher.safetensors", out / "face.safetensors"
        runs.train("distill", teacher, features, "--out", face, *common, "--steps", 4, processes=count)
    for run, rows in (("teacher", 12), ("face-4", 4), ("face-2", 4)):
        one, two = (runs.curve(tmp_path / count / run) for count in "12")
        assert one[0] == two[0]
        assert len(one) == len(two) == rows + 1
        np.testing.assert_allclose(np.array(one[1:], float), np.array(two[1:], float), rtol=1e-4)
    one, two = (load_file(tmp_path / count / "face.safetensors") for count in "12")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_told(tmp_path: Path) -> None:
    started = runs.start("fit", runs.made(tmp_path), "--recipe", "smoke", "--out", tmp_path / "run", processes=3)
    told, _ = started.communicate(timeout=240)
    assert started.returncode == 1
    assert "a batch of 4 cannot be shared evenly among 3 processes" in told
