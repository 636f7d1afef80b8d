from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import FacewireError
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.phones.table import INDEX, SILENCE

SAID = Spoken("anna", "en-gb", "a pea", (Timed("@", 320, 900), Timed("p", 900, 2000), Timed("i", 2400, 5000)))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "one.flac"
    soundfile.write(path, np.zeros(6000), 16_000)
    spoken.write(path, SAID)
    return path


def test_what_is_written_is_read(recording: Path) -> None:
    assert spoken.read(recording) == SAID
    assert spoken.recordings(recording.parent) == [recording]
    assert len(spoken.sound_and_phones([recording])[0][0]) == 6000


def test_between_phones_there_is_silence() -> None:
    asked = np.array([0, 319, 320, 899, 900, 2000, 2399, 2400, 4999, 5000, 9000])
    silent = INDEX[SILENCE]
    at, p, i = INDEX["@"], INDEX["p"], INDEX["i"]
    assert SAID.at(asked).tolist() == [silent, silent, at, at, p, silent, silent, i, i, silent, silent]
    assert Spoken("", "", "", ()).at(asked).tolist() == [silent] * len(asked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 1]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 5, 5]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", -5, 5]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["q", 1, 5]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 1, 5], ["i", 4, 9]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 1, Infinity]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", NaN, 5]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 1, 1e300]]}',
        '{"voice": "a", "language": "en", "text": "", "phones": [["p", 1, 1382400001]]}',
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_named(recording: Path, text: str) -> None:
    recording.with_suffix(".phones").write_text(text, encoding="utf-8")
    with pytest.raises(FacewireError, match=r"one\.phones"):
        spoken.read(recording)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "one.flac"
    path.with_suffix(".phones").write_bytes(data)
    with pytest.raises(FacewireError):
        spoken.read(path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no recordings"):
        spoken.recordings(tmp_path)
