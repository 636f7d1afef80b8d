from collections.abc import Sequence

import numpy as np
import pytest

from model import level
from model.windows import Samples
from protocols import blendshapes
from tests.model.tiny import tiny_model
from tests.training.people import person
from training.datasets.clips import Clip, Curves
from training.judge import calm
from training.judge.calm import LEVELS_DBFS, SOUNDS, calm_figures, difference, loudness_figures, motion, resting_sounds
from training.judge.metrics import JAW

SILENT = "mouth moves in silence"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train", clips=6)


def swinging(frames: int, by: float = 0.2) -> Curves:
    """The jaw up and down at every frame."""
    face = np.zeros((frames, 52), np.float32)
    face[::2, JAW] = by
    return face


def test_motion_by_hand() -> None:
    assert motion([swinging(30)]) == pytest.approx(0.2 / 27)
    assert motion([swinging(31), np.full((11, 52), 0.7, np.float32)]) == pytest.approx(0.2 / 27 * 30 / 40)
    blinking = np.zeros((30, 52), np.float32)
    blinking[::2, blendshapes.INDEX["eyeBlinkLeft"]] = 1
    assert motion([blinking]) == 0


def test_the_difference_is_a_share_of_how_far_the_face_moves() -> None:
    own = swinging(30)
    assert difference([own], [own]) == 0
    assert difference([own * 0 + 0.1 * (np.arange(52) == JAW)], [own]) == pytest.approx(1)  # its own mean face
    late = own.copy()
    late[:15, JAW] += 0.1
    assert difference([late, own], [own, own]) == pytest.approx(0.25)
    assert difference([late], [own], first=15) == 0


@pytest.mark.parametrize(("restless", "share"), [(0.0, 0.0), (0.2, 1.0), (0.02, 0.1)])
def test_a_mouth_that_rests_moves_0_and_one_that_goes_on_talking_1(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch, restless: float, share: float
) -> None:
    def made(model: object, heard: Sequence[Clip], **options: object) -> list[Curves]:
        faces = []
        for clip in heard:
            without_speech = len(clip) == calm.SOUND_S * 16_000
            face = swinging(len(clip) * 30 // 16_000, restless if without_speech else 0.2)
            if without_speech:
                face[:60] = swinging(60, 0.9)  # settling down is not counted
            faces.append(face)
        return faces

    monkeypatch.setattr(calm, "animate", made)
    found = calm_figures(tiny_model(), clips, 160)
    moves = {name: value for name, value in found.items() if name.startswith("mouth moves in ")}
    assert set(moves) == {SILENT} | {f"mouth moves in {name} at {dbfs} dBFS" for name in SOUNDS for dbfs in LEVELS_DBFS}
    assert list(moves.values()) == pytest.approx([share] * 13)
    assert found["jaw in music at -20 dBFS"] == pytest.approx(restless / 2)
    assert found["mouth differs at -40 dB"] == 0


def test_recorded_sounds_are_judged_as_loud_as_they_are_for_a_minute_at_most(clips: list[Clip]) -> None:
    made = np.random.default_rng(0).uniform(-0.3, 0.3, 70 * 16_000).astype(np.float32)
    typing = resting_sounds(clips[0], {"typing": made})["typing"]
    assert typing.identity == "alma"
    np.testing.assert_allclose(typing.samples, made[: 60 * 16_000], atol=1e-4)
    found = calm_figures(tiny_model(), clips[:1], 160, {"typing": made[: 5 * 16_000]})
    assert 0 < found["mouth moves in typing"] < 5
    assert 0 <= found["jaw in typing"] <= 1


def test_sounds_have_their_loudness_are_finite_and_the_same_every_time(clips: list[Clip]) -> None:
    sounds, again = resting_sounds(clips[0]), resting_sounds(clips[0])
    assert not sounds.pop("silence").samples.any()
    assert len(sounds) == 12
    for name, clip in sounds.items():
        sound = clip.samples
        assert clip.identity == "alma"
        assert len(sound) == 160_000
        assert np.abs(sound).max() < 1
        assert 10 * np.log10(np.mean(np.square(sound, dtype=np.float64))) == pytest.approx(
            int(name.split()[-2]), abs=0.01
        )
        np.testing.assert_array_equal(sound, again[name].samples)


def test_the_sounds_are_what_they_are_called(clips: list[Clip]) -> None:
    sounds = {name: clip.samples for name, clip in resting_sounds(clips[0]).items() if "-20" in name}
    white, fan, keyboard, music = (sounds[f"{name} at -20 dBFS"] for name in SOUNDS)
    hertz = np.fft.rfftfreq(160_000, 1 / 16_000)

    def middle_hz(sound: Samples) -> float:
        power = np.cumsum(np.abs(np.fft.rfft(sound)) ** 2)
        return float(hertz[np.searchsorted(power, power[-1] / 2)])

    def crest(sound: Samples) -> float:
        return float(np.abs(sound).max() / sound.std())

    assert middle_hz(white) == pytest.approx(4000, rel=0.03)
    assert middle_hz(fan) < 400
    blade = np.abs(np.fft.rfft(fan))
    assert hertz[np.argmax(blade)] == pytest.approx(140, abs=3)
    assert crest(keyboard) > 1.5 * max(crest(white), crest(fan))
    hops_db = 10 * np.log10(np.square(keyboard).reshape(100, 1600).mean(1) + 1e-12)
    assert np.percentile(hops_db, 10) < np.median(hops_db) - 10  # pauses between the keys
    notes = np.abs(np.fft.rfft(music[: 16_000 * 2] * np.hanning(32_000)))
    by_note = [notes[round(440 * 2 ** ((note - 69) / 12) * 2)] for note in (57, 60, 64)]
    between = [notes[round(440 * 2 ** ((note - 68.5) / 12) * 2)] for note in (57, 60, 64)]
    assert min(by_note) > 5 * max(between)


def test_one_level_keeps_the_face_at_any_loudness_and_without_it_that_is_seen(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model()
    own = calm.animate(model, clips[:2], seed=0, lookahead_ms=160)
    levelled = loudness_figures(model, clips[:2], own, 160)
    assert levelled["mouth differs at -20 dB, after 1 s"] < 3e-3
    assert levelled["mouth differs with peaks at 0 dBFS, after 1 s"] < 3e-3
    assert levelled["lip error 27 at -40 dB"] > 0.1

    monkeypatch.setattr(level, "FLOOR_DB", 0.0)  # the gain is the same for ever
    own = calm.animate(model, clips[:2], seed=0, lookahead_ms=160)
    found = loudness_figures(model, clips[:2], own, 160)
    assert (
        found["mouth differs at -40 dB"] > found["mouth differs at -20 dB"] > 10 * levelled["mouth differs at -20 dB"]
    )
