from pathlib import Path

import numpy as np
import pytest
import soundfile

from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from tests.training.strangers.sounds import noise
from training.strangers import syllables
from training.strangers.syllables import Syllable, auc, figures, read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = (
        "es/syllab/ba",
        "es/syllab/ti",
        "es/syllab/mu",
        "de/alpha/o",
        "en/alpha/A",
        "ml/syllab/bi",
        "es/syllab/gue",
        "es/alpha/b",
    )
    for name in names:
        path = tmp_path / f"{name}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = np.concatenate([np.zeros(8000, np.float32), noise(0, 8000)])
        soundfile.write(path, sound, 16_000)
    return tmp_path


def face(each: Syllable) -> np.ndarray:
    """A mouth that does what it should from the onset at .5 s on."""
    made = np.zeros((30, COUNT), np.float32)
    made[18:, INDEX["jawOpen"]] = {"a": 0.4, "e": 0.3, "o": 0.25}.get(each.vowel, 0.15)
    if each.consonant not in "pbm" or not each.consonant:
        made[12:18, INDEX["jawOpen"]] = 0.15
    if each.vowel in "uo":
        made[17:, INDEX["mouthPucker"]] = 0.5
    return made


def test_syllables_of_one_vowel_are_read_but_only_where_letters_tell_the_vowel(folder: Path) -> None:
    said = read(folder)
    assert [(each.clip.recording, each.consonant, each.vowel) for each in said] == [
        ("de-o", "", "o"), ("es-ba", "b", "a"), ("es-mu", "m", "u"), ("es-ti", "t", "i"),
    ]  # fmt: skip
    found = figures(said, [face(each) for each in said], 30)
    assert found == {
        "jaw tells a from i and u, AUC": 1, "lips tell u and o from i and e, AUC": 1, "p, b, m begin closed": 1,
        "p, b, m begin closer than others, AUC": 1,
        "other consonants begin closed": 0, "syllables": 4,
    }  # fmt: skip
    still = figures(said, [np.full((30, COUNT), 0.1, np.float32) for _ in said], 30)
    assert still["jaw tells a from i and u, AUC"] == still["lips tell u and o from i and e, AUC"] == 0.5
    assert still["p, b, m begin closed"] == still["other consonants begin closed"]


def test_without_some_consonants_their_figures_are_left_out(folder: Path) -> None:
    said = [each for each in read(folder) if not each.consonant]
    assert figures(said, [face(each) for each in said], 30) == {"syllables": 1}
    said = [each for each in read(folder) if each.consonant in "bm" and each.consonant]
    assert figures(said, [face(each) for each in said], 30) == {
        "jaw tells a from i and u, AUC": 1, "p, b, m begin closed": 1, "syllables": 2,
    }  # fmt: skip


def test_a_folder_without_syllables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match=r"es/syllab/bu\.ogg"):
        read(tmp_path)
    assert syllables.auc([], [1.0]) != syllables.auc([], [1.0])


def test_auc_is_how_often_one_is_above_the_other() -> None:
    assert auc([1, 2], [0, 1]) == 0.875
