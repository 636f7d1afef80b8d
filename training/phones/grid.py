"""What is said in a recording of the GRID corpus, by its name: `bbaf2n` is "bin blue at f two now"."""

from typing import Final

_PLACES: Final = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {
        "z": "zero", "1": "one", "2": "two", "3": "three", "4": "four",
        "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine",
    },
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)  # fmt: skip


def sentence(recording: str) -> tuple[str, ...]:
    """The six words of a recording, by the last part of its name, such as `s1_bbaf2n`; () for any other name."""
    code = recording.rpartition("_")[2]
    if len(code) != len(_PLACES) or any(letter not in words for letter, words in zip(code, _PLACES, strict=True)):
        return ()
    return tuple(words[letter] for letter, words in zip(code, _PLACES, strict=True))
