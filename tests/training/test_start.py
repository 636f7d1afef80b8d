"""`facewire-train` answers at once: help, mistakes and missing packages are told before anything large is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import typer

from tests.training import people
from tests.training.people import write_person
from tests.training.prepare.test_beat import write as write_beat
from tests.training.prepare.test_livelink_takes import write as write_take
from tests.training.runs import ROOT
from training.cli import app
from training.datasets import dataset

HEAVY = (
    "torch", "transformers", "onnx", "onnxruntime", "scipy", "matplotlib", "mediapipe", "av", "pyworld", "mido",
    "pocketsphinx",
)  # fmt: skip
"""What only some commands need, and no command needs to explain itself."""

ANSWERS = """
import json, sys
for name in {blocked}:
    sys.modules[name] = None
from typer.testing import CliRunner
from training.cli import app
before = [name for name in {heavy} if sys.modules.get(name)]
told = []
for line in {lines}:
    done = CliRunner().invoke(app, line)
    loaded = [name for name in {heavy} if sys.modules.get(name)]
    told.append((done.exit_code, type(done.exception).__name__, f"{{done.exception}}{{done.output}}", loaded))
print(json.dumps([before, told]))
"""

Answer = tuple[int, str, str, list[str]]
"""Exit code, exception, what was said, and what is imported afterwards."""


def answers(lines: list[list[str]], folder: Path, blocked: tuple[str, ...] = ()) -> list[Answer]:
    """What the command line says to each of these, one after the other, where some packages are not installed."""
    script = ANSWERS.format(blocked=blocked, heavy=HEAVY, lines=lines)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, env=_env(), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    before, told = json.loads(done.stdout)
    assert before == []
    return [tuple(each) for each in told]


def all_commands() -> list[list[str]]:
    """Every command, as one would type it."""
    found = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [[name, each] for each in getattr(command, "commands", {})] or [[name]]
    return found


def test_every_command_explains_itself_without_them(tmp_path: Path) -> None:
    lines = [["--help"], *([*command, "--help"] for command in all_commands())]
    assert ["voices", "teach"] in all_commands()
    for line, (code, _, said, loaded) in zip(lines, answers(lines, tmp_path), strict=True):
        assert (code, loaded) == (0, []), line
        assert f"Usage: root {' '.join(line[:-1])}".strip() in said


MISTAKES = [
    ("fti", "No such command 'fti'. Did you mean 'fit'"),
    ("fit made --out run --setps 3", "No such option: --setps"),
    ("fit made --out run --recipe papre", "neither a file nor one of those that ship"),
    ("fit nowhere --out run", "make them with `facewire-train features`"),
    ("fit made --out run --denoising-steps 0", "Invalid value for '--denoising-steps'"),
    ("features --data nowhere --out made", "make a dataset of your recordings with `facewire-train prepare`"),
    ("features --data set --out made --sounds music", "expected FOLDER=LICENCE"),
    ("features --data set --out made --sounds nowhere=CC0", "nothing to train on under nowhere"),
    ("distill none.safetensors made --out x.safetensors", "none.safetensors: no such checkpoint"),
    ("export nowhere --out x.safetensors", "no run with a saved state"),
    ("evaluate none.safetensors --data set --out figures --split all", "none.safetensors: no such checkpoint"),
    ("evaluate none.safetensors --data set --out figures --split tset", "expected test, validation or all"),
    ("report made --data set --out report --recipe papre", "neither a file nor one of those that ship"),
    ("performers nowhere --out out", "make a dataset of your recordings"),
    ("speech none.safetensors --sounds a=CC0 --out x.safetensors", "none.safetensors: no such checkpoint"),
    ("voices teach none.safetensors --speakers a=CC0 --out x.safetensors", "none.safetensors: no such checkpoint"),
    ("voices judge none.safetensors people --out out", "none.safetensors: no such checkpoint"),
    ("encoder --teacher hubert:x --out out", "no speech to train on"),
    ("probe x --data nowhere", "make a dataset of your recordings"),
    ("enroll auto --audio a.wav", "identity name 'auto'"),
    ("enroll vera --audio none.wav", "none.wav: no such sound file"),
    ("enroll vera --npz none.npz", "none.npz: no such file"),
    ("talkers speak --voices v --model m --vocabulary j --texts fortunes --out out --utterances 1", "LANG=FILE"),
    (
        "talkers speak --voices v --model m --vocabulary j --texts de=none --out out --utterances 1",
        "none: cannot be read",
    ),
    ("talkers animator --data nowhere --words w --out a.safetensors", "make a dataset of your recordings"),
    ("talkers animate a.safetensors nowhere --licence CC0 --out out", "nowhere: no recordings"),
    ("talkers drawn-out nowhere --out out", "nowhere: no recordings"),
    ("talkers size none.safetensors nowhere --out x.safetensors", "none.safetensors: no such checkpoint"),
    ("prepare npz nowhere --speaker x --licence CC0 --out set", "nowhere: no such folder"),
    ("prepare video nowhere --speaker x --licence CC0 --out set --pixel-aspect 0", "expected about 1"),
]


def test_mistakes_are_told_before_anything_large_is_imported(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "passages-000.safetensors").touch()
    people.prepared(write_person(tmp_path / "raw", clips=2), tmp_path / "set", "nina")
    told = answers([line.split() for line, _ in MISTAKES], tmp_path)
    for (line, wanted), (code, error, said, loaded) in zip(MISTAKES, told, strict=True):
        assert wanted in said.replace("\n", " "), f"{line}: {said}"
        assert code != 0
        assert error in ("FacewireError", "SystemExit"), line
        assert loaded == [], line


MISSING = [
    ("features --data set --out made", "train"),
    ("fit made --out run", "train"),
    ("distill t.safetensors made --out x.safetensors", "train"),
    ("export run --out x.safetensors", "train"),
    ("evaluate x.safetensors --data set --out figures", "train"),
    ("report made --data set --out report", "train"),
    ("enroll vera --audio a.wav", "train"),
    ("enroll vera --video a.mp4", "train,video"),
    ("speech x.safetensors --sounds a=CC0 --out y.safetensors", "train"),
    ("voices teach x.safetensors --speakers a=CC0 --out y.safetensors", "train"),
    ("voices judge x.safetensors people --out out", "train"),
    ("encoder --teacher hubert:x --out out", "train"),
    ("probe x --data set", "train"),
    ("performers set --out out", "train,performers"),
    ("talkers speak --voices v --model m --vocabulary j --texts de=t --out out --utterances 1", "torch"),
    ("strangers x.safetensors --out figures --curves set", "train"),
    ("talkers animator --data set --words w --out a.safetensors", "torch,judge"),
    ("talkers animate a.safetensors speech --licence CC0 --out out", "torch"),
    ("talkers drawn-out speech --out out", "performers"),
    ("talkers size x.safetensors speech --out y.safetensors", "train"),
    ("smoke", "train"),
    ("music x.sf2 --out out", "music"),
    ("align recordings", "judge"),
    ("face-model fetch", "video"),
    ("prepare video a.mp4 --speaker x --licence CC0 --out set", "video"),
]


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    told = answers([line.split() for line, _ in MISSING], tmp_path, blocked=HEAVY)
    for (line, extra), (code, error, said, _) in zip(MISSING, told, strict=True):
        assert (code, error) == (1, "FacewireError"), f"{line}: {said}"
        assert said.startswith("this needs "), line
        assert said.strip().endswith(f": pip install '.[{extra}]'"), line
    named = {tuple(command) for command in all_commands()}
    tried = {tuple(line.split()[:2]) for line, _ in MISSING} | {(line.split()[0],) for line, _ in MISSING}
    assert named - tried == {
        ("prepare", "beat"),
        ("prepare", "livelink"),
        ("prepare", "npz"),
        ("talkers", "festival"),
        ("talkers", "flite"),
        ("performance", "measure"),
        ("performance", "couplings"),
    }


def test_recordings_with_curves_are_prepared_without_torch(tmp_path: Path) -> None:
    write_person(tmp_path / "arrays", clips=2)
    write_beat(tmp_path / "beat", "2_scott_0_103_110")
    write_take(tmp_path / "takes")
    lines = [
        ["prepare", "npz", "arrays", "--speaker", "nina", "--licence", "CC0", "--out", "a"],
        ["prepare", "beat", "beat", "--out", "b"],
        ["prepare", "livelink", "takes", "--out", "c"],
    ]
    for line, (code, _, said, loaded) in zip(lines, answers(lines, tmp_path, blocked=HEAVY), strict=True):
        assert (code, loaded) == (0, []), f"{line}: {said}"
    for name, speaker, clips in (("a", "nina", 2), ("b", "scott", 1), ("c", "takes", 1)):
        made = dataset.read(tmp_path / name)
        assert made.speakers == (speaker,)
        assert len(made.clips("all")) == clips


def test_the_program_itself_ends_with_one_sentence(tmp_path: Path) -> None:
    script = "import sys; sys.modules['torch'] = None; from training.cli import main; main()"
    command = [sys.executable, "-c", script, "fit", "made", "--out", "run"]
    done = subprocess.run(command, cwd=tmp_path, env=_env(), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr == "facewire-train: this needs torch: pip install '.[train]'\n"


def _env() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
