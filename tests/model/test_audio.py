from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.audio import read_audio
from protocols.errors import FacewireError


@pytest.mark.parametrize(
    ("name", "rate_hz"), [("a.wav", 48_000), ("a.flac", 44_100), ("a.ogg", 16_000), ("a.mp3", 22_050)]
)
def test_any_rate_and_channels_become_mono_at_16_khz(tmp_path: Path, name: str, rate_hz: int) -> None:
    time_s = np.arange(rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(tmp_path / name, np.stack([tone, np.zeros_like(tone)], 1), rate_hz)
    sound = read_audio(tmp_path / name)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(16_000, abs=1_200)  # mp3 and ogg pad
    middle = sound[4_000:12_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440 / 2, abs=1)
    assert np.abs(middle).max() == pytest.approx(0.25, abs=0.03)


def test_what_is_not_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no such sound file"):
        read_audio(tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("hello", encoding="utf-8")
    with pytest.raises(FacewireError, match=r"text\.wav: not a sound file"):
        read_audio(tmp_path / "text.wav")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(FacewireError, match="0 samples"):
        read_audio(tmp_path / "empty.wav")
