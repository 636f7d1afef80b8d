import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import closures
from model.closures import Phones
from model.config import EncoderConfig
from protocols.blendshapes import COUNT, INDEX

AHEAD_MS = (0, 40, 80, 160, 240)
NAMES = ("p", "b", "m", "f", "v", "a", "sil")
FPS = 50
OPEN, CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]


def talking(frames: int, shape: float = 0.4) -> np.ndarray:
    face = np.zeros((1, frames, COUNT), np.float32)
    for name in ("jawOpen", "mouthLowerDownLeft", "mouthUpperUpRight", "mouthFunnel"):
        face[..., INDEX[name]] = shape
    face[..., CLOSE] = 0.05
    return face


def told(kind: int, begin: int, end: int, frames: int, lookahead_ms: int = 160) -> np.ndarray:
    """Sure from frame `begin` to `end`, as seen from each frame at all times ahead within the lookahead."""
    sure = np.zeros((1, frames, len(AHEAD_MS), 2), np.float32)
    for frame in range(frames):
        for place, ahead in enumerate(AHEAD_MS):
            later = frame + ahead * FPS // 1000
            sure[0, frame, place, kind] = float(begin <= later < end and ahead <= lookahead_ms)
    return sure


def gap(face: np.ndarray) -> np.ndarray:
    return face[0, :, OPEN] - face[0, :, CLOSE]


def test_lips_meet_while_the_sound_lasts_and_only_then() -> None:
    reached, _ = closures.follow(told(0, 20, 24, 50), np.zeros((1, 2), np.float32), AHEAD_MS, FPS)
    face = closures.close(talking(50), reached)
    assert gap(face)[20:24] == pytest.approx(0, abs=1e-6)
    assert (face[0, 20:24, INDEX["mouthLowerDownLeft"]] == 0).all()
    assert face[0, 21, INDEX["mouthPressLeft"]] == pytest.approx(closures.PRESSED)
    far = np.r_[0:14, 30:50]
    np.testing.assert_array_equal(face[0, far], talking(50)[0, far])
    assert np.abs(np.diff(gap(face))).max() < 0.25 * 0.35 * 4
    before = gap(face)[15:20]
    assert (np.diff(before) < 0).any()


def test_without_lookahead_they_meet_at_once() -> None:
    reached, _ = closures.follow(told(0, 20, 24, 50, 0), np.zeros((1, 2), np.float32), AHEAD_MS, FPS)
    face = closures.close(talking(50), reached)
    assert gap(face)[19] == pytest.approx(0.35)
    assert gap(face)[20] == pytest.approx(0, abs=1e-6)


def test_the_lower_lip_reaches_the_teeth() -> None:
    reached, _ = closures.follow(told(1, 20, 24, 50), np.zeros((1, 2), np.float32), AHEAD_MS, FPS)
    face = closures.close(talking(50), reached)
    assert gap(face)[21] == pytest.approx(closures.ON_TEETH, abs=1e-6)
    assert face[0, 21, INDEX["mouthLowerDownLeft"]] == 0
    assert face[0, 21, INDEX["mouthUpperUpRight"]] == pytest.approx(0.4)
    assert face[0, 21, INDEX["mouthRollLower"]] == pytest.approx(closures.ROLLED)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_any_cut_gives_the_same(lengths: list[int], seed: int) -> None:
    frames = sum(lengths)
    sure = np.random.default_rng(seed).random((2, frames, 5, 2), np.float32)
    held = np.zeros((2, 2), np.float32)
    whole, _ = closures.follow(sure, held, AHEAD_MS, FPS)
    parts = []
    for piece in np.split(sure, np.cumsum(lengths)[:-1], 1):
        reached, held = closures.follow(piece, held, AHEAD_MS, FPS)
        parts.append(reached)
    np.testing.assert_array_equal(np.concatenate(parts, 1), whole)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_a_closure_never_leaves_the_range_or_opens_a_mouth(jaw: float, shut: float, one: float, two: float) -> None:
    face = np.zeros((1, 1, COUNT), np.float32)
    face[..., OPEN], face[..., CLOSE] = jaw, shut
    made = closures.close(face, np.array([[[one, two]]], np.float32))
    assert made.min() >= 0
    assert made.max() <= 1
    assert gap(made)[0] <= max(gap(face)[0], 0) + 1e-6


def test_how_sure_it_is_comes_from_the_phones() -> None:
    mean, std = np.full(12, -3, np.float32), np.full(12, 2, np.float32)
    encoder = EncoderConfig(source="x", sha256="x", width=12, hidden=16, bottleneck=4, phones=NAMES)
    phones = Phones.of(encoder, mean, std)
    assert phones is not None
    log = np.full((1, 1, 5, 7), -10, np.float32)
    log[..., 1], log[..., 2], log[..., 5] = np.log(0.4), np.log(0.3), np.log(0.3)
    audio = np.zeros((1, 1, 5, 12), np.float32)
    audio[..., 4:11] = (log - mean[4:11]) / std[4:11]
    sure = phones.sure(audio)
    assert sure[0, 0, :, 0] == pytest.approx(1)
    assert sure[0, 0, :, 1] == pytest.approx(0)
