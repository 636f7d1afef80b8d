import pytest

from training.phones import grid


def test_a_recordings_name_is_its_sentence() -> None:
    assert grid.sentence("s1_bbaf2n") == ("bin", "blue", "at", "f", "two", "now")
    assert grid.sentence("lwizzs") == ("lay", "white", "in", "z", "zero", "soon")


@pytest.mark.parametrize("name", ["", "talk_ex1", "s1_bbaf2", "s1_bbaf2nn", "s1_bbaw2n", "obama1"])
def test_other_names_tell_no_sentence(name: str) -> None:
    assert grid.sentence(name) == ()
