import numpy as np
import pytest

from model.performance import couplings as used
from protocols.blendshapes import INDEX
from training.performance import couplings


def takes(frames: int = 3000) -> np.ndarray:
    """A face whose shapes go together by known strengths, each side with noise of its own."""
    rng = np.random.default_rng(0)
    weights = np.zeros((frames, 52), np.float32)

    def put(name: str, values: np.ndarray) -> None:
        for shape in (name, f"{name}Left", f"{name}Right"):
            if shape in INDEX:
                weights[:, INDEX[shape]] = np.clip(values + rng.normal(0, 0.01, frames), 0, 1)

    def now_and_then() -> np.ndarray:
        return np.where(rng.random(frames) < 0.4, rng.random(frames) * 0.8, 0)

    smile, upper, frown, inner, down = (now_and_then() for _ in range(5))
    sneer = 0.4 * upper + 0.3 * frown
    values = {
        "mouthSmile": smile, "mouthUpperUp": upper, "browDown": frown, "browInnerUp": inner, "eyeLookDown": down,
        "browOuterUp": 0.8 * inner, "eyeWide": 0.5 * 0.8 * inner, "noseSneer": sneer, "cheekSquint": 0.6 * sneer,
        "eyeSquint": 0.5 * 0.6 * sneer + 0.2 * frown,
        "eyeBlink": np.maximum(0.7 * np.maximum(down - used.LOOKING_DOWN_FREE, 0), rng.random(frames) > 0.97),
    }  # fmt: skip
    for name, curve in values.items():
        put(name, curve)
    return weights


def test_known_strengths_are_found() -> None:
    fits = couplings.fit(takes())
    found = {
        (fit.rule.shape, of): strength for fit in fits for of, strength in zip(fit.rule.of, fit.strengths, strict=True)
    }
    known = {
        ("browOuterUp", "browInnerUp"): 0.8, ("eyeWide", "browOuterUp"): 0.5, ("eyeWide", "eyeLookUp"): 0.0,
        ("noseSneer", "mouthUpperUp"): 0.4, ("noseSneer", "browDown"): 0.3, ("cheekSquint", "noseSneer"): 0.6,
        ("eyeSquint", "cheekSquint"): 0.5, ("eyeSquint", "browDown"): 0.2, ("eyeBlink", "eyeLookDown"): 0.7,
    }  # fmt: skip
    for pair, strength in known.items():
        assert found[pair] == pytest.approx(strength, abs=0.12), pair
    assert all(fit.r > 0.8 for fit in fits if fit.rule.shape in ("browOuterUp", "noseSneer"))


def test_the_table_shows_what_is_fitted_and_what_is_used() -> None:
    table = couplings.table(couplings.fit(takes()))
    assert "browOuterUp  browInnerUp" in table
    assert f"{used.OUTER_WITH_INNER:.2f}" in table
    names = [name for rule in couplings.RULES for name in rule.names]
    assert all(hasattr(used, name) for name in names)
    assert len(names) == len(set(names))


def test_a_still_face_tells_nothing() -> None:
    fits = couplings.fit(np.zeros((100, 52), np.float32))
    assert all(strength == 0 for fit in fits for strength in fit.strengths)
    assert all(np.isnan(fit.r) for fit in fits)
