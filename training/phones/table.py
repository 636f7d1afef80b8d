"""The phones that the recogniser tells apart, their visemes, and what IPA and ARPAbet symbols are in them.

One table for every language: a foreign sound is the phone whose lips it shares. A front rounded vowel is `u`, because a
face must round its lips; a trilled r is `d`, because only the English one rounds them.
"""

from typing import Final

from protocols.errors import FacewireError

SILENCE: Final = "sil"
VISEMES: Final[dict[str, tuple[str, ...]]] = {
    "closed": ("p", "b", "m"),
    "lip on teeth": ("f", "v"),
    "tongue on teeth": ("th", "dh"),
    "ridge": ("t", "d", "n", "l"),
    "hiss": ("s", "z"),
    "hush": ("sh", "zh", "r"),
    "back": ("k", "g", "ng", "h"),
    "round": ("w", "u", "U", "o", "O"),
    "spread": ("j", "i", "I"),
    "mid": ("e", "E", "er", "@"),
    "open": ("ae", "a", "A", "V"),
    "silence": (SILENCE,),
}
"""Phones that look alike."""
PHONES: Final = tuple(phone for phones in VISEMES.values() for phone in phones)
"""The 36 phones and silence, in the order of the visemes."""
INDEX: Final = {phone: index for index, phone in enumerate(PHONES)}
VISEME_OF: Final = tuple(list(VISEMES).index(viseme) for viseme, phones in VISEMES.items() for _ in phones)
"""Index of each phone's viseme."""
CLOSED: Final = VISEMES["closed"]
VOWELS: Final = frozenset(phone for name in ("round", "spread", "mid", "open") for phone in VISEMES[name]) - {"w", "j"}

_IPA: Final = {
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "g": "g", "ɡ": "g", "f": "f", "v": "v", "θ": "th", "ð": "dh",
    "s": "s", "z": "z", "ʃ": "sh", "ʒ": "zh", "m": "m", "n": "n", "ŋ": "ng", "l": "l", "ɹ": "r", "j": "j", "w": "w",
    "h": "h", "ɾ": "d", "r": "d", "ɽ": "d", "ɖ": "d", "ʈ": "t", "ɳ": "n", "ɭ": "l", "ɲ": "n", "ʎ": "l", "ɫ": "l",
    "ʝ": "j", "ɟ": "j", "c": "k", "q": "k", "x": "h", "χ": "h", "ç": "h", "ʁ": "h", "ɦ": "h", "ʔ": "h", "ɣ": "g",
    "ɰ": "g", "ɴ": "ng", "β": "v", "ʋ": "v", "ɸ": "f", "ʂ": "sh", "ɕ": "sh", "ʐ": "zh", "ʑ": "zh", "ɻ": "r", "ɥ": "w",
    "i": "i", "ɪ": "I", "ᵻ": "I", "ɨ": "I", "e": "e", "ɛ": "E", "æ": "ae", "a": "a", "ɑ": "A", "ɐ": "V", "ʌ": "V",
    "ɔ": "O", "ɒ": "O", "o": "o", "u": "u", "ʊ": "U", "ʏ": "U", "ɯ": "U", "y": "u", "ø": "o", "œ": "O", "ɜ": "er",
    "ɝ": "er", "ɚ": "er", "ə": "@", "ɘ": "@", "ɤ": "@", "ᵊ": "@",
}  # fmt: skip
_IPA_TWO: Final = {
    "ʤ": "d zh", "ʧ": "t sh", "ʦ": "t s", "ʣ": "d z", "ʥ": "d zh", "ʨ": "t sh", "ꭧ": "t sh",
    "A": "e I", "I": "a I", "O": "o U", "W": "a U", "Y": "O I", "Q": "@ U", "T": "d", "S": "sh",
}  # fmt: skip
"""Affricates, and the single letters that Kokoro's alphabet has for diphthongs."""
LENGTHENING: Final = "ːʰʲ\u0303ᵝ"
"""IPA marks that belong to the sound before them."""
STRESS: Final = "ˈˌ"
"""IPA marks that belong to the sound after them."""

_ARPABET: Final = {
    "AA": "A", "AE": "ae", "AO": "O", "AW": "a U", "AY": "a I", "B": "b", "CH": "t sh", "D": "d", "DH": "dh",
    "EH": "E", "ER": "er", "EY": "e I", "F": "f", "G": "g", "HH": "h", "IH": "I", "IY": "i", "JH": "d zh", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ng", "OW": "o U", "OY": "O I", "P": "p", "R": "r", "S": "s", "SH": "sh",
    "T": "t", "TH": "th", "UH": "U", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "zh",
}  # fmt: skip
_REDUCED: Final = "AH"
"""Two vowels in one symbol: V where it is a word's only vowel, as in "one", and @ elsewhere, as in "again"."""
_VOWELS: Final = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])


def of_ipa(symbol: str) -> tuple[str, ...]:
    """The phones of one IPA letter, or of one letter of Kokoro's alphabet; () for anything that is not a sound."""
    found = _IPA.get(symbol) or _IPA_TWO.get(symbol)
    return tuple(found.split()) if found else ()


def of_arpabet(word: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The phones of each ARPAbet symbol, without stress, of one word. Raises FacewireError for an unknown symbol."""
    alone = sum(symbol in _VOWELS for symbol in word) == 1
    try:
        return [("V" if alone else "@",) if symbol == _REDUCED else tuple(_ARPABET[symbol].split()) for symbol in word]
    except KeyError as error:
        raise FacewireError(f"{error.args[0]}: not an ARPAbet symbol without stress") from None
