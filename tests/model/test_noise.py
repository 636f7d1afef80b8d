from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import noise
from protocols import blendshapes
from training.datasets.splits import split_of
from training.prepare import npz_folder

POLES = [0.8] * 52
GRID = Path(__file__).parents[3] / "shared" / "data" / "grid_s1"


@given(first=st.integers(-40, 10**9), lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_noise_is_a_function_of_seed_and_absolute_frame(first: int, lengths: list[int]) -> None:
    whole = noise.correlated(3, first, sum(lengths), POLES)
    at = np.cumsum([0, *lengths[:-1]])
    pieces = [noise.correlated(3, first + int(a), n, POLES) for a, n in zip(at, lengths, strict=True)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


def test_noise_is_normal_and_correlated_in_time_only() -> None:
    drawn = noise.correlated(1, 0, 20_000, [0.8] * 8).astype(np.float64)
    assert abs(drawn.mean()) < 0.05
    assert abs(drawn.std() - 1) < 0.03
    assert abs(np.mean(drawn[1:] * drawn[:-1]) - 2 * 0.8 / (1 + 0.8**2)) < 0.02
    across = np.corrcoef(drawn.T) - np.eye(8)
    assert np.abs(across).max() < 0.1
    white = noise.white(1, 0, 20_000, 8)
    assert abs(np.mean(white**4) - 3) < 0.1  # kurtosis of a normal
    assert abs(np.mean(white[1:] * white[:-1])) < 0.02


def test_each_channel_has_its_own_pole() -> None:
    drawn = noise.correlated(1, 0, 20_000, [0.8, 0.0, 0.88]).astype(np.float64)
    for index, pole in enumerate([0.8, 0.0, 0.88]):
        alone = noise.correlated(1, 0, 20_000, [pole] * 3)[:, index]
        np.testing.assert_allclose(drawn[:, index], alone, atol=1e-6)
        following = np.corrcoef(drawn[1:, index], drawn[:-1, index])[0, 1]
        assert following == pytest.approx(2 * pole / (1 + pole**2), abs=0.02)


def test_both_sides_of_the_upper_face_and_no_others_share_their_noise() -> None:
    drawn = noise.correlated(1, 0, 500, POLES)[:, noise.ONE_FACE]
    same = np.argwhere(np.triu(np.corrcoef(drawn.T) > 0.999, 1))
    named = {f"{blendshapes.NAMES[one]} {blendshapes.NAMES[other]}" for one, other in same}
    assert named >= {"eyeBlinkLeft eyeBlinkRight", "browDownLeft browDownRight", "noseSneerLeft noseSneerRight"}
    assert named >= {"eyeLookInLeft eyeLookOutRight", "eyeLookOutLeft eyeLookInRight", "eyeLookUpLeft eyeLookUpRight"}
    assert len(named) == 10
    assert not [name for name in named if name.startswith(("jaw", "mouth", "cheek"))]


def test_seeds_differ() -> None:
    assert np.abs(noise.correlated(1, 0, 9, POLES) - noise.correlated(2, 0, 9, POLES)).max() > 1


def roughness(curves: np.ndarray) -> float:
    """Mean absolute second difference, in deviations."""
    return float(np.mean(np.abs(np.diff(curves, 2, axis=0)).mean(0) / curves.std(0)))


@pytest.mark.skipif(not GRID.is_dir(), reason=f"no recordings with real curves at {GRID}")
def test_noise_is_as_smooth_as_a_real_face() -> None:
    paths = [path for path in sorted(GRID.glob("*.npz")) if split_of(path.stem) == "validation"]
    clips = [npz_folder.read(path, "s1", "CC BY 4.0").clip(offset_ms=10) for path in paths]
    real = np.concatenate([clip.at(np.arange(88) / 30)[0] for clip in clips])
    moving = real.std(0) > 0.01
    drawn = noise.correlated(0, 0, len(real), POLES)
    assert roughness(drawn) == pytest.approx(roughness(real[:, moving]), rel=0.3)
