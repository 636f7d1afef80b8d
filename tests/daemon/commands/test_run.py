from pathlib import Path

from tests.daemon.commands.shell import refused
from tests.daemon.fake_sounddevice import FakeSoundDevice


def test_run_tells_what_is_wrong_in_plain_words(sd: FakeSoundDevice, tmp_path: Path, checkpoint: str) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("liveliness: 7\nsneed: 3\n", encoding="utf-8")
    told = refused("run", "--config", str(settings), "--sink", "vmx://127.0.0.1")
    assert "3 errors" in told
    assert "did you mean seed?" in told
    assert "mic:2  Line In" in refused("run", "--input", "mic:Banana")
    assert "no such checkpoint" in refused("run", "--input", "demo", "--checkpoint", str(tmp_path / "none"))
    assert "alma, bruno, unknown" in refused("run", "--input", "demo", "--checkpoint", checkpoint, "--identity", "zoe")
