import numpy as np
import pytest

from protocols.blendshapes import COUNT, INDEX
from training.phones.spoken import Spoken, Timed
from training.talkers.lips import GAP_AT_TEETH, PRESSED, presence, touching

SAID = Spoken("anna", "en-gb", "a map of", tuple(
    Timed(phone, begin * 160, end * 160)
    for phone, begin, end in (("@", 10, 30), ("m", 30, 34), ("ae", 34, 50), ("p", 50, 58), ("V", 58, 70), ("v", 70, 80))
))  # fmt: skip
OPEN = ("jawOpen", "mouthLowerDownLeft", "mouthUpperUpRight", "mouthFunnel")


def face(frames: int, size: float = 0.5) -> np.ndarray:
    made = np.zeros((frames, COUNT), np.float32)
    made[:, [INDEX[name] for name in OPEN]] = size
    return made


def gap(curves: np.ndarray) -> np.ndarray:
    return curves[:, INDEX["jawOpen"]] - curves[:, INDEX["mouthClose"]]


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
@pytest.mark.parametrize("size", [0.2, 1.0])
def test_lips_meet_on_p_b_and_m_at_every_rate_and_size(fps: int, size: float) -> None:
    made = touching(face(fps, size), SAID, fps)
    for middle_s in (0.32, 0.53):
        frame = round(middle_s * fps)
        near = slice(frame - 1, frame + 2)
        closest = frame - 1 + int(gap(made)[near].argmin())
        assert gap(made)[closest] == pytest.approx(0, abs=0.01)
        assert max(made[closest, INDEX[name]] for name in OPEN[1:]) < 0.05 * size
    assert gap(made).min() >= 0


def test_the_lower_lip_is_at_the_teeth_on_v() -> None:
    made = touching(face(50), SAID, 50)[round(0.76 * 50)]
    assert made[INDEX["mouthLowerDownLeft"]] == pytest.approx(0, abs=1e-6)
    assert made[INDEX["mouthUpperUpRight"]] == pytest.approx(0.5)
    assert made[INDEX["mouthRollLower"]] > 0.05
    assert 0 < gap(made[None])[0] <= GAP_AT_TEETH + 1e-6


def test_vowels_stay_as_they_are_and_nothing_jumps() -> None:
    made = touching(face(500), SAID, 500)
    assert made[round(0.2 * 500)] == pytest.approx(face(1)[0])
    assert np.abs(np.diff(made, axis=0)).max() < 0.03


def test_presence_reaches_a_phone_and_leaves_it() -> None:
    there = presence(SAID, ("ae",), 100, 100, reach_s=0.05)
    assert there[34:50] == pytest.approx(np.ones(16))
    assert there[[28, 56]] == pytest.approx([0, 0])
    assert 0 < there[31] < 1
    assert PRESSED > 0
