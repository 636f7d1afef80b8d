import numpy as np
import pytest

from tests.training.strangers.sounds import said_at_random, shown
from training.strangers import readability, reader
from training.strangers.measure import CEILING, known_phones
from training.strangers.readability import labels
from training.strangers.reader import Reader
from training.strangers.said import Said, Word, frames_of

LEARNT = [said_at_random(seed) for seed in range(12)]
UNSEEN = [said_at_random(seed, language="es" if seed % 2 else "en") for seed in range(100, 106)]

TALKING = [each.talking() for each in UNSEEN]


def true(said: list[Said]) -> list[np.ndarray]:
    return [shown(each.spoken, frames_of(each.clip), 30) for each in said]


def learn() -> Reader:
    return reader.trained(true(LEARNT), [each.talking() for each in LEARNT], [each.visemes() for each in LEARNT])


@pytest.fixture(scope="module")
def known() -> Reader:
    return learn()


def test_a_true_face_is_read_and_a_still_one_is_not(known: Reader) -> None:
    faces = {
        "true": lambda clips: true(UNSEEN),
        "still": lambda clips: [0 * face + 0.2 for face in true(UNSEEN)],
        "late": lambda clips: [np.roll(face, 30, 0) for face in true(UNSEEN)],
        "small": lambda clips: [0.5 * face for face in true(UNSEEN)],
    }
    found = known_phones(UNSEEN, faces, known, animator=shown).table
    assert found["true"]["readability"] > 0.9
    assert found["true"]["readability, es"] > 0.8 < found["true"]["readability, en"]
    assert found["small"]["readability"] == pytest.approx(found["true"]["readability"], abs=0.02)
    assert found["still"]["readability"] == pytest.approx(1 / 12) == found["still"]["readability by chance"]
    assert found["late"]["readability"] < 0.3
    assert found[CEILING]["readability"] == found["true"]["readability"]
    assert found["true"]["share of the ceiling"] == found["true"]["share of the ceiling above chance"] == 1
    assert found["still"]["share of the ceiling above chance"] == pytest.approx(0)
    assert "share of the ceiling" not in found[CEILING]


def test_a_face_that_hardly_moves_is_not_blown_up(known: Reader) -> None:
    barely = known_phones(UNSEEN, {"barely": lambda clips: [0.005 * face for face in true(UNSEEN)]}, known).table
    assert barely["barely"]["readability"] < 0.4


def test_the_same_seed_makes_the_same_reader(known: Reader) -> None:
    again = learn()
    for one, other in zip(known.read(true(UNSEEN), TALKING), again.read(true(UNSEEN), TALKING), strict=True):
        np.testing.assert_array_equal(one, other)


def test_words_are_learnt_or_judged_but_not_both() -> None:
    said = LEARNT[0]
    words = tuple(
        Word("white" if place % 2 else "bin", phone.begin, phone.end) for place, phone in enumerate(said.spoken.phones)
    )
    both = Said(said.clip, said.spoken, words)
    learnt, judged = labels(both, held_out=False), labels(both, held_out=True)
    speech = said.talking()
    assert (learnt[~speech] == judged[~speech]).all()
    assert ((learnt[speech] >= 0) ^ (judged[speech] >= 0)).all()
    assert (judged[speech] >= 0).mean() == pytest.approx(0.5, abs=0.05)
    assert "white" in readability.HELD_OUT


def test_what_is_read_as_what_is_counted() -> None:
    counts = reader.confusion([np.array([0, 1, 1, 5])], [np.array([0, 1, 0, -1])])
    assert counts.sum() == 3
    assert counts[0, 1] == counts[0, 0] == counts[1, 1] == 1
    assert reader.balanced_accuracy(counts) == 0.75
    assert reader.chance(counts) == 0.5
