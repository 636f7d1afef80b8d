"""Music is composed anew for each seed, as valid MIDI, and played by a real synthesiser."""

import shutil
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from protocols.errors import FacewireError
from training.cli import app
from training.sounds import music

SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
needs_synthesiser = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not SOUNDFONT.exists(),
    reason="apt-get install fluidsynth timgm6mb-soundfont: no music was played",
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_note_ends_and_the_piece_is_as_long_as_it_is_to_be(seed: int) -> None:
    piece = music.compose(np.random.default_rng(seed))
    assert piece.length == pytest.approx(music.PIECE_S, abs=10)
    notes = 0
    for track in piece.tracks[1:]:
        sounding: dict[int, int] = {}
        for message in track:
            assert message.time >= 0
            if message.type in ("note_on", "note_off"):
                change = 1 if message.type == "note_on" else -1
                sounding[message.note] = sounding.get(message.note, 0) + change
                notes += change > 0
        assert not any(sounding.values())
    assert notes > 5


def test_a_third_of_the_pieces_is_one_instrument_that_pauses() -> None:
    """Alone and with rests it is the most like somebody who talks."""
    pieces = [music.compose(np.random.default_rng(seed)) for seed in range(60)]
    alone = [piece.tracks[1] for piece in pieces if len(piece.tracks) == 2]
    assert 15 <= len(alone) <= 35  # with those of many parts whose number came out as one
    silent = []
    for track in alone:
        sounding = quiet = total = 0
        for message in track:
            total, quiet = total + message.time, quiet + message.time * (sounding == 0)
            sounding += {"note_on": 1, "note_off": -1}.get(message.type, 0)
        silent.append(quiet / total)
    assert max(silent) > 0.5 > 0.2 > min(silent)


def test_a_seed_is_a_piece(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        music.compose(np.random.default_rng(seed)).save(tmp_path / name)
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again != other
    assert mido.MidiFile(tmp_path / "one").ticks_per_beat == music.TICKS


@needs_synthesiser
@pytest.mark.slow
def test_pieces_are_played_and_those_that_exist_kept(tmp_path: Path) -> None:
    (tmp_path / "000-0000.flac").write_text("kept", encoding="utf-8")
    done = CliRunner().invoke(app, ["music", str(SOUNDFONT), "--out", str(tmp_path), "--pieces", "3"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "000-0000.flac").read_text(encoding="utf-8") == "kept"
    pieces = [soundfile.read(tmp_path / f"000-000{number}.flac") for number in (1, 2)]
    for sound, rate_hz in pieces:
        assert rate_hz == 16_000
        assert len(sound) == pytest.approx(60 * 16_000, rel=0.2)
        assert 0.001 < sound.std() < 0.5
    assert len(list(tmp_path.iterdir())) == 3


@needs_synthesiser
def test_what_is_no_soundfont_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no such file"):
        music.play(tmp_path / "none.sf2", [0], tmp_path / "piece.flac")
    (tmp_path / "text.sf2").write_text("hello", encoding="utf-8")
    with pytest.raises(FacewireError, match=r"text\.sf2"):
        music.play(tmp_path / "text.sf2", [0], tmp_path / "piece.flac")
    assert not (tmp_path / "piece.flac").exists()


def test_without_a_synthesiser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FacewireError, match="install it"):
        music.play(SOUNDFONT, [0], tmp_path / "piece.flac")
