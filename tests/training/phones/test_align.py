"""Forced alignment, held against GRID's own word times."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.audio import read_audio
from protocols.errors import FacewireError
from training import cli
from training.datasets.alignments import words
from training.phones import spoken
from training.phones.align import aligned, letters_spelt

pytest.importorskip("pocketsphinx")

CLIP = Path(__file__).parents[4] / "shared" / "data" / "grid_s1" / "s1_bbal7s.flac"
needs_grid = pytest.mark.skipif(not CLIP.exists(), reason="no grid_s1 in ../shared/data")


@needs_grid
def test_phones_begin_where_their_words_do(tmp_path: Path) -> None:
    for path in (CLIP, CLIP.with_suffix(".align")):
        shutil.copy(path, tmp_path)
    result = CliRunner().invoke(cli.app, ["align", str(tmp_path), "--voice", "s1"], catch_exceptions=False)
    assert "1 recordings aligned, 0 left out" in result.output
    said = spoken.read(tmp_path / CLIP.name)
    assert (said.voice, said.language) == ("s1", "en")
    begins = [each.begin / 16_000 for each in said.phones]
    spoken_words = [word for word in words(CLIP) if word.text != "sil"]
    for word in spoken_words:
        assert min(abs(begin - word.begin_s) for begin in begins) < 0.06, word
    assert {"b", "l"} <= {each.phone for each in said.phones}


@needs_grid
def test_a_text_that_cannot_be_aligned_is_named() -> None:
    with pytest.raises(FacewireError, match="dictionary: xqzzt"):
        aligned(read_audio(CLIP), "bin xqzzt")


def test_letters_are_spelt_as_grid_says_them() -> None:
    assert letters_spelt(["sil", "bin", "a", "z", "sil"]) == "bin a(2) zed"


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match=r"NAME\.txt"):
        CliRunner().invoke(cli.app, ["align", str(tmp_path)], catch_exceptions=False)
