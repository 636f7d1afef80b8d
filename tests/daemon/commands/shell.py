"""Commands as a shell runs them."""

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from typer.testing import CliRunner, Result

from daemon.commands.cli import app
from tests.daemon.sounds import sound

ROOT = Path(__file__).parents[3]
SAMPLES = sound(20_345)
"""What the fixture `speech` is a file of."""
PROGRAM = "from daemon.commands.cli import app; app()"


def facewire(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """What is said by a command that fails in plain words."""
    result = facewire(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)  # no traceback
    assert result.stderr.startswith("facewire: ")
    return result.stderr


def command(*arguments: str, code: str = PROGRAM) -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-c", code, *arguments]


def process(*arguments: str, code: str = PROGRAM, **options: Any) -> CompletedProcess[str]:
    """What comes of it."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        command(*arguments, code=code), cwd=ROOT, text=True, encoding="utf-8", timeout=100, check=False, **options
    )
