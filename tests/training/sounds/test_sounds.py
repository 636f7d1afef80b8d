from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.audio import read_audio
from protocols.errors import FacewireError
from tests.training.people import prepared, write_person
from training.datasets.dataset import read
from training.datasets.splits import split_of
from training.sounds.augment import (
    GAP_FEATURES,
    LEVEL_DBFS,
    at_level,
    disturb,
    in_noise,
    in_room,
    of_another_voice,
    packed,
    stretch,
)
from training.sounds.recordings import recordings_of, sound_of, speech_of_dataset


def rms_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64))))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def write(path: Path, seconds: float) -> None:
    sound = np.sin(np.arange(int(seconds * 16_000)) / 5) * 0.5
    soundfile.write(path, sound, 16_000)


def test_of_a_dataset_only_the_training_split_is_heard(tmp_path: Path) -> None:
    folder = write_person(tmp_path / "raw", clips=12)
    (speech,) = speech_of_dataset(read(prepared(folder, tmp_path / "set", "nina")))
    assert (speech.name, speech.licence) == ("set", "CC0")
    wanted = [path for path in sorted(folder.glob("*.flac")) if split_of(path.stem) == "train"]
    assert 0 < len(wanted) == len(speech.files) < 12
    for file, path in zip(speech.files, wanted, strict=True):
        np.testing.assert_array_equal(sound_of(file), read_audio(path))
    assert sum(len(piece) for piece in packed(speech.files)) > len(wanted) * 24_000
    write(folder / "deeper.wav", 0.1)
    assert len(recordings_of(folder, "CC0").files) == 13


def test_a_folder_without_speech_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="nothing to train on"):
        recordings_of(tmp_path, "CC0")


def test_recordings_begin_on_the_grid_and_are_levelled(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.51)
    write(tmp_path / "b.wav", 0.3)
    pieces = list(packed([tmp_path / "a.wav", tmp_path / "b.wav"]))
    assert [len(piece) for piece in pieces] == [(26 + GAP_FEATURES) * 320, (15 + GAP_FEATURES) * 320]
    for piece in pieces:
        assert len(piece) % 320 == 0
        assert not piece[-GAP_FEATURES * 320 :].any()
    assert rms_db(pieces[1][:4800] / 32768) == pytest.approx(LEVEL_DBFS, abs=0.05)


def test_another_voice_is_plainly_higher_or_lower_and_always_the_same_of_a_name() -> None:
    tone = np.sin(np.arange(16_000) * 2 * np.pi * 200 / 16_000).astype(np.float32)
    found = []
    for name in "abcdefgh":
        other = of_another_voice(tone, name)
        np.testing.assert_array_equal(other, of_another_voice(tone, name))
        found.append(np.argmax(np.abs(np.fft.rfft(other[:8000]))) * 2 / 200)
        assert len(other) / 16_000 == pytest.approx(1 / found[-1], abs=0.02)
    assert min(found) < 0.93
    assert max(found) > 1.07
    assert all(0.8 < pitch < 0.94 or 1.06 < pitch < 1.24 for pitch in found)


def test_silence_stays_silence() -> None:
    assert not at_level(np.zeros(100, np.float32), -20).any()


def test_a_room_adds_only_what_comes_later(rng: np.random.Generator) -> None:
    click = np.zeros(8000, np.float32)
    click[1000] = 1
    wet = in_room(click, rng)
    np.testing.assert_allclose(wet[:1000], 0, atol=1e-6)
    assert wet[1000] == pytest.approx(1, abs=1e-5)
    assert np.abs(wet[1001:3000]).max() > 0.001


def test_the_noise_of_a_microphone_is_below_what_it_hears(rng: np.random.Generator) -> None:
    tone = np.sin(np.arange(16_000, dtype=np.float32))
    added = [in_noise(tone, rng) - tone for _ in range(20)]
    below_db = 20 * np.log10(tone.std() / np.std(added, axis=1))
    assert 10 <= below_db.min() < 25 < below_db.max() <= 40
    assert not in_noise(0 * tone, rng).any()


def test_disturbed_speech_keeps_its_length_and_range(rng: np.random.Generator) -> None:
    sound = at_level(rng.standard_normal(16_080).astype(np.float32), LEVEL_DBFS)
    for _ in range(40):
        made = disturb(sound, rng)
        assert made.shape == sound.shape
        assert made.dtype == np.float32
        assert np.abs(made).max() <= 1


plain = soundfile.SoundFile.read


def keep(path: Path, sound: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, sound, 16_000)


def test_every_set_of_recordings_is_heard_alike_however_many_files_it_has(tmp_path: Path) -> None:
    """One file of -1, nine of +1: what comes out tells which set it is of."""
    keep(tmp_path / "few" / "one.wav", np.full(32_000, -0.5))
    for number in range(9):
        keep(tmp_path / "many" / f"{number}.wav", np.full(32_000, 0.5))
    sets = [recordings_of(tmp_path / name, "ours") for name in ("few", "many")]
    heard = [stretch(sets, 40_000, np.random.default_rng(seed)) for seed in range(40)]
    assert all(each.shape == (40_000,) and np.square(each).mean() == pytest.approx(1, rel=1e-3) for each in heard)
    assert 12 <= sum(each[0] < 0 for each in heard) <= 28


def test_sounds_of_keys_are_strewn_at_random_with_others_of_their_folder(tmp_path: Path) -> None:
    for folder, hertz in (("dull", (300, 700)), ("bright", (2000, 5000))):
        for tone in hertz:
            keep(tmp_path / folder / f"{tone}.wav", 0.5 * np.sin(2 * np.pi * tone * np.arange(1280) / 16_000))
    keep(tmp_path / "dull" / "long.wav", 0.5 * np.sin(2 * np.pi * 5000 * np.arange(64_000) / 16_000))  # not strewn
    keys = [recordings_of(tmp_path, "ours")]
    seen = set()
    for seed in range(20):
        heard = stretch(keys, 160_000, np.random.default_rng(seed))
        power = np.abs(np.fft.rfft(heard)) ** 2
        near = {hertz: power[10 * hertz - 100 : 10 * hertz + 100].sum() for hertz in (300, 700, 2000, 5000)}
        loud = {hertz for hertz, there in near.items() if there > 0.05 * power.sum()}
        assert loud <= {300, 700} or loud <= {2000, 5000}
        seen.add(frozenset(loud))
        sounding = np.flatnonzero(heard)
        begins = sounding[1:][np.diff(sounding) > 200]
        assert len(begins) < 3 or np.diff(begins).std() > 500  # not a machine's beat
    assert {frozenset({300, 700}), frozenset({2000, 5000})} <= seen
    np.testing.assert_array_equal(*(stretch(keys, 16_000, np.random.default_rng(3)) for _ in range(2)))


def test_no_more_of_a_long_recording_is_read_than_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "ramp.wav", np.linspace(0.1, 0.9, 441_000), 44_100)
    read = []
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda file, *a, **k: read.append(a[0]) or plain(file, *a, **k))
    heard = [stretch([recordings_of(tmp_path, "ours")], 32_000, np.random.default_rng(seed)) for seed in range(20)]
    assert read == [88_200] * 20
    assert len({float(each[0] / each[-1]).__round__(3) for each in heard}) > 10


def test_an_empty_recording_is_named(tmp_path: Path) -> None:
    keep(tmp_path / "set" / "empty.wav", np.zeros(0))
    with pytest.raises(FacewireError, match=r"empty\.wav.*0 samples"):
        stretch([recordings_of(tmp_path / "set", "ours")], 16_000, np.random.default_rng(0))
