"""The wheel, installed alone: it runs, renders and checks without torch, and says what the rest needs.

python .ci/wheel_alone.py VENV    VENV is a virtual environment that holds the wheel and what it depends on
"""

import os
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

LARGEST_MIB = 270
NOT_IN_IT = ("torch", "transformers", "onnx", "sympy", "networkx", "tokenizers", "huggingface-hub")
DEMO_S = 2


def main() -> None:
    """Go through all of it in an empty folder."""
    venv = Path(sys.argv[1]).resolve()
    size_mib = sum(path.lstat().st_size for path in venv.rglob("*") if path.is_file()) / 2**20
    print(f"the environment has {size_mib:.0f} MiB")
    assert size_mib < LARGEST_MIB, f"more than {LARGEST_MIB} MiB"
    site = next(venv.glob("lib/python*/site-packages"))
    installed = {item.name.lower() for item in metadata.distributions(path=[str(site)])}
    assert not installed & set(NOT_IN_IT), installed & set(NOT_IN_IT)
    for line in ("--version", "check", "inspect", "cache", "identities list", "identities show s1"):
        said(venv, 0, "facewire", *line.split())
    demo = site / "daemon" / "sound" / "demo.flac"
    said(venv, 0, "facewire", "render", demo, "--out", "demo.csv")
    assert Path("demo.csv").stat().st_size > 10_000
    said(venv, 0, "facewire", "verify", demo)
    assert "by onnx" in said(venv, 0, "facewire", "bench")
    sends_frames(venv)
    for line in (
        "facewire run --runtime torch",
        "facewire run --runtime onnx-int8",
        "facewire export-onnx",
        "facewire bench --untrained",
        "facewire-train fit features --out run",
        f"facewire-train enroll anna --audio {demo}",
    ):
        answer = said(venv, 1, *line.split())
        assert "pip install '.[" in answer, answer
        assert "Traceback" not in answer, answer


def sends_frames(venv: Path) -> None:
    """`facewire run` reaches a receiver, and ends well when it is told to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        sink = f"livelink://127.0.0.1:{receiver.getsockname()[1]}"
        command = [venv / "bin" / "facewire", "run", "--input", "demo", "--preview-port", "0", "--sink", sink]
        program = subprocess.Popen(command)
        sizes = {len(receiver.recv(2048)) for _ in range(DEMO_S * 30)}
        program.terminate()
        assert program.wait(30) == 0
    assert sizes == {26 + 244 + 36 + len("face")}, sizes


def said(venv: Path, code: int, program: str, *arguments: object) -> str:
    """What a command says, if it ends with this exit code."""
    print("$", program, *arguments, flush=True)
    done = subprocess.run(
        [venv / "bin" / program, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    answer = done.stdout + done.stderr
    assert done.returncode == code, f"exit code {done.returncode}: {answer}"
    return answer


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    os.environ["XDG_CACHE_HOME"] = str(Path("cache").resolve())  # an export in the user's cache would need no torch
    main()
