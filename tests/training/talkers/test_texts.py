from pathlib import Path

import pytest

from protocols.errors import FacewireError
from training.talkers.texts import LONGEST, SHORTEST, named, texts_of

ONE = "A penny saved is a penny to squander, said the wise old man."
TWO = "Nobody can be exactly like me; even I have trouble doing it on Mondays."


def texts(path: Path, content: str, encoding: str = "utf-8") -> list[str]:
    path.write_bytes(content.encode(encoding))
    return texts_of(path)


def test_fortunes_without_their_authors(tmp_path: Path) -> None:
    fortunes = f"{ONE}\n\t\t-- Ambrose Bierce\n%\nToo short.\n%\nCosts 5 dollars, {ONE}\n%\n{TWO[:30]}\n{TWO[30:]}\n"
    joined = f"{TWO[:30].strip()} {TWO[30:].strip()}"
    assert texts(tmp_path / "fortunes", fortunes) == sorted([ONE, joined])


def test_paragraphs_of_a_plain_text(tmp_path: Path) -> None:
    assert texts(tmp_path / "book.txt", f"{ONE}\r\n\r\n{TWO}\r\n") == sorted([ONE, TWO])


def test_a_long_paragraph_comes_in_whole_sentences(tmp_path: Path) -> None:
    found = texts(tmp_path / "book.txt", " ".join([ONE, TWO] * 5))
    assert len(found) >= 2
    assert all(SHORTEST <= len(text) <= LONGEST and text.endswith((ONE, TWO)) for text in found)


def test_languages_without_capitals_and_old_encodings(tmp_path: Path) -> None:
    hindi = "नमस्ते, आप कैसे हैं? मेरा नाम अलेक्स है और मैं यहाँ हूँ, आप से मिलने।"
    assert texts(tmp_path / "hi.txt", hindi) == [hindi]
    assert texts(tmp_path / "es", f"%\n{ONE} ¿Qué tal, señor?\n%\n", "latin-1") == [f"{ONE} ¿Qué tal, señor?"]


def test_nothing_to_speak(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="nothing to speak"):
        texts(tmp_path / "empty", "12345")
    with pytest.raises(FacewireError, match="cannot be read"):
        texts_of(tmp_path / "missing")


def test_a_language_needs_its_file() -> None:
    assert named("pt-br=a=b") == ("pt-br", Path("a=b"))
    with pytest.raises(FacewireError, match="expected LANG=FILE"):
        named("fortunes")
