"""What a run is taken up from is read whole: nothing keeps the file, so that it can be written anew."""

import os
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from model import checkpoint
from tests.model.tiny import tiny_model
from tests.training.conftest import in_use
from training.fit import state

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which files are mapped")


def trained() -> tuple[nn.Module, torch.optim.Optimizer]:
    module = nn.Linear(300, 200)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(300)).sum().backward()
    optimizer.step()
    return module, optimizer


def test_the_file_that_a_run_was_taken_up_from_is_not_in_use(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    before, after = trained(), trained()
    state.save(path, *before, 7)
    assert state.load(path, *after) == 7
    assert not in_use(path)
    for one, two in zip(before[0].parameters(), after[0].parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)
        for name, value in before[1].state[one].items():
            torch.testing.assert_close(after[1].state[two][name], value, rtol=0, atol=0)
    state.save(path, *after, 8)  # as Windows would: tests/training/conftest.py
    assert state.load(path, *before) == 8


def test_neither_is_the_checkpoint_that_was_loaded(tmp_path: Path) -> None:
    path = tmp_path / "face.safetensors"
    checkpoint.save(tiny_model(), path, {})
    model = checkpoint.load(path)
    assert not in_use(path)
    checkpoint.save(model, path, {})
    kept = checkpoint.read(path), checkpoint.header(path)
    assert kept
    assert not in_use(path)


def test_what_is_mapped_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "some.pt"
    torch.save(torch.zeros(1000), path)
    held = torch.load(path, mmap=True)
    assert in_use(path)
    path.with_name("other").touch()
    with pytest.raises(PermissionError, match="in use"):
        os.replace(path.with_name("other"), path)
    del held
