from dataclasses import replace

import numpy as np
import pytest

from protocols.blendshapes import COUNT, INDEX
from tests.training.strangers.sounds import noise
from training.datasets.clips import Clip
from training.strangers import loudness
from training.strangers.said import frames_of, real_face, sound_only


def follows_loudness(seed: int) -> Clip:
    """Somebody whose jaw is as open as the sound is loud, and whose lips have other things to do."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0, 1, 8)
    steps[4] = 1
    curve = np.interp(np.arange(60) / 30, np.linspace(0, 2, 8), steps)
    curves = rng.uniform(0, 1, (60, COUNT)).astype(np.float32)
    curves[:, INDEX["jawOpen"]] = curve
    level = np.interp(np.arange(32_000) / 16_000, np.arange(60) / 30, curve)
    clip = sound_only(f"{seed}", noise(seed, 32_000) * (10 ** (1.5 * (level - 1))).astype(np.float32))
    return replace(clip, curves=curves, seen=np.ones(60, bool), confidence=np.ones(COUNT, np.float32))


def test_loudness_tells_what_follows_it_and_nothing_else() -> None:
    clips = [follows_loudness(seed) for seed in range(6)]
    made = np.concatenate(loudness.of_others(clips, 30))
    real = np.concatenate([real_face(clip) for clip in clips])
    jaw, pucker = INDEX["jawOpen"], INDEX["mouthPucker"]
    assert np.corrcoef(made[:, jaw], real[:, jaw])[0, 1] > 0.8
    assert abs(np.corrcoef(made[:, pucker], real[:, pucker])[0, 1]) < 0.3


def test_a_clip_is_not_fitted_on_itself() -> None:
    clips = [follows_loudness(seed) for seed in range(3)]
    other = replace(clips[0], curves=1 - clips[0].curves)
    before, after = (loudness.of_others([first, *clips[1:]], 30)[0] for first in (clips[0], other))
    np.testing.assert_array_equal(before, after)
    assert loudness.of_others(clips[:1], 30) == []


@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_it_does_not_matter_how_loud_the_microphone_is(gain: float) -> None:
    clips = [follows_loudness(seed) for seed in range(3)]
    known = loudness.fitted(clips, 30)
    made = known.face(clips[0].samples * np.float32(gain), 30)
    assert len(made) == frames_of(clips[0])
    np.testing.assert_allclose(made, known.face(clips[0].samples, 30), atol=0.02)
