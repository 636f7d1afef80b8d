import numpy as np
import pytest

from model.performance.prosody import silence
from model.performance.settings import Settings
from tests.model.performance.voice import hear, perform, sound, talking
from training.performance.measure import accents, heeded
from training.performance.perform import Performed

TIMES = 14


@pytest.fixture(scope="module")
def runs() -> list[Performed]:
    heard, quick = talking(30, TIMES), hear(sound(TIMES))
    return [Performed("demo", 30, *perform(heard, seed=seed), quick) for seed in range(3)]


def test_it_moves_as_far_and_as_fast_as_people_who_talk(runs: list[Performed]) -> None:
    pose = np.concatenate([run.pose for run in runs])
    speed = np.concatenate([np.abs(np.diff(run.pose, axis=0)) * 30 for run in runs])
    assert (np.array([2, 2.5, 1]) < pose[:, :3].std(0)).all()
    assert (pose[:, :3].std(0) < np.array([5, 6, 3])).all()
    assert (np.array([3.5, 7, 2.5]) < speed[:, :3].mean(0)).all()
    assert (speed[:, :3].mean(0) < np.array([12, 22, 9])).all()
    assert speed[:, :3].max() < 200
    assert np.percentile(np.abs(pose[:, :3]), 99) < 20
    assert np.abs(pose[:, 1].mean()) < 2.5
    assert (pose[:, 3:6].std(0) < 0.012).all()
    assert (pose[:, 3:6].std(0) > 0.0003).all()


def test_it_neither_trembles_nor_swings_like_a_clock(runs: list[Performed]) -> None:
    for run in runs:
        for axis in range(3):
            angle = run.pose[:, axis] - run.pose[:, axis].mean()
            power = np.abs(np.fft.rfft(angle * np.hanning(len(angle)))) ** 2
            hz = np.fft.rfftfreq(len(angle), 1 / 30)
            assert power[hz > 5].sum() < 0.01 * power.sum()
            assert power[hz > 0.25].sum() > 0.1 * power.sum()
            beats = power[hz > 0.3]
            assert np.convolve(beats, np.ones(5), "same").max() < 0.25 * beats.sum()


def test_accents_are_heeded(runs: list[Performed]) -> None:
    rng = np.random.default_rng(0)
    shares = np.array([heeded(run, rng) for run in runs])
    assert len(accents(runs[0])) > 0.5 * runs[0].seconds
    assert shares[:, 0].mean() > 1.5 * shares[:, 1].mean()
    deaf = [
        Performed("deaf", 30, *perform(talking(30, TIMES), seed=seed), hear(np.roll(sound(TIMES), 16_000 * 6)))
        for seed in range(3)
    ]
    assert np.array([heeded(run, rng) for run in deaf])[:, 0].mean() < 0.8 * shares[:, 0].mean()


def test_somebody_silent_sits_almost_still_and_breathes() -> None:
    _, pose = perform(silence(1, 30 * 300), Settings(listening=0))
    assert (pose[:, :3].std(0) < 2.0).all()
    assert (pose[:, :3].std(0) > 0.4).all()
    assert np.abs(np.diff(pose[:, :3], axis=0)).mean() * 30 < 1.5
    height = pose[:, 4] - pose[:, 4].mean()
    power = np.abs(np.fft.rfft(height * np.hanning(len(height)))) ** 2
    hz = np.fft.rfftfreq(len(height), 1 / 30)
    breath = power[(hz > 0.2) & (hz < 0.4)].sum() / power[hz > 0.05].sum()
    assert breath > 0.3


def test_strength_and_liveliness_scale_it() -> None:
    heard = talking(30, 4)
    full, half, none = (perform(heard, Settings(head=k))[1][:, :6] for k in (1.0, 0.5, 0.0))
    np.testing.assert_allclose(half, full / 2, atol=1e-5)
    assert not none.any()
    lively, calm = (perform(heard, Settings(liveliness=k))[1][:, 0].std() for k in (1.5, 0.0))
    assert calm < 0.7 * lively
    assert perform(heard, Settings(liveliness=0.0))[1][:, 1].std() > 1  # nods are the voice's
