import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.windows import Windower, WindowSpec, window_at, windows_of
from protocols.errors import FacewireError

SPEC = WindowSpec(left_ms=100, hop_ms=40, right_ms=60)


def whole(spec: WindowSpec, samples: np.ndarray) -> np.ndarray:
    """The definition: window h reads [h * hop - left, …) of the stream, zeros outside it."""
    hops = spec.hops(len(samples))
    padded = np.concatenate([np.zeros(spec.left_samples), samples, np.zeros(spec.samples + spec.hop_samples)])
    rows = [padded[h * spec.hop_samples : h * spec.hop_samples + spec.samples] for h in range(hops)]
    return np.array(rows, np.float32).reshape(hops, spec.samples)


def test_default_geometry_is_fifty_hubert_frames() -> None:
    spec = WindowSpec()
    assert (spec.features, spec.samples, spec.hop_samples) == (50, 16_080, 1_600)
    assert spec.latency_samples == (100 + 160 + 5) * 16
    assert (spec.frames_per_hop(30), spec.frames_per_hop(60)) == (3, 6)


@given(cuts=st.lists(st.integers(0, 3_000), max_size=12), tail=st.integers(0, 700), seed=st.integers(0, 99))
def test_any_cutting_gives_the_windows_of_the_whole(cuts: list[int], tail: int, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, sum(cuts) + tail).astype(np.float32)
    windower, got = Windower.at(SPEC), []
    for piece in np.split(samples, np.cumsum(cuts)):
        windower, windows = windower.push(piece)
        got.extend(windows)
    assert windower.end == len(samples)
    got.extend(windower.flush())
    np.testing.assert_array_equal(np.array(got, np.float32).reshape(-1, SPEC.samples), whole(SPEC, samples))


@given(length=st.integers(0, 3_000), begin=st.integers(0, 3_000), seed=st.integers(0, 99))
def test_the_window_of_any_hop_is_found_in_any_part_of_the_sound(length: int, begin: int, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-2, 2, length).astype(np.float32)
    samples[seed : seed + 1] = np.nan
    for hop, window in enumerate(windows_of(SPEC, samples)):
        np.testing.assert_array_equal(window_at(SPEC, hop, samples), window)
        later = samples.copy()
        later[:begin] = 0
        np.testing.assert_array_equal(window_at(SPEC, hop, samples[begin:], begin), window_at(SPEC, hop, later))
    assert not window_at(SPEC, 99, samples).any()


def test_a_stream_can_start_at_any_hop() -> None:
    windower, windows = Windower.at(SPEC, hop=7).push(np.ones(SPEC.latency_samples, np.float32))
    assert (len(windows), windower.next_hop) == (1, 8)
    assert windower.end == 7 * SPEC.hop_samples + SPEC.latency_samples
    assert not windows[0, : SPEC.left_samples].any()


def test_nothing_but_finite_samples_within_one_leaves() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 1e30, -7.0, 0.5] * 1000, np.float32)
    _, windows = Windower.at(SPEC).push(wild)
    assert np.isfinite(windows).all()
    assert np.abs(windows).max() == 1.0


@pytest.mark.parametrize("lengths", [(15, 100, 160), (740, 0, 160), (740, 100, -20), (0, 100, 160)])
def test_lengths_that_hubert_cannot_have_are_refused(lengths: tuple[int, int, int]) -> None:
    with pytest.raises(FacewireError, match=r"_ms"):
        WindowSpec(*lengths)


def test_a_rate_that_does_not_divide_the_hop_is_refused() -> None:
    with pytest.raises(FacewireError, match="25 fps"):
        WindowSpec(hop_ms=20).frames_per_hop(25)
