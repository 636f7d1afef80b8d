import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.level import FLOOR_DB, Leveller, levelled
from model.windower import Windower, Windows, window_at, windows_of
from model.windows import WindowSpec

SPEC = WindowSpec(left_ms=100, hop_ms=40, right_ms=60)


def whole(spec: WindowSpec, samples: np.ndarray) -> np.ndarray:
    """The definition: window h reads [h * hop - left, …) of the levelled stream, which ends in silence."""
    hops = spec.hops(len(samples))
    silence = Leveller(spec.highpass_hz).push(samples)[0].end(spec.samples + spec.hop_samples)
    sound = levelled(np.concatenate([samples, silence]), spec.highpass_hz)
    padded = np.concatenate([np.zeros(spec.left_samples), sound])
    rows = [padded[h * spec.hop_samples : h * spec.hop_samples + spec.samples] for h in range(hops)]
    return np.array(rows, np.float32).reshape(hops, spec.samples)


@given(cuts=st.lists(st.integers(0, 3_000), max_size=12), tail=st.integers(0, 700), seed=st.integers(0, 99))
def test_any_cutting_gives_the_windows_of_the_whole(cuts: list[int], tail: int, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, sum(cuts) + tail).astype(np.float32)
    windower, got = Windower.at(SPEC), []
    for piece in np.split(samples, np.cumsum(cuts)):
        windower, windows = windower.push(piece)
        got.append(windows)
    assert windower.end == len(samples)
    made = Windows.joined([*got, windower.flush()])
    np.testing.assert_array_equal(made.sound, whole(SPEC, samples))
    assert made.level_db.shape == (len(made), SPEC.features + 1)


@given(length=st.integers(0, 3_000), begin=st.integers(0, 3_000), seed=st.integers(0, 99))
def test_the_window_of_any_hop_is_found_in_any_part_of_the_sound(length: int, begin: int, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, length).astype(np.float32)
    for hop in range(SPEC.hops(length)):
        later = samples.copy()
        later[:begin] = 0
        np.testing.assert_array_equal(window_at(SPEC, hop, samples[begin:], begin), window_at(SPEC, hop, later))
    assert not window_at(SPEC, 99, samples).any()


def test_windows_of_levelled_sound_are_those_of_the_stream() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 3_200).astype(np.float32)
    for hop, window in enumerate(windows_of(SPEC, samples)):
        inside = min(SPEC.samples, 3_200 + SPEC.left_samples - hop * SPEC.hop_samples)
        np.testing.assert_array_equal(
            window_at(SPEC, hop, levelled(samples, SPEC.highpass_hz))[:inside], window.sound[:inside]
        )


def test_a_stream_can_start_at_any_hop_and_knows_its_level() -> None:
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, SPEC.latency_samples).astype(np.float32)
    windower, windows = Windower.at(SPEC, hop=7).push(sound)
    assert (len(windows), windower.next_hop) == (1, 8)
    assert windower.end == 7 * SPEC.hop_samples + SPEC.latency_samples
    assert not windows.sound[0, : SPEC.left_samples].any()
    jumped = windower.jump(30)
    assert (jumped.end, jumped.leveller.level_db) == (30 * SPEC.hop_samples, windower.leveller.level_db)
    assert jumped.leveller.level_db > FLOOR_DB + 10


def test_what_the_level_did_can_be_undone() -> None:
    sound = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * np.geomspace(1e-3, 0.1, 16_000)
    for hop, window in enumerate(windows_of(SPEC, sound.astype(np.float32))[3:300]):
        begin = (hop + 3) * SPEC.hop_samples - SPEC.left_samples
        inside = sound[begin : begin + SPEC.samples]
        assert np.corrcoef(window.unlevelled[: len(inside)], inside)[0, 1] > 0.95
        assert 0.9 < window.unlevelled[: len(inside)].std() / inside.std() < 1.1


def test_nothing_but_finite_samples_leaves() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 1e30, -7.0, 0.5] * 1000, np.float32)
    _, windows = Windower.at(SPEC).push(wild)
    assert np.isfinite(windows.sound).all()
    assert np.abs(windows.unlevelled).max() < 3
