import numpy as np
import pytest

from protocols.blendshapes import COUNT, INDEX
from tests.training.strangers.sounds import noise
from training.strangers.said import sound_only
from training.strangers.shapes import CHANNELS, LIPS
from training.strangers.size import REAL, loud, ratios, wider


def test_a_face_of_real_size_has_ratio_one_while_it_speaks() -> None:
    face, talking = np.zeros((100, COUNT), np.float32), np.arange(100) < 50
    for shape, between in REAL.items():
        face[:50, CHANNELS[shape]] = np.mean(between)
        face[50:, CHANNELS[shape]] = 1  # what it does in silence is not its size
    assert ratios([face], [talking]) == {f"p95 {shape} to real": pytest.approx(1) for shape in REAL}
    assert list(ratios([0.5 * face], [talking]).values()) == pytest.approx([0.5] * len(REAL))


def test_strong_speech_is_wider_by_as_much_as_its_face() -> None:
    normal = np.random.default_rng(0).uniform(0, 0.4, (60, COUNT)).astype(np.float32)
    strong = normal.copy()
    strong[:, INDEX["jawOpen"]] *= 1.5
    for shape in LIPS:
        strong[:, CHANNELS[shape]] *= 1.2
    masks = ([np.ones(60, bool)], [np.ones(60, bool)])
    found = wider([normal], [strong], masks)
    assert found == {
        "jaw, strong to normal": pytest.approx(1.5), "lips, strong to normal": pytest.approx(1.2), "pairs": 1,
    }  # fmt: skip


def test_quiet_frames_are_not_speech() -> None:
    sound = noise(0, 32_000)
    sound[16_000:] *= 0.01
    assert loud(sound_only("", sound), 60, 30).tolist() == [True] * 30 + [False] * 30
