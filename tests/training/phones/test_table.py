import pytest

from protocols.errors import FacewireError
from training.phones.table import CLOSED, INDEX, PHONES, VISEME_OF, VISEMES, of_arpabet, of_ipa

KOKORO = "AIOQSTWYabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔᵻʣʥʦʨꭧᵊ"


def test_every_phone_has_one_viseme() -> None:
    assert len(PHONES) == len(set(PHONES)) == 37
    assert [list(VISEMES)[index] for index in VISEME_OF[:4]] == ["closed"] * 3 + ["lip on teeth"]
    assert {INDEX[phone] for phone in CLOSED} == {0, 1, 2}


def test_every_sound_of_the_synthesiser_is_known() -> None:
    assert [letter for letter in KOKORO if not of_ipa(letter)] == []
    assert all(phone in INDEX for letter in KOKORO for phone in of_ipa(letter))
    assert of_ipa("ˈ") == of_ipa(" ") == ()


def test_a_diphthong_is_two_phones() -> None:
    assert of_arpabet(("AY",)) == [("a", "I")] == [of_ipa("I")]


def test_a_reduced_vowel_depends_on_its_word() -> None:
    assert of_arpabet(("W", "AH", "N"))[1] == ("V",)
    assert of_arpabet(("AH", "G", "EH", "N"))[0] == ("@",)
    with pytest.raises(FacewireError, match="XX"):
        of_arpabet(("XX",))
