from pathlib import Path

import numpy as np
import pytest
import soundfile

from protocols.errors import FacewireError
from tests.training.strangers.sounds import said_at_random, write
from training.strangers import said
from training.strangers.said import Ravdess, ravdess_files, ravdess_intensities, spoken_set


@pytest.fixture
def actors(tmp_path: Path) -> Path:
    for actor in (1, 2):
        (tmp_path / f"Actor_{actor:02}").mkdir()
        for emotion in (1, 2, 5):
            for intensity in (1,) if emotion == 1 else (1, 2):
                for statement in (1, 2):
                    name = f"03-01-{emotion:02}-{intensity:02}-{statement:02}-01-{actor:02}.wav"
                    soundfile.write(tmp_path / f"Actor_{actor:02}" / name, np.zeros(1600), 16_000)
    soundfile.write(tmp_path / "Actor_01" / "03-01-notes.wav", np.zeros(16), 16_000)
    return tmp_path


def test_ravdess_is_found_by_its_names(actors: Path) -> None:
    files = ravdess_files(actors)
    assert len(files) == 2 * 10
    assert files[Ravdess(5, 2, 1, 1, 2)].name == "03-01-05-02-01-01-02.wav"
    with pytest.raises(FacewireError, match="no speech of RAVDESS"):
        ravdess_files(actors / "Actor_01" / "none")


@pytest.mark.parametrize("per_actor", [1, 3, 9])
def test_strong_and_normal_differ_in_nothing_else(actors: Path, per_actor: int) -> None:
    pairs = ravdess_intensities(ravdess_files(actors), per_actor)
    assert len(pairs) == 2 * min(per_actor, 4)
    names = [tuple(clip.recording.split("-") for clip in pair) for pair in pairs]
    assert len({"-".join(strong) for _, strong in names}) == len(pairs)
    for normal, strong in names:
        assert (normal[3], strong[3]) == ("01", "02")
        assert normal[:3] + normal[4:] == strong[:3] + strong[4:]


def test_neutral_speech_has_both_sentences(actors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(said, "aligned_said", lambda clip, text: asked.append((clip.recording, text)) or [])
    assert said.ravdess_neutral(ravdess_files(actors), 2) == []
    assert asked == [
        ("03-01-01-01-01-01-01", said.RAVDESS[1]), ("03-01-01-01-02-01-01", said.RAVDESS[2]),
        ("03-01-01-01-02-01-02", said.RAVDESS[2]), ("03-01-01-01-01-01-02", said.RAVDESS[1]),
    ]  # fmt: skip
    asked.clear()
    said.ravdess_neutral(ravdess_files(actors), 1)
    assert [name for name, _ in asked] == ["03-01-01-01-01-01-01", "03-01-01-01-02-01-02"]


def test_a_spoken_set_is_what_was_written(tmp_path: Path) -> None:
    one = said_at_random(0)
    write(tmp_path, one)
    (read,) = spoken_set(tmp_path)
    assert read.spoken == one.spoken
    assert read.talking().sum() == pytest.approx(len(one.spoken.phones) * 0.2 * 30, abs=2)
    assert not read.talking()[:14].any()
