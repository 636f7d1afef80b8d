from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.animate.face import open_face
from daemon.animate.offline import perform
from daemon.line.blocks import Motion
from daemon.line.metrics import Metrics
from daemon.send.pacing import Pacer, Track
from daemon.settings.config import DaemonConfig
from daemon.sound.files import DEMO
from model.audio import read_audio
from model.face import FaceModel
from model.stream import frame_count
from model.torch_runtime import TorchRuntime
from protocols import takes
from protocols.frame import as_rate
from tests.daemon.animate.test_identities import put
from tests.daemon.commands.shell import SAMPLES, facewire, refused
from tests.model.posed import posed
from tests.model.test_library import carla


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_render_writes_the_face_as_a_take(
    suffix: str, checkpoint: str, speech: str, model: FaceModel, tmp_path: Path
) -> None:
    out = tmp_path / f"take{suffix}"
    options = ["--checkpoint", checkpoint, "--identity", "alma", "--lookahead-ms", "80", "--seed", "5"]
    result = facewire("render", speech, "--out", str(out), *options)
    assert result.exit_code == 0, result.output
    expected = perform(TorchRuntime(model), SAMPLES, DaemonConfig(seed=5, identity="alma", lookahead_ms=80)).weights
    written = takes.read(out, None)
    if suffix == ".json":  # BEAT's: 60 frames per second, no tongue
        np.testing.assert_allclose(written.weights[::2, :-1], expected[:, :-1], atol=1e-5)
    else:
        np.testing.assert_allclose(written.weights, expected, atol=1e-5)
    assert written.fps == (60 if suffix == ".json" else 30)
    assert len(written.weights) == frame_count(len(SAMPLES), written.fps)
    assert f"{out}: {len(written.weights)} frames at {written.fps} frames per second" in result.output


def test_render_listens_to_a_sound_file(checkpoint: str, model: FaceModel, tmp_path: Path) -> None:
    silent, out = np.zeros(5 * 16_000, np.float32), tmp_path / "take.npz"
    soundfile.write(tmp_path / "own.wav", silent, 16_000)
    given = ["render", str(tmp_path / "own.wav"), "--out", str(out), "--checkpoint", checkpoint]
    result = facewire(*given, "--listen-to", str(DEMO))
    assert result.exit_code == 0, result.output
    expected = perform(TorchRuntime(model), silent, DaemonConfig(), other=read_audio(DEMO)).poses
    np.testing.assert_allclose(takes.read(out).poses, expected, atol=1e-5)
    assert np.abs(expected - perform(TorchRuntime(model), silent, DaemonConfig()).poses).max() > 1
    assert "no such sound file" in refused(*given, "--listen-to", "none.wav")


@pytest.mark.parametrize("fps", ["24", "59.94", "60", "120"])
def test_render_at_a_rate_gives_what_a_receiver_of_that_rate_gets(
    fps: str, checkpoint: str, speech: str, tmp_path: Path
) -> None:
    out, rate = tmp_path / "take.npz", as_rate(fps)
    gains = {"jaw": 2, "mouth": 2}  # some shapes are clipped
    (tmp_path / "config.yaml").write_text(f"gains: {gains}\n", encoding="utf-8")
    with posed():
        options = ["--checkpoint", checkpoint, "--config", str(tmp_path / "config.yaml"), "--fps", fps]
        result = facewire("render", speech, "--out", str(out), *options)
        made = perform(open_face(Path(checkpoint), None), SAMPLES, DaemonConfig())
    assert result.exit_code == 0, result.output
    assert f"frames at {float(rate):g} frames per second" in result.output
    take = takes.read(out)
    assert take.fps == rate
    assert (len(take.weights) - 1) / rate < len(SAMPLES) / 16_000 <= len(take.weights) / rate

    paced = Pacer(30, [Track(rate)], 0, 0, 0, Metrics())
    paced.add(Motion(0, made.weights, made.poses, 0, 160, 100), 0)
    last = min(len(take.weights) - 1, (len(made.weights) - 1) * rate // 30)
    config = DaemonConfig.model_validate({"gains": gains})
    frames = [frame for _ in range(last + 1) for _, frame in paced.due(paced.next_due_ns(), config)]
    np.testing.assert_array_equal(take.weights[: last + 1], [frame.weights for frame in frames])
    np.testing.assert_array_equal(take.poses[: last + 1], [frame.pose for frame in frames])
    assert np.ptp(take.poses[:, 0]) > 1


def test_a_rate_that_a_format_cannot_have_is_refused(speech: str, tmp_path: Path) -> None:
    told = refused("render", speech, "--out", str(tmp_path / "take.json"), "--fps", "30")
    assert "--fps 30: a .json always has 60 frames per second" in told
    assert "frame rate 'fast'" in refused("render", speech, "--out", str(tmp_path / "take.csv"), "--fps", "fast")


def test_render_knows_who_is_enrolled(checkpoint: str, speech: str, model: FaceModel, tmp_path: Path) -> None:
    runtime = TorchRuntime(model)
    put(tmp_path / "people", carla(runtime))
    options = ["--checkpoint", checkpoint, "--identities", str(tmp_path / "people"), "--style", "0.5"]
    result = facewire("render", speech, "--out", str(tmp_path / "a.npz"), *options, "--identity", "carla")
    assert result.exit_code == 0, result.output
    library = runtime.library.enrolled(carla(runtime))
    expected = perform(runtime, SAMPLES, DaemonConfig(identity="carla", style=0.5), library=library).weights
    np.testing.assert_allclose(takes.read(tmp_path / "a.npz", None).weights, expected, atol=1e-5)
    assert (
        np.abs(expected - perform(runtime, SAMPLES, DaemonConfig(identity="carla"), library=library).weights).max()
        > 1e-2
    )
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
