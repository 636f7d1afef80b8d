import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner, Result

from daemon.animate import exports
from daemon.animate.offline import perform
from daemon.commands.cli import app
from daemon.settings.config import DaemonConfig
from model.checkpoint import save
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols import takes
from tests.daemon.animate.test_identities import put
from tests.daemon.fake_sounddevice import FakeSoundDevice, device
from tests.daemon.sounds import sound
from tests.model.test_encoder import base_like
from tests.model.test_library import carla
from tests.model.tiny import tiny_model

SAMPLES = sound(20_345)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return tiny_model()


@pytest.fixture
def checkpoint(tmp_path: Path, model: FaceModel) -> str:
    save(model, tmp_path / "tiny.safetensors", {"made by": "a test"})
    return str(tmp_path / "tiny.safetensors")


@pytest.fixture
def speech(tmp_path: Path) -> str:
    soundfile.write(tmp_path / "a.wav", SAMPLES, 16_000, subtype="FLOAT")
    return str(tmp_path / "a.wav")


@pytest.fixture
def sd(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice([device(2, "Line In"), device(7, "USB Mic", 48_000)], default_input=7)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def facewire(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """What is said by a command that fails in plain words."""
    result = facewire(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)  # no traceback
    assert result.stderr.startswith("facewire: ")
    return result.stderr


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_render_writes_the_face_as_a_take(
    suffix: str, checkpoint: str, speech: str, model: FaceModel, tmp_path: Path
) -> None:
    out = tmp_path / f"take{suffix}"
    options = ["--checkpoint", checkpoint, "--identity", "alma", "--lookahead-ms", "80", "--seed", "5"]
    result = facewire("render", speech, "--out", str(out), *options)
    assert result.exit_code == 0, result.output
    expected = perform(TorchRuntime(model), SAMPLES, DaemonConfig(seed=5, identity="alma", lookahead_ms=80))
    written = takes.read(out, None)
    if suffix == ".json":  # BEAT's: 60 frames per second, no tongue
        np.testing.assert_allclose(written.weights[::2, :-1], expected[:, :-1], atol=1e-5)
    else:
        np.testing.assert_allclose(written.weights, expected, atol=1e-5)
    assert f"{out}: {len(expected)} frames at 30 frames per second" in result.output


def test_render_knows_who_is_enrolled(checkpoint: str, speech: str, model: FaceModel, tmp_path: Path) -> None:
    runtime = TorchRuntime(model)
    put(tmp_path / "people", carla(runtime))
    options = ["--checkpoint", checkpoint, "--identities", str(tmp_path / "people"), "--style", "0.5"]
    result = facewire("render", speech, "--out", str(tmp_path / "a.npz"), *options, "--identity", "carla")
    assert result.exit_code == 0, result.output
    library = runtime.library.enrolled(carla(runtime))
    expected = perform(runtime, SAMPLES, DaemonConfig(identity="carla", style=0.5), library=library)
    np.testing.assert_allclose(takes.read(tmp_path / "a.npz", None).weights, expected, atol=1e-5)
    assert np.abs(expected - perform(runtime, SAMPLES, DaemonConfig(identity="carla"), library=library)).max() > 1e-2
    strange = ["--identity", "zoe"]
    told = refused("render", speech, "--out", str(tmp_path / "b.npz"), *options, *strange)
    assert "identity 'zoe'" in told
    assert "alma, bruno, carla, unknown" in told
    assert told == refused("run", "--input", "demo", "--no-preview", *options, *strange)
    assert "style: Input should be less than or equal to 1.5" in refused("run", "--style", "2")


def test_render_refuses_before_it_computes(checkpoint: str, speech: str, tmp_path: Path) -> None:
    assert "must end in .csv, .json or .npz" in refused("render", speech, "--out", "take.fbx")
    none = str(tmp_path / "none.wav")
    assert "no such sound file" in refused("render", none, "--out", "x.csv", "--checkpoint", checkpoint)
    assert "no such checkpoint" in refused("render", speech, "--out", "x.csv", "--checkpoint", none)


def test_verify_tells_the_differences(checkpoint: str, speech: str) -> None:
    result = facewire("verify", speech, "--checkpoint", checkpoint)
    assert result.exit_code == 0, result.output
    assert result.output.count("ok ") == 2


def test_run_tells_what_is_wrong_in_plain_words(sd: FakeSoundDevice, tmp_path: Path, checkpoint: str) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("liveliness: 7\nsneed: 3\n", encoding="utf-8")
    told = refused("run", "--config", str(settings), "--sink", "vmx://127.0.0.1")
    assert "3 errors" in told
    assert "did you mean seed?" in told
    assert "mic:2  Line In" in refused("run", "--input", "mic:Banana")
    assert "no such checkpoint" in refused("run", "--input", "demo", "--checkpoint", str(tmp_path / "none"))
    assert "alma, bruno, unknown" in refused("run", "--input", "demo", "--checkpoint", checkpoint, "--identity", "zoe")


def test_a_misspelt_option_is_an_error_of_use() -> None:
    assert facewire("run", "--inptu", "mic").exit_code == 2


def test_devices_lists_the_microphones(sd: FakeSoundDevice) -> None:
    result = facewire("devices")
    assert result.output.splitlines() == [
        "mic:2   Line In, Fake Audio, 16000 Hz",
        "mic:7   USB Mic, Fake Audio, 48000 Hz   (default)",
    ]
    sd.devices = []
    assert "plug one in" in refused("devices")


def test_inspect_prints_the_header_as_yaml(checkpoint: str) -> None:
    header = yaml.safe_load(facewire("inspect", checkpoint).output)
    assert header["config"]["identities"] == ["alma", "bruno"]
    assert header["provenance"] == {"made by": "a test"}


def test_check_exits_with_1_if_anything_is_bad(sd: FakeSoundDevice, tmp_path: Path, checkpoint: str) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"checkpoint: {checkpoint}\n", encoding="utf-8")
    good = facewire("check", "--config", str(settings))
    assert good.exit_code == 0, good.output
    settings.write_text(f"checkpoint: {checkpoint}x\n", encoding="utf-8")
    bad = facewire("check", "--config", str(settings))
    assert bad.exit_code == 1
    assert "BAD" in bad.output


def test_every_command_explains_itself_with_an_example() -> None:
    listed = facewire("--help").output
    for command in ("run", "render", "verify", "devices", "check", "inspect", "export-onnx", "listen", "bench"):
        assert command in listed
        assert f"Example: facewire {command}" in facewire(command, "--help").output


def test_version() -> None:
    assert facewire("--version").output.startswith("facewire 0.")


def test_help_and_devices_need_no_torch() -> None:
    code = (
        "import sys; from daemon.commands.cli import app\n"
        "for a in (['--help'], ['devices']):\n"
        "    try: app(a)\n"
        "    except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True)


@pytest.mark.slow
def test_bench_measures_an_encoder_that_no_face_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache" / "facewire"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    monkeypatch.setattr(exports, "user_cache_path", lambda *_, **__: cache)
    base_like().save_pretrained(tmp_path / "hubert")
    options = ["bench", "--json", "--untrained", "--encoder", str(tmp_path / "hubert")]
    result = facewire(*options, "--runtime", "onnx-int8")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    named = {cost["what"].partition(":")[0] for cost in report["costs"]}
    assert {"onnx", "onnx-int8", "torch"} <= named
    assert report["runtime"] == "onnx-int8"
    assert not list(cache.iterdir())
    assert "leave --checkpoint out" in refused(*options, "--checkpoint", "face.safetensors")


@pytest.mark.slow
def test_bench_measures_every_stage(checkpoint: str) -> None:
    result = facewire("bench", "--json", "--checkpoint", checkpoint)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [cost["what"] for cost in report["costs"]] == [
        "onnx: hop, encoder",
        "onnx: hop, denoiser",
        "onnx: hop, all together",
        "onnx-int8: hop, encoder",
        "onnx-int8: hop, denoiser",
        "onnx-int8: hop, all together",
        "torch: hop, encoder",
        "torch: hop, denoiser",
        "torch: hop, all together",
        "frame, encode livelink",
        "frame, encode vmc",
        "frame, encode osc",
        "frame, encode zmq",
    ]
    assert all(0 < cost["median_ms"] <= cost["p95_ms"] for cost in report["costs"])
    assert report["runtime"] == "onnx"
    assert report["startup_s"] > 0
    assert report["machine"]["threads used"] == "1"
