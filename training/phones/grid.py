"""What is said in a recording of the GRID corpus, by its name: `bbaf2n` is "bin blue at f two now"."""

from typing import Final

_PLACES: Final = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(
        zip("z123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
    ),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


def sentence(recording: str) -> tuple[str, ...]:
    """The six words of a recording, by the last part of its name, such as `s1_bbaf2n`; () for any other name."""
    code = recording.rpartition("_")[2]
    if len(code) != len(_PLACES) or any(letter not in words for letter, words in zip(code, _PLACES, strict=True)):
        return ()
    return tuple(words[letter] for letter, words in zip(code, _PLACES, strict=True))
