from pathlib import Path

import numpy as np
import pytest

from daemon.animate.offline import perform
from daemon.settings.config import DaemonConfig
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols import takes
from tests.daemon.animate.test_identities import put
from tests.daemon.commands.shell import SAMPLES, facewire, refused
from tests.model.test_library import carla


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
