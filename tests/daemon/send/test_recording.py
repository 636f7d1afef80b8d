from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.send.recording import KEPT_SAMPLES, Recorder, free_name
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols import takes
from protocols.frame import Frame
from tests.daemon.sounds import sound
from tests.model.posed import poses_at

SECONDS = 6
SOUND = sound(SECONDS * 16_000)
WEIGHTS = np.random.default_rng(0).random((SECONDS * 30, 52), np.float32)
POSES = poses_at(range(SECONDS * 30))
TOLD = [0, 1, 2, 6, 7, 8, 9]
"""What a csv tells of the pose: all but where the head is."""


@pytest.fixture
def settings(tmp_path: Path) -> LiveSettings:
    return LiveSettings(DaemonConfig(takes=tmp_path / "takes"))


def play(recorder: Recorder, first: int, end: int, *, skip: tuple[int, ...] = (), ahead: int = 8_000) -> None:
    """Frames first to end, each after the sound that is `ahead` samples later."""
    for index in range(first, end):
        begin = index * 1_600 // 3 + ahead if index else 0
        recorder.hear(begin, SOUND[begin : (index + 1) * 1_600 // 3 + ahead])
        if index not in skip:
            recorder.send(Frame(index, Fraction(30), 0, WEIGHTS[index], POSES[index]))


def test_a_take_is_the_face_as_sent_with_the_sound_that_it_was_made_from(settings: LiveSettings) -> None:
    recorder, said = Recorder(settings), []
    settings.say = said.append
    play(recorder, 0, 40)
    assert recorder.seconds is None
    settings.change({"record": True})
    play(recorder, 40, 100, skip=(70, 71))
    assert recorder.seconds == pytest.approx(58 / 30)
    settings.change({"record": False})
    play(recorder, 100, 130)
    assert recorder.seconds is None
    recorder.close()

    csv, wav = sorted(settings.now.takes.iterdir())
    assert said == [f"recorded {csv} and {wav.name}"]
    take = takes.read(csv)
    assert take.fps == 30
    assert take.weights.shape == (60, 52)
    np.testing.assert_allclose(take.weights[:30], WEIGHTS[40:70], atol=1e-4)
    np.testing.assert_allclose(take.weights[30], WEIGHTS[69] + (WEIGHTS[72] - WEIGHTS[69]) / 3, atol=1e-4)
    np.testing.assert_allclose(take.poses[:30, TOLD], POSES[40:70, TOLD], atol=1e-2)
    np.testing.assert_allclose(take.poses[30, TOLD], (POSES[69] + (POSES[72] - POSES[69]) / 3)[TOLD], atol=1e-2)
    samples, rate = soundfile.read(wav, dtype="float32")
    assert rate == 16_000
    begin = round(Fraction(40, 30) * 16_000)
    np.testing.assert_allclose(samples, SOUND[begin : begin + 32_000], atol=1e-4)


def test_a_take_that_is_under_way_is_written_at_the_end_of_the_program(settings: LiveSettings) -> None:
    recorder = Recorder(settings)
    settings.change({"record": True})
    play(recorder, 0, 20)
    recorder.close()
    assert len(list(settings.now.takes.iterdir())) == 2


def test_lost_sound_is_silence_and_moves_nothing(settings: LiveSettings) -> None:
    recorder = Recorder(settings)
    settings.change({"record": True})
    recorder.hear(0, SOUND[:4_000])
    recorder.hear(8_000, SOUND[8_000:20_000])
    for index in range(30):
        recorder.send(Frame(index, Fraction(30), 0, WEIGHTS[index]))
    recorder.close()
    samples, _ = soundfile.read(next(settings.now.takes.glob("*.wav")), dtype="float32")
    np.testing.assert_allclose(samples[:4_000], SOUND[:4_000], atol=1e-4)
    assert not samples[4_000:8_000].any()
    np.testing.assert_allclose(samples[8_000:], SOUND[8_000:16_000], atol=1e-4)


def test_while_nothing_is_recorded_only_the_last_seconds_are_kept(settings: LiveSettings) -> None:
    recorder = Recorder(settings)
    for start in range(0, 60 * 16_000, 160):
        recorder.hear(start, SOUND[:160])
    kept = sum(len(piece) for _, piece in recorder._sound)
    assert 5 * 16_000 < kept <= KEPT_SAMPLES + 160  # the longest latency there is


def test_a_take_ends_by_itself_after_half_an_hour(settings: LiveSettings) -> None:
    recorder = Recorder(settings)
    settings.change({"record": True})
    for index in (0, 30 * 60 * 30):
        recorder.send(Frame(index, Fraction(30), 0, WEIGHTS[0]))
    assert not settings.now.record
    recorder._frames.clear()


def test_a_folder_that_cannot_be_made_is_told_and_stops_nothing(settings: LiveSettings) -> None:
    settings.now.takes.write_text("a file", encoding="utf-8")
    recorder, said = Recorder(settings), []
    settings.say = said.append
    settings.change({"record": True})
    play(recorder, 0, 3)
    recorder.close()
    assert "could not be written" in said[0]


def test_no_take_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "a (2).csv").touch()
    assert free_name(tmp_path, "a").name == "a (3).csv"
