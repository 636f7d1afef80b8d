import socket
import sys
from pathlib import Path

import pytest

from daemon.commands import check
from daemon.commands.check import Finding, findings
from daemon.settings.config import DaemonConfig
from model.checkpoint import save
from tests.daemon.animate.test_identities import put
from tests.daemon.commands.shell import facewire
from tests.daemon.fake_sounddevice import FakeSoundDevice, device
from tests.model.test_library import carla
from tests.model.tiny import tiny_model, tiny_runtime


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save(tiny_model(), path, {})
    return path


@pytest.fixture(autouse=True)
def sd(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice([device(0, "USB Mic", 48_000)])
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def look(**settings: object) -> list[Finding]:
    return list(findings(DaemonConfig.model_validate({"preview_port": 0} | settings)))


def test_who_is_enrolled_can_be_asked_for(checkpoint: Path, tmp_path: Path) -> None:
    put(tmp_path, carla(tiny_runtime()))
    assert ", identity carla, " in look(checkpoint=checkpoint, identities=tmp_path, identity="carla")[-1].text
    missing = look(checkpoint=checkpoint, identities=tmp_path, identity="zoe")[-1]
    assert not missing.good
    assert "alma, bruno, carla" in missing.text


def test_all_good(checkpoint: Path) -> None:
    found = look(checkpoint=checkpoint, identity="alma")
    assert all(finding.good for finding in found)
    texts = [finding.text for finding in found]
    assert texts[1] == "input: USB Mic (48000 Hz)"
    assert texts[2:4] == ["sends to: 127.0.0.1:11111 (livelink)", "sends to: 127.0.0.1:39539 (vmc)"]
    assert texts[4].startswith("preview: http://127.0.0.1:")
    assert ", by onnx, encoder embedded" in texts[5]
    assert texts[5].endswith("identity alma, lookahead 160 ms")
    assert ", by torch, encoder embedded" in look(checkpoint=checkpoint, runtime="torch")[5].text


def test_everything_bad_is_found_in_one_go(tmp_path: Path) -> None:
    found = look(
        input=str(tmp_path / "none.wav"), sinks=["vmc://no.such.host.invalid"], checkpoint=tmp_path / "none.safetensors"
    )
    assert [finding.good for finding in found[1:]] == [False, False, True, False]
    assert "no such file" in found[1].text
    assert "unknown host" in found[2].text
    assert "no such checkpoint" in found[4].text


def test_no_microphone_is_bad_only_if_one_is_wanted(sd: FakeSoundDevice, checkpoint: Path) -> None:
    sd.devices = []
    auto, wanted = (look(input=name, checkpoint=checkpoint)[1] for name in ("auto", "mic"))
    assert auto.good
    assert "demo voice" in auto.text
    assert not wanted.good


def test_a_wrong_identity_or_lookahead_is_found(checkpoint: Path) -> None:
    assert "alma, bruno, unknown" in look(checkpoint=checkpoint, identity="zoe")[-1].text
    assert "trained for" in look(checkpoint=checkpoint, lookahead_ms=50)[-1].text


def test_python_daemon_is_found(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    monkeypatch.setattr(
        check.metadata, "packages_distributions", lambda: {"daemon": ["facewire", "python-daemon", "python-daemon"]}
    )
    found = look(checkpoint=checkpoint)[0]
    assert not found.good
    assert "python-daemon installs" in found.text


def test_a_preview_whose_port_is_taken_is_told(checkpoint: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = look(checkpoint=checkpoint, preview_port=taken.getsockname()[1])
    assert [finding.text for finding in found if not finding.good] == [found[4].text]
    assert "--preview-port" in found[4].text
    assert look(checkpoint=checkpoint, preview=False)[4] == Finding(True, "preview: off")


def test_check_exits_with_1_if_anything_is_bad(sd: FakeSoundDevice, tmp_path: Path, checkpoint: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"checkpoint: {checkpoint}\n", encoding="utf-8")
    good = facewire("check", "--config", str(settings))
    assert good.exit_code == 0, good.output
    settings.write_text(f"checkpoint: {checkpoint}x\n", encoding="utf-8")
    bad = facewire("check", "--config", str(settings))
    assert bad.exit_code == 1
    assert "BAD" in bad.output
