from pathlib import Path

import numpy as np
import pytest
import soundfile

from protocols.errors import FacewireError
from training.phones import spoken
from training.phones.festival import convert
from training.phones.spoken import Timed

LABEL = "#\n0.1 125 pau\n0.2 125 mm\n0.30 125 aa\n0.40 125 ch\n0.45 125 pau\n"


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    for name in ("lab", "wav"):
        (tmp_path / "voice" / name).mkdir(parents=True)
    (tmp_path / "voice" / "lab" / "one.lab").write_text(LABEL, encoding="latin-1")
    soundfile.write(tmp_path / "voice" / "wav" / "one.wav", np.zeros(6000), 16_000)
    return tmp_path / "voice"


def test_labels_become_phones(voice: Path, tmp_path: Path) -> None:
    (made,) = convert(voice, "ru", tmp_path / "out")
    said = spoken.read(made)
    assert (said.voice, said.language) == ("voice", "ru")
    assert said.phones == (
        Timed("m", 1600, 3200),
        Timed("a", 3200, 4800),
        Timed("t", 4800, 5400),
        Timed("sh", 5400, 6000),
    )


@pytest.mark.parametrize("line", ["x 125 m", "0.5 125 qq", "inf 125 m", "nan 125 m"])
def test_a_broken_label_is_named(voice: Path, tmp_path: Path, line: str) -> None:
    (voice / "lab" / "one.lab").write_text(f"{LABEL}{line}\n", encoding="latin-1")
    with pytest.raises(FacewireError, match=r"one\.lab"):
        list(convert(voice, "ru", tmp_path / "out"))


def test_another_folder_and_language_are_refused(voice: Path, tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no labels"):
        list(convert(tmp_path, "ru", tmp_path / "out"))
    with pytest.raises(FacewireError, match="language xx"):
        list(convert(voice, "xx", tmp_path / "out"))
