import numpy as np

from model.performance import listening, phrases
from model.performance.prosody import silence
from model.performance.settings import Settings
from tests.model.performance.voice import perform, talking

STILL = Settings(liveliness=0.0, gaze=0)


def nods_s(pose: np.ndarray) -> np.ndarray:
    """When the head dips by more than a degree within a quarter of a second."""
    dips = pose[8:, 1] - pose[:-8, 1] > 0.9
    return np.flatnonzero(np.diff(dips.astype(int)) == 1) / 30


def test_nods_fall_into_the_others_pauses() -> None:
    other = talking(30, 12)
    frames = other.shape[1]
    found = []
    for seed in range(4):
        _, pose = perform(silence(1, frames), STILL, seed=seed, other=other)
        found += nods_s(pose).tolist()
    assert 4 < len(found) / (4 * frames / 30 / 60) < 30  # per minute
    phrase, after = phrases.Phrase(), np.zeros(frames, bool)
    for frame, heard in enumerate(other.sounds()[0]):
        phrase, cue = phrases.follow(phrase, 1 / 30, *heard)
        if cue.phrase_ended_s >= listening.PHRASE_S:
            after[frame : frame + 30] = True
    assert after.mean() < 0.5
    assert after[(np.array(found) * 30).astype(int)].mean() > 1.5 * after.mean()


def test_with_nobody_to_hear_they_are_small_and_rare() -> None:
    _, pose = perform(silence(1, 30 * 300), STILL)
    minutes = 5
    assert 1 <= len(nods_s(pose)) / minutes < 12
    assert np.abs(np.diff(pose[:, 1])).max() * 30 < 60


def test_who_speaks_does_not_nod_to_the_other() -> None:
    voice = talking(30, 2)
    alone = perform(voice, STILL)[1]
    both = perform(voice, STILL, other=voice)[1]
    np.testing.assert_allclose(alone[60:], both[60:], atol=1.5)


def test_listening_has_a_strength() -> None:
    other = talking(30, 4)
    none = perform(silence(1, other.shape[1]), Settings(liveliness=0.0, gaze=0, listening=0), other=other)[1]
    some = perform(silence(1, other.shape[1]), STILL, other=other)[1]
    assert len(nods_s(none)) == 0
    assert len(nods_s(some)) > 0
