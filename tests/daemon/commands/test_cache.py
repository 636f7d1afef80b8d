"""What is kept is told, grows no older than it is used, and goes when it is asked to."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon.animate import exports
from daemon.commands.cli import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(exports, "user_cache_path", lambda *_, **__: tmp_path / "facewire")
    return tmp_path / "facewire"


def export(folder: Path, name: str, unused_days: float = 0) -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / "encoder.onnx").write_bytes(bytes(2_000_000))
    used_s = time.time() - unused_days * 86_400
    os.utime(made, (used_s, used_s))
    return made


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["cache", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_place_and_size_are_told_and_all_of_it_goes(folder: Path) -> None:
    assert said() == f"{folder}: empty\n"
    made = export(folder, "onnx-1234")
    (folder / "head-5678.bin").write_bytes(bytes(500_000))
    assert said().splitlines()[:2] == [f"     0.5 MB  {folder / 'head-5678.bin'}", f"     2.0 MB  {made}"]
    assert made.exists()
    assert "deleted" in said("--clear")
    assert list(folder.iterdir()) == []


def test_what_was_not_used_for_long_goes(folder: Path) -> None:
    old, used, new = (export(folder, f"onnx-{days}", days) for days in (61, 59, 0))
    mine = export(folder, "mine", 400)
    kept = export(folder, "onnx-kept", 400)
    exports.prune(keep=kept)
    assert not old.exists()
    assert used.exists()
    assert new.exists()
    assert mine.exists()
    assert kept.exists()
