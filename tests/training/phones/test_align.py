"""Forced alignment, held against GRID's own word times and what the demo voice says."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress
from typer.testing import CliRunner

from model.audio import read_audio
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from tests.model.performance.voice import DEMO
from training import cli
from training.datasets.alignments import words
from training.phones import spoken
from training.phones.align import align_folder, aligned, aligned_words, letters_spelt, plain_words

pytest.importorskip("pocketsphinx")

CLIP = Path(__file__).parents[4] / "shared" / "data" / "grid_s1" / "s1_bbal7s.flac"
DEMO_SAYS = (
    "hello i am the demo voice of face wire you speak and my mouth moves pop a bubble mom and maybe "
    "please plug in a microphone and bring your own avatar to life"
)
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don\N{RIGHT SINGLE QUOTATION MARK}t - have it!", "i don't have it"),
        ("\N{LEFT SINGLE QUOTATION MARK}Stop\N{RIGHT SINGLE QUOTATION MARK}, bin a(2) _blue_", "stop bin a(2) blue"),
    ],
)
def test_a_text_in_the_aligners_spelling(text: str, words: str) -> None:
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("text", "named"),
    [("24 caf\xe9s (and tea)", "24, caf\xe9s"), ("cafe\u0301", "caf\xe9"), ("B2B", "b2b"), ("-", "no words")],
)
def test_what_the_aligner_cannot_spell_is_refused(text: str, named: str) -> None:
    with pytest.raises(FacewireError, match=named):
        plain_words(text)


def test_texts_that_cannot_be_used_are_left_out_and_the_others_are_aligned(tmp_path: Path) -> None:
    texts = {"demo": DEMO_SAYS.encode(), "latin": b"caf\xe9", "number": b"hello 24"}
    for name, text in texts.items():
        shutil.copy(DEMO, (tmp_path / name).with_suffix(DEMO.suffix))
        (tmp_path / f"{name}.txt").write_bytes(text)
    with Progress(disable=True) as bar:
        done, left_out = align_folder(tmp_path, "demo", bar)
    assert done == 1
    assert [path.name for path in spoken.recordings(tmp_path)] == [f"demo{DEMO.suffix}"]
    assert "latin.txt: cannot be read" in left_out[0]
    assert left_out[1].endswith("spell as English words are: 24")


def test_letters_are_spelt_as_grid_says_them() -> None:
    assert letters_spelt(["sil", "bin", "a", "z", "sil"]) == "bin a(2) zed"


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match=r"NAME\.txt"):
        CliRunner().invoke(cli.app, ["align", str(tmp_path)], catch_exceptions=False)


def test_the_demo_voice_says_what_it_says_when_it_says_it() -> None:
    samples = read_audio(DEMO)
    found = aligned_words(samples, DEMO_SAYS)
    assert [word.text for word in found] == DEMO_SAYS.split()
    phones = [phone for word in found for phone in word.phones]
    assert all(one.end <= two.begin for one, two in pairwise(phones))
    begins_s = {word.text: word.phones[0].begin / SAMPLE_RATE_HZ for word in found}
    for text, begin_s in {"hello": 0.5, "pop": 5.8, "please": 8.6, "life": 11.75}.items():
        assert begins_s[text] == pytest.approx(begin_s, abs=0.15)
    assert [phone.phone for phone in next(word for word in found if word.text == "pop").phones] == ["p", "A", "p"]


def test_speech_is_loud_and_what_is_between_is_not() -> None:
    samples = read_audio(DEMO)
    said = np.zeros(len(samples), bool)
    for phone in aligned(samples, DEMO_SAYS):
        said[phone.begin : phone.end] = True
    assert np.square(samples[said]).mean() > 100 * np.square(samples[~said]).mean()
