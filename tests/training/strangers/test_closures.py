import numpy as np
import pytest

from protocols.blendshapes import COUNT, INDEX
from training.phones.spoken import Spoken, Timed
from training.strangers import closures
from training.strangers.closures import CLOSED_GAP, REAL_DIP, figures, measured, middles_s

SAID = Spoken(
    "", "en", "", (Timed("a", 0, 8000), Timed("m", 8000, 9600), Timed("p", 9600, 11_200), Timed("A", 11_200, 16_000))
)
AT_S = 0.6


def face(gap: np.ndarray) -> np.ndarray:
    made = np.zeros((len(gap), COUNT), np.float32)
    made[:, INDEX["jawOpen"]] = gap + 0.1
    made[:, INDEX["mouthClose"]] = 0.1
    return made


def at(fps: int) -> np.ndarray:
    return np.arange(fps) / fps


def test_closures_that_follow_each_other_are_one() -> None:
    assert middles_s(SAID, ("p", "b", "m")) == [AT_S]
    assert middles_s(SAID, ("a", "A")) == [0.25, 0.85]
    apart = Spoken("", "", "", (Timed("p", 0, 1600), Timed("p", 3200, 4800)))
    assert middles_s(apart, ("p",)) == [0.05, 0.25]


@pytest.mark.parametrize("fps", [25, 30, 50])
def test_lips_that_meet_in_time_have_full_marks(fps: int) -> None:
    dip = face(np.where(np.abs(at(fps) - AT_S) < 0.05, 0, REAL_DIP))
    found = figures(measured([SAID], [dip], fps))
    assert found == {
        "closure recall": 1, "closure depth": pytest.approx(1, abs=0.01), "open vowels closed": 0, "closures": 1,
    }  # fmt: skip
    late = face(np.where(np.abs(at(fps) - AT_S - 0.15) < 0.05, 0, REAL_DIP))
    assert figures(measured([SAID], [late], fps))["closure recall"] == 0


def test_a_still_face_closes_nothing_or_everything() -> None:
    closed, parted = (figures(measured([SAID], [face(np.full(30, gap))], 30)) for gap in (0, 2 * CLOSED_GAP))
    assert closed["closure recall"] == closed["open vowels closed"] == 1  # so that no one is taken in
    assert parted["closure recall"] == parted["open vowels closed"] == 0
    assert closed["closure depth"] == parted["closure depth"] == 0


def test_without_closures_there_are_no_figures() -> None:
    silent = Spoken("", "en", "", (Timed("a", 0, 8000),))
    assert figures(measured([silent], [face(np.zeros(30))], 30)) == {}
    assert closures.NEAR_S < closures.AROUND_S
