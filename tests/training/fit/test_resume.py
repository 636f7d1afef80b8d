"""A run that is killed or interrupted, at any point, goes on as if nothing had been."""

import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tensorboardX.proto.event_pb2 import Event

from tests.training import runs
from training.fit.export import export_run

STEPS = 40


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs.made(tmp_path_factory.mktemp("resume"))


@pytest.fixture(scope="module")
def whole(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    runs.train(*command(features, out))
    return out


def command(features: Path, out: Path) -> tuple[object, ...]:
    return "fit", features, "--recipe", "smoke", "--out", out, "--steps", STEPS, "--save-every", 6, "--device", "cpu"


def wait_for(rows: int, folder: Path, started: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and started.poll() is None:
        path = folder / "losses.csv"
        if path.exists() and len(path.read_text(encoding="utf-8").splitlines()) > rows:
            return
        time.sleep(0.005)
    raise AssertionError(f"no {rows} steps: {started.communicate(timeout=5)[0]}")


def same(out: Path, whole: Path) -> None:
    one, two = ((folder / "teacher" / "losses.csv").read_bytes() for folder in (out, whole))
    assert one == two
    ours, wanted = (load_file(folder / "teacher.safetensors") for folder in (out, whole))
    for name, value in wanted.items():
        torch.testing.assert_close(ours[name], value, rtol=0, atol=0, msg=name)


def shown(folder: Path, name: str) -> dict[int, float]:
    """What TensorBoard shows of a value, from its event files."""
    values: dict[int, float] = {}
    for path in folder.glob("events.out.tfevents.*"):
        data = path.read_bytes()
        while data:  # records: length, checksum, event, checksum
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            found = {value.tag: value.simple_value for value in event.summary.value}
            if name in found:
                assert event.step not in values
                values[event.step] = found[name]
    return values


@pytest.mark.slow
def test_a_killed_run_has_the_curve_and_the_weights_of_one_that_was_not(
    features: Path, whole: Path, tmp_path: Path
) -> None:
    for rows in (2, 9, 20):  # before the first state, and twice between two
        started = runs.start(*command(features, tmp_path))
        wait_for(rows, tmp_path / "teacher", started)
        started.send_signal(signal.SIGKILL)
        started.communicate(timeout=120)
    runs.train(*command(features, tmp_path))
    assert len(runs.curve(tmp_path / "teacher")) == STEPS + 1
    same(tmp_path, whole)
    lips = [float(row[3]) for row in runs.curve(whole / "teacher")[1:]]
    assert shown(tmp_path / "teacher", "lip") == pytest.approx(dict(enumerate(lips)), abs=1e-6)


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(features: Path, whole: Path, tmp_path: Path) -> None:
    started = runs.start(*command(features, tmp_path))
    wait_for(8, tmp_path / "teacher", started)
    started.send_signal(signal.SIGINT)
    told, _ = started.communicate(timeout=120)
    assert started.returncode == 130
    done = len(runs.curve(tmp_path / "teacher")) - 1
    assert f"saved after step {done} of {STEPS}; run the same command to continue" in told.replace("\n", " ")
    unfinished = export_run(tmp_path / "teacher", tmp_path / "so-far.safetensors")
    assert unfinished["trained_steps"] == done
    runs.train(*command(features, tmp_path))
    same(tmp_path, whole)


@pytest.mark.slow
def test_a_run_does_not_go_on_with_other_settings(features: Path, whole: Path) -> None:
    started = runs.start(*command(features, whole), "--seed", 3)
    told, _ = started.communicate(timeout=120)
    assert started.returncode == 1
    assert "a run that began with other settings (fit)" in told.replace("\n", " ")
