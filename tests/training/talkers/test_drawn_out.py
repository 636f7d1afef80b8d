"""Drawn-out speech: phones stay with their sound, vowels are held, notes are sung."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.progress import Progress

from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.talkers.drawn_out import LONGEST_S, Score, draw_out, drawn_out

pyworld = pytest.importorskip("pyworld")

SAID = Spoken("buzz", "en", "ma", (Timed("m", 4800, 6400), Timed("a", 6400, 9600), Timed("s", 9600, 11200)))


def buzz(samples: int = 16_000) -> np.ndarray:
    """Quiet, but a buzz of 120 Hz from .3 to .7 s."""
    pulses = np.zeros(samples)
    pulses[4800:11200:133] = 1
    return np.convolve(pulses, np.exp(-np.arange(200) / 30) * 0.5)[:samples].astype(np.float32)


def test_phones_stay_with_their_sound() -> None:
    how = Score((1600, 32_000, 1600), sung=False, semitones=0)
    made, said = drawn_out(buzz(), SAID, how, np.random.default_rng(0))
    assert len(made) == 16_000 + 28_800
    assert [(each.phone, each.begin, each.end) for each in said.phones] == [
        ("m", 4800, 6400), ("a", 6400, 38_400), ("s", 38_400, 40_000),
    ]  # fmt: skip
    loud = np.abs(made).reshape(-1, 160).max(1) > 0.05
    assert not loud[:28].any()
    assert loud[44:236].all()


def test_nothing_changes_if_nothing_is_held() -> None:
    how = Score((1600, 3200, 1600), sung=False, semitones=0)
    made, said = drawn_out(buzz(), SAID, how, np.random.default_rng(0))
    assert said == SAID
    assert len(made) == 16_000


def test_a_sung_vowel_is_on_a_note() -> None:
    how = Score((1600, 32_000, 1600), sung=True, semitones=5)
    made, _ = drawn_out(buzz(), SAID, how, np.random.default_rng(0))
    hertz, _ = pyworld.harvest(made[12_000:36_000].astype(float), SAMPLE_RATE_HZ)
    semitone = 12 * np.log2(np.median(hertz[hertz > 0]) / 440)
    own = 12 * np.log2(120.3 / 440)
    assert abs(semitone - np.round(semitone)) < 0.15
    assert own - 4 < semitone - 5 < own + 8


def test_it_ends_after_a_while() -> None:
    how = Score((1600, 400_000, 1600), sung=False, semitones=0)
    made, said = drawn_out(buzz(), SAID, how, np.random.default_rng(0))
    assert len(made) == LONGEST_S * SAMPLE_RATE_HZ
    assert [each.phone for each in said.phones] == ["m", "a"]
    assert said.phones[-1].end == len(made)


def test_a_folder_is_drawn_out_by_the_seed_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(2):
        spoken.record(tmp_path / "in" / f"{number}.flac", buzz(), SAID)
    folder = spoken.recordings(tmp_path / "in")
    for out in ("one", "two"):
        draw_out(folder, 3, tmp_path / out, Progress(disable=True))
    first, second = (soundfile.read(tmp_path / out / "00001.flac")[0] for out in ("one", "two"))
    assert np.array_equal(first, second)
    assert spoken.read(tmp_path / "one" / "00001.flac") == spoken.read(tmp_path / "two" / "00001.flac")
    with pytest.raises(FacewireError, match="holds other speech"):
        draw_out(folder, 4, tmp_path / "one", Progress(disable=True))
