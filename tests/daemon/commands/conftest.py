import sys
from pathlib import Path

import pytest
import soundfile

from model.checkpoint import save
from model.face import FaceModel
from tests.daemon.commands.shell import SAMPLES
from tests.daemon.fake_sounddevice import FakeSoundDevice, device
from tests.model.tiny import tiny_model


@pytest.fixture(scope="session")
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
