import numpy as np
import pytest

from model.performance.prosody import Prosody, silence
from protocols.blendshapes import INDEX
from training.performance import figures, measure
from training.performance.perform import Performed, Sound, hear, joined

FPS = 30


def performed(weights: np.ndarray | None = None, pose: np.ndarray | None = None, heard: Prosody | None = None):
    frames = len(next(values for values in (weights, pose) if values is not None))
    return Performed(
        "made", FPS, np.zeros((frames, 52), np.float32) if weights is None else weights,
        np.zeros((frames, 10), np.float32) if pose is None else pose, heard or silence(1, frames),
    )  # fmt: skip


def blinking(onsets: np.ndarray, frames: int) -> np.ndarray:
    weights = np.zeros((frames, 52), np.float32)
    for onset in onsets:
        weights[onset : onset + 6, INDEX["eyeBlinkLeft"]] = [0.3, 0.9, 1.0, 0.7, 0.3, 0.1]
    return weights


def test_blinks_are_counted_and_their_gaps_compared() -> None:
    rng = np.random.default_rng(0)
    gaps = np.exp(rng.normal(np.log(2.8), 0.8, 400)).clip(0.6)
    onsets = np.cumsum(np.round(gaps * FPS)).astype(int)
    run = performed(blinking(onsets, onsets[-1] + 60))
    found = measure.blinks_s(run.weights[:, INDEX["eyeBlinkLeft"]], FPS)
    np.testing.assert_allclose(found, (onsets + 1) / FPS)
    assert measure.ks_distance(measure.gaps_s([run]), 2.8, 0.8) < 0.1
    assert measure.ks_distance(measure.gaps_s([run]), 1.4, 0.8) > 0.25
    rate = figures.blinking([run], "rest", 2.8, 10, 22)[0]
    assert rate.value == pytest.approx(400 / run.seconds * 60)


def spoken(frames: int, accents: np.ndarray) -> Prosody:
    loud = np.full(frames, -12.0)
    for accent in accents:
        loud[accent - 3 : accent + 4] += [1, 3, 6, 8, 6, 3, 1]
    ones = np.ones((1, frames), np.float32)
    return Prosody(loud[None].astype(np.float32), 120 * ones, ones, ones)


def test_heads_that_heed_accents_are_told_from_those_that_do_not() -> None:
    rng = np.random.default_rng(1)
    frames = 6000
    accents = np.cumsum(rng.integers(20, 60, 130))
    accents = accents[accents < frames - 60]
    heard = spoken(frames, accents)
    pose, deaf = np.zeros((2, frames, 10))
    for values, at in ((pose, accents), (deaf, np.sort(rng.integers(20, frames - 60, len(accents))))):
        for onset in at:
            values[onset - 4 : onset + 6, 1] += np.hanning(10) * 5
    found = measure.accents(performed(pose=pose, heard=heard))
    assert np.isin(found, accents).mean() > 0.95
    shares = [measure.heeded(performed(pose=values, heard=heard), rng) for values in (pose, deaf)]
    assert shares[0][0] > 0.95
    assert shares[0][0] > 1.5 * shares[0][1]
    assert shares[1][0] < 1.3 * shares[1][1]


def test_figures_out_of_their_range_are_marked() -> None:
    still = performed(pose=np.zeros((3000, 10), np.float32))
    table = figures.table(figures.talking([still], 0))
    assert "head yaw, deviation in degrees" in table
    assert "<- out of its range" in table
    assert "eyeBlink with jawOpen" not in table
    talks = blinking(np.arange(50, 2950, 90), 3000)
    talks[:, INDEX["jawOpen"]] = talks[:, INDEX["eyeBlinkLeft"]] / 2
    found = {figure.name: figure for figure in figures.talking([performed(talks)], 0)}
    assert found["eyeBlink with jawOpen, r"].value == pytest.approx(1)
    assert not found["eyeBlink with jawOpen, r"].good


def test_short_sounds_are_joined_equally_loud_and_their_closures_go_along() -> None:
    rng = np.random.default_rng(2)
    sounds = [
        Sound(f"s{k}", np.pad(rng.normal(0, 0.01 * (k + 1), 32_000), 16_000).astype(np.float32), (1.5,))
        for k in range(80)
    ]
    sounds[0].samples[24_000] = 9
    runs = list(joined(sounds))
    assert runs[0].name == "s0"
    assert all(len(run.samples) >= 60 * 16_000 for run in runs[:-1])
    assert sum(len(run.closures_s) for run in runs) == 80
    first, second = runs[0].closures_s[:2]
    assert np.abs(runs[0].samples[round(first * 16_000)]) == pytest.approx(0.5)
    assert 2.25 <= second - first <= 2.95
    heard = hear(runs[1].samples, FPS, 0)
    assert (heard.loudness_db[0] > -15).mean() > 0.6
