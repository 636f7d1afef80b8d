"""onnxruntime does not phone home."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import time
from model.onnx_session import onnxruntime
onnxruntime().SessionOptions()
time.sleep(1)
"""
"""What it has to say, it says within a second of its import."""


def run(home: Path, *before: str) -> None:
    """As a user who has never set the variable, and whose home is `home`."""
    given = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment = given | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "LOCALAPPDATA": str(home)}
    subprocess.run([*before, sys.executable, "-c", CODE], cwd=ROOT, env=environment, check=True)


def test_no_device_id_is_written(tmp_path: Path) -> None:
    run(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_name_is_looked_up_and_nobody_is_called(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    run(tmp_path / "home", "strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmmsg,sendmsg", "-o", str(trace))
    assert [line for line in trace.read_text("utf-8").splitlines() if re.search(r"AF_INET|sin6?_port", line)] == []


def test_nothing_else_imports_it() -> None:
    """So that no import comes before the variable is set."""
    pattern = re.compile(r"^\s*(import onnxruntime|from onnxruntime)", re.MULTILINE)
    paths = [path for room in ("daemon", "model", "training", "protocols") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in paths if pattern.search(path.read_text("utf-8"))}
    assert found == {"model/onnx_session.py", "model/onnx_graphs.py"}
    graphs = (ROOT / "model" / "onnx_graphs.py").read_text("utf-8")
    assert "    onnxruntime()\n    from onnxruntime.quantization" in graphs
