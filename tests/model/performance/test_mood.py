import numpy as np
import pytest

from model.performance import mood, performance
from model.performance.prosody import silence
from model.performance.settings import MOODS, Settings
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.model.performance.voice import batched, hear, perform, sound, talking

QUIET = silence(1, 600)
SIGNS = {
    "happy": ("mouthSmileLeft", "cheekSquintLeft"), "sad": ("browInnerUp", "mouthFrownLeft"),
    "angry": ("browDownLeft", "noseSneerLeft"), "surprised": ("browOuterUpLeft", "eyeWideLeft"),
    "afraid": ("browInnerUp", "mouthStretchLeft"), "tired": ("eyeBlinkLeft",), "disgusted": ("noseSneerLeft",),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNS)
def test_each_mood_shows_and_more_with_more_of_it(name: str) -> None:
    plain, some, full = (
        np.median(perform(QUIET, Settings(mood=name, mood_intensity=k))[0], 0) for k in (0.0, 0.5, 1.0)
    )
    for sign in SIGNS[name]:
        assert plain[INDEX[sign]] + 0.1 < some[INDEX[sign]] < full[INDEX[sign]]


def test_nobody_is_the_same_on_both_sides_and_nobody_is_very_different() -> None:
    smiles = np.array(
        [
            np.median(perform(silence(1, 60), Settings(mood="happy"), seed=seed)[0], 0)[
                [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]
            ]
            for seed in range(12)
        ]
    )
    apart = np.abs(smiles[:, 0] - smiles[:, 1]) / smiles.mean(1)
    assert apart.mean() > 0.01
    assert apart.max() < 0.11


def test_the_mouths_share_fades_while_it_speaks() -> None:
    happy = Settings(mood="happy", mood_intensity=1.0)
    quiet = np.median(perform(QUIET, happy)[0][:, INDEX["mouthSmileLeft"]])
    speaking = np.median(perform(talking(30, 3), happy)[0][60:, INDEX["mouthSmileLeft"]])
    assert 0.4 * quiet < speaking < 0.75 * quiet


def test_what_parts_the_lips_fades_where_they_close() -> None:
    heard = talking()
    closed, opened = np.zeros((2, heard.shape[1], 52), np.float32)
    opened[:, INDEX["jawOpen"]] = 0.5
    afraid = Settings(mood="disgusted", mood_intensity=1.0)
    upper = [perform(heard, afraid, mouth=mouth)[0][60:, INDEX["mouthUpperUpLeft"]] for mouth in (closed, opened)]
    talks = np.median(upper[1])
    assert np.median(upper[0]) < 0.3 * talks


def test_moods_fade_into_one_another() -> None:
    before, after = [Settings(mood="happy")], [Settings(mood="angry")]
    state = performance.start([1], 30, before)
    state, *_ = performance.step(state, QUIET.frames(0, 30), before)
    _, weights, _ = performance.step(state, QUIET.frames(0, 60), after)
    smile, frown = weights[0, :, INDEX["mouthSmileLeft"]], weights[0, :, INDEX["browDownLeft"]]
    assert np.abs(np.diff(smile)).max() < 0.1
    assert smile[0] > 0.4
    assert smile[45:].max() < 0.01
    assert frown[0] < 0.2
    assert frown[45:].min() > 0.4
    middle = int(mood.FADE_S * 15)
    assert 0.1 < smile[middle] < 0.4


def test_auto_claims_that_a_voice_is_excited_and_no_more() -> None:
    calm = sound(2) * 0.1
    at = np.arange(len(calm)) / 16_000
    shouted = np.interp(at * 1.35 % at[-1], at, sound(2)).astype(np.float32)
    heard = hear(np.concatenate([calm, shouted * 0.9, shouted * 0.9]))
    # Gestures of the brows grow with arousal, frowns among them: they claim nothing, and are left out.
    plain, auto = (perform(heard, Settings(mood=name, mood_intensity=1.0, brows=0)) for name in ("neutral", "auto"))
    first = len(calm) * 30 // 16_000
    wide = auto[0] - plain[0]
    assert wide[first : first + 150, INDEX["eyeWideLeft"]].mean() > 0.01
    assert wide[first : first + 150, INDEX["browInnerUp"]].mean() > 0.01
    claims = [INDEX[f"{name}Left"] for name in ("mouthSmile", "mouthFrown", "noseSneer", "browDown")]
    assert np.abs(wide[:, claims]).max() < 0.05


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"mood": "grumpy"}, "neutral, happy, sad"), ({"head": -0.1}, "head = -0.1"), ({"gaze": 3.0}, "0 to 2"),
        ({"blinks": float("nan")}, "blinks = nan"), ({"mood_intensity": 1.5}, "0 to 1"),
        ({"look_at": (0.0, 90.0)}, "look_at = 90"),
    ],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(wrong: dict, told: str) -> None:
    with pytest.raises(FacewireError, match=told):
        Settings(**wrong)


def test_sessions_have_moods_of_their_own() -> None:
    settings = [Settings(mood=name) for name in MOODS]
    heard = batched(*[silence(1, 90)] * len(MOODS))
    _, weights, _ = performance.step(performance.start(range(len(MOODS)), 30, settings), heard, settings)
    smiles = weights[:, 45:, INDEX["mouthSmileLeft"]].mean(1)
    assert np.flatnonzero(smiles > 0.2).tolist() == [MOODS.index("happy")]
