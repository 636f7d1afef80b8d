"""`--perform`: what eyes, brows and head do, on the command line and beside what config.yaml says."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.animate.face import USUAL_LIVELINESS, performed
from daemon.settings.config import DaemonConfig, Performance
from model.performance.settings import Settings
from protocols import takes
from protocols.takes import Take
from tests.daemon.commands.shell import facewire, refused
from tests.model.performance.voice import DEMO


def test_the_usual_settings_perform_like_people() -> None:
    assert performed(DaemonConfig()) == Settings()
    asked = Performance(look_yaw=10, look_pitch=-5, head=0.5)
    turned = DaemonConfig(liveliness=USUAL_LIVELINESS / 2, performance=asked)
    assert performed(turned) == Settings(liveliness=0.5, look_at=(10, -5), head=0.5)


def rendered(checkpoint: str, speech: str, folder: Path, *options: str) -> Take:
    out = folder / "take.npz"
    result = facewire("render", speech, "--out", str(out), "--checkpoint", checkpoint, *options)
    assert result.exit_code == 0, result.output
    return takes.read(out)


def test_the_command_line_changes_only_the_keys_that_it_names(checkpoint: str, speech: str, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("performance: {head: 0, look_yaw: 20}\n", encoding="utf-8")
    filed = rendered(checkpoint, speech, tmp_path, "--config", str(config))
    assert not filed.poses[:, :3].any()
    both = rendered(checkpoint, speech, tmp_path, "--config", str(config), "--perform", "look_pitch=10, gaze=0.5")
    assert not both.poses[:, :3].any()
    usual = rendered(checkpoint, speech, tmp_path)
    assert usual.poses[:, :3].any()
    assert np.abs(usual.poses[:, 0]).max() < 20


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("mood=jolly", "performance.mood: Input should be 'neutral', 'happy'"),
        ("head=3", "performance.head: Input should be less than or equal to 2 (is '3')"),
        ("blinks=often", "performance.blinks: Input should be a valid number"),
        ("look_at=3", "performance.look_at: there is no such setting; did you mean look_yaw?"),
    ],
)
def test_what_cannot_be_performed_is_refused(given: str, wanted: str, speech: str, tmp_path: Path) -> None:
    out = tmp_path / "take.npz"
    assert wanted in refused("render", speech, "--out", str(out), "--perform", given)
    assert not out.exists()


@pytest.mark.parametrize("given", ["head", "mood=", "=happy", "mood=happy,,"])
def test_what_is_no_pair_is_told(given: str, speech: str, tmp_path: Path) -> None:
    result = facewire("render", speech, "--out", str(tmp_path / "take.npz"), "--perform", given)
    assert result.exit_code == 2
    assert "expected KEY=VALUE pairs" in result.stderr


def test_a_recording_listens_to_the_file_of_the_settings(checkpoint: str, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(f"listen_to: {json.dumps(str(DEMO))}\n", encoding="utf-8")
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(13 * 16_000), 16_000)
    alone = rendered(checkpoint, str(silence), tmp_path)
    asked = rendered(checkpoint, str(silence), tmp_path, "--listen-to", str(DEMO))
    filed = rendered(checkpoint, str(silence), tmp_path, "--config", str(config))
    assert np.array_equal(asked.poses, filed.poses)
    assert not np.array_equal(alone.poses, filed.poses)
    config.write_text("listen_to: mic:CABLE\n", encoding="utf-8")  # that is for `run`
    assert np.array_equal(rendered(checkpoint, str(silence), tmp_path, "--config", str(config)).poses, alone.poses)
    out = str(tmp_path / "take.npz")
    assert "listens to a sound file" in refused("render", str(silence), "--out", out, "--listen-to", "mic:CABLE")


@pytest.mark.parametrize("text", ["performance:\n", "performance: happy\n", "performance: [1]\n"])
def test_what_is_no_mapping_is_told(text: str, speech: str, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(text, encoding="utf-8")
    told = refused("render", speech, "--out", str(tmp_path / "take.npz"), "--config", str(config))
    assert "performance: must be keys and values, such as {blinks: …}" in told
