from pathlib import Path

import pytest

from protocols.errors import FacewireError
from training.datasets import alignments
from training.datasets.alignments import Word


def test_words_have_their_times(tmp_path: Path) -> None:
    recording = tmp_path / "clip.flac"
    assert alignments.beside(recording) == ()
    assert alignments.words(recording) == []
    align = tmp_path / "clip.align"
    align.write_text("0 25000 sil\n25000 40000 bin\n", encoding="utf-8")
    assert alignments.beside(recording) == (align,)
    assert alignments.words(recording) == [Word(0.0, 1.0, "sil"), Word(1.0, 1.6, "bin")]


@pytest.mark.parametrize("text", ["0 25000\n", "a 25000 bin\n", "0 1.5 bin\n", "0 1 bin blue\n", "\n"])
def test_what_is_no_alignment_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "clip.align").write_text(text, encoding="utf-8")
    with pytest.raises(FacewireError, match=r"clip\.align: not a GRID alignment"):
        alignments.words(tmp_path / "clip.flac")
