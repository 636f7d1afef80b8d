import os
import stat
from pathlib import Path

import pytest
import soundfile
from rich.progress import Progress

from protocols.errors import FacewireError
from training.phones import spoken
from training.phones.spoken import Timed
from training.talkers import flite

ENDS = "pau:0.110 m:0.210 ay:0.410 b:0.460 ax:0.510 pau:0.700 ch:0.810 \n"
"""As `flite -psdur` prints them."""


def test_phones_end_where_flite_says() -> None:
    assert flite.timed(ENDS, 16_000) == (
        Timed("m", 1600, 3200), Timed("a", 3200, 4800), Timed("I", 4800, 6400), Timed("b", 6400, 7200),
        Timed("@", 7200, 8000), Timed("t", 11040, 11920), Timed("sh", 11920, 12800),
    )  # fmt: skip
    assert flite.timed(ENDS, 4000)[-1] == Timed("I", 3600, 4000)


@pytest.mark.parametrize("ends", ["m:soon", "m", "m:inf", "m:nan", "xx:0.5", "", "pau:0.2 pau:0.4"])
def test_anything_else_is_refused(ends: str) -> None:
    with pytest.raises(FacewireError):
        flite.timed(ends, 16_000)


def test_an_utterance_depends_on_seed_and_number_alone() -> None:
    texts = ["One thing.", "Another thing (of 2)!"]
    made = [flite.saying(texts, 3, number) for number in range(30)]
    assert made == [flite.saying(texts, 3, number) for number in range(30)]
    assert {each.voice for each in made} == set(flite.VOICES)
    assert "2" not in "".join(each.text for each in made)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for flite")
def test_recordings_lie_beside_their_phones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "flite"
    program.parent.mkdir()
    soundfile.write(tmp_path / "said.wav", [0.1] * 16_000, 16_000)
    program.write_text(
        f'#!/bin/sh\nfor out in "$@"; do :; done\ncp {tmp_path}/said.wav "$out"\necho "{ENDS.strip()}"\n',
        encoding="utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    flite.say(["My church."], 0, 2, tmp_path / "out", Progress(disable=True))
    recordings = spoken.recordings(tmp_path / "out")
    assert [path.name for path in recordings] == ["00000.flac", "00001.flac"]
    said = spoken.read(recordings[0])
    assert said.voice.removeprefix("flite_") in flite.VOICES
    assert said.phones == flite.timed(ENDS, 16_000)
    with pytest.raises(FacewireError, match=r"holds other speech \(seed\)"):
        flite.say(["My church."], 1, 2, tmp_path / "out", Progress(disable=True))
    with pytest.raises(FacewireError, match=r"holds other speech \(texts\)"):
        flite.say(["My house."], 0, 2, tmp_path / "out", Progress(disable=True))
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    flite.say(["My church."], 0, 2, tmp_path / "out", Progress(disable=True))
    with pytest.raises(FacewireError, match="cannot say 'My church"):
        flite.say(["My church."], 0, 3, tmp_path / "out", Progress(disable=True))


def test_without_flite_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FacewireError, match="apt install flite"):
        flite.say(["One."], 0, 1, tmp_path / "out", Progress(disable=True))
