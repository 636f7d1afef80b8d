"""The command line as a whole: help, errors of use, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.commands import cli
from tests.daemon.commands.shell import PROGRAM, command, facewire, process

HEAVY = ("torch", "transformers", "onnx", "onnxruntime", "aiohttp", "av", "PIL", "playwright", "scipy")

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


def interrupted_at(module: str) -> str:
    """The program, to which Ctrl-C comes in the midst of an import."""
    return f"""
import os, signal, sys
class CtrlC:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
{PROGRAM}"""


def test_a_misspelt_option_is_an_error_of_use() -> None:
    assert facewire("run", "--inptu", "mic").exit_code == 2


def test_every_command_explains_itself_with_an_example() -> None:
    listed = facewire("--help").output
    for name in (
        "run", "render", "film", "replay", "shapes", "verify", "devices", "check", "inspect", "export-onnx", "cache",
        "listen", "bench",
    ):  # fmt: skip
        assert name in listed
        assert f"Example: facewire {name}" in facewire(name, "--help").output


def test_version() -> None:
    assert facewire("--version").output.startswith("facewire 0.")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["devices"], ["--version"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import atexit, sys
atexit.register(lambda: print("loaded:", *sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr))
{PROGRAM}"""
    assert process(*arguments, code=code).stderr.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("module", ["typer", "numpy", "pydantic", "daemon.commands.verify", "daemon.app", "aiohttp"])
def test_ctrl_c_while_the_program_is_loaded_ends_it_quietly(module: str) -> None:
    done = process("run", "--input", "demo", "--no-preview", code=interrupted_at(module))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("module", ["daemon.animate.offline", "soundfile", "onnxruntime"])
def test_ctrl_c_before_the_work_has_begun_ends_it_quietly(module: str, speech: str, tmp_path: Path) -> None:
    done = process("render", speech, "--out", str(tmp_path / "take.csv"), code=interrupted_at(module))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not list(tmp_path.glob("*take*"))


@full
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["listen", "--help"],
        ["inspect"],
        ["identities", "list"],
        ["run", "--input", "demo", "--no-preview", "--sink", "vmc://127.0.0.1:9"],
    ],
)
def test_an_output_that_cannot_be_written_is_told(arguments: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as nowhere:
        done = process(*arguments, stdout=nowhere)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "facewire: standard output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["inspect"], ["identities", "show", "s1"]])
def test_a_reader_that_has_gone_ends_it_quietly(arguments: list[str]) -> None:
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout
        assert program.stderr
        program.stdout.close()
        assert program.stderr.read() == b""


def test_a_system_error_elsewhere_is_not_blamed_on_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # typer's is in force from then on
    program = cli._Program()

    @program.command()
    def broken() -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        program([])
