"""The real program with the demo voice, for tests of the page."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]


@contextmanager
def program(folder: Path) -> Iterator[str]:
    """`facewire run` with the demo voice; gives the page's address."""
    (folder / "config.yaml").write_text(
        f"identity: auto\ntakes: {folder / 'takes'}\nsinks: ['vmc://127.0.0.1:9']\n", encoding="utf-8"
    )
    command = [sys.executable, "-u", "-c", "from daemon.commands.cli import app; app()", "run", "--input", "demo"]
    command += ["--config", str(folder / "config.yaml"), "--preview-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line.split()[-1] for line in process.stdout if line.startswith("see it"))
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
