from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.progress import Progress

from model.torch_runtime import TorchRuntime
from protocols import blendshapes
from tests.model.tiny import tiny_model
from tests.training.people import person
from training.passages import compose
from training.passages.compose import SECONDS, assemble, encode, quiet_passage, write_shard
from training.passages.shards import Passages
from training.sounds.recordings import recordings_of

JAW = blendshapes.NAMES.index("jawOpen")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train")


def test_sound_and_face_of_a_passage_belong_together(clips: list) -> None:
    correlations = []
    for seed in range(4):
        passage = assemble(clips, 30, (160,), np.random.default_rng(seed))
        assert passage.samples.shape == (SECONDS * 16_000,)
        assert passage.face.shape == passage.weight.shape == (SECONDS * 30, 52)
        frames = np.arange(SECONDS * 30) * 16_000 // 30
        loud = np.array([np.abs(passage.samples[max(0, f - 400) : f + 400]).mean() for f in frames])
        correlations.append(np.corrcoef(loud, passage.face[:, JAW])[0, 1])
    assert np.mean(correlations) > 0.6


@pytest.mark.parametrize("speed", [0.87, 1.0, 1.15])
def test_at_any_speed_the_face_goes_with_its_sound(clips: list, speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "_speed", lambda rng: speed)
    monkeypatch.setattr(compose, "disturbed", lambda sound, *rest: sound)
    passage = assemble(clips, 30, (160,), np.random.default_rng(0))
    frames = np.arange(SECONDS * 30) * 16_000 // 30
    loud = np.array([np.abs(passage.samples[max(0, f - 400) : f + 400]).mean() for f in frames])
    jaw = passage.face[:, JAW]
    assert np.corrcoef(loud, jaw)[0, 1] > 0.9
    closed = np.flatnonzero((jaw[:-1] > 0.1) & (jaw[1:] <= 0.1))
    bursts_s = np.diff(closed) / 30
    assert np.median(bursts_s) == pytest.approx(1 / speed, abs=0.05)  # one a second in the recordings


def test_gaps_teach_the_mouth_to_rest_and_leave_the_eyes_alone(clips: list) -> None:
    quiet = quiet_passage(clips, 30, (160,), np.random.default_rng(1))
    assert quiet.face[:, JAW].max() < 0.05
    assert quiet.weight[:, JAW].min() == 1
    assert quiet.weight[:, list(blendshapes.UPPER)].max() == 0
    brow = blendshapes.INDEX["browInnerUp"]
    assert assemble(clips, 30, (160,), np.random.default_rng(2)).weight[:, brow].max() == 1


def test_recordings_without_speech_are_heard_where_nobody_speaks_and_behind_speech(
    clips: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sine = 0.1 * np.sin(2 * np.pi * 3000 * np.arange(16_000) / 16_000)
    soundfile.write(tmp_path / "tone.flac", sine, 16_000)
    tone = recordings_of(tmp_path, "ours")
    monkeypatch.setattr(compose, "RECORDED", 1.0)
    monkeypatch.setattr(compose, "BEHIND", 1.0)

    def share(sound: np.ndarray) -> float:
        """Of its power, that of the tone."""
        power = np.abs(np.fft.rfft(sound)) ** 2
        near = round(3000 / 16_000 * len(sound))
        return float(power[near - 40 : near + 40].sum() / max(power.sum(), 1e-12))

    for seed in range(4):
        quiet = quiet_passage(clips, 30, (160,), np.random.default_rng(seed), [tone])
        assert quiet.samples.shape == (SECONDS * 16_000,)
        assert not quiet.samples.any() or share(quiet.samples) > 0.95
        assert quiet.face[:, JAW].max() < 0.05
    monkeypatch.setattr(compose, "_speed", lambda rng: 1.0)
    hushed = [replace(clip, gain_db=-120) for clip in clips]
    heard = [assemble(hushed, 30, (160,), np.random.default_rng(seed), [tone]) for seed in range(12)]
    behind = [share(each.samples) > 0.9 for each in heard]
    assert 2 <= sum(behind) <= 10  # half of the passages are disturbed at all


def test_blinks_count_more_than_open_eyes_and_nothing_else_does(clips: list) -> None:
    passage = assemble(clips, 30, (160,), np.random.default_rng(2))
    left, right = (passage.face[:, blendshapes.INDEX[name]] for name in ("eyeBlinkLeft", "eyeBlinkRight"))
    closed = np.flatnonzero((left + right) / 2 > 0.45)
    near = np.clip(closed[:, None] + np.arange(-3, 4), 0, len(left) - 1)
    eyes, seen = blendshapes.INDEX["eyeSquintRight"], passage.weight[:, 0] > 0
    assert len(closed) > 5
    near = near[seen[near]]
    assert passage.weight[near, eyes].min() > 1 + 0.45 * compose.BLINKS
    assert np.median(passage.weight[seen, eyes]) < 1.05
    others = [index for index in range(52) if index not in blendshapes.REGIONS["eyes"]]
    assert passage.weight[:, others].max() == 1
    assert quiet_passage(clips, 30, (160,), np.random.default_rng(1)).weight[:, eyes].max() == 0


def test_a_shard_depends_on_its_seed_alone_and_holds_run_time_features(clips: list, tmp_path: Path) -> None:
    runtime = TorchRuntime(tiny_model())
    with Progress(disable=True) as bar:
        for name in ("a", "b"):
            write_shard(tmp_path / f"passages-{name}", runtime, [clips], 2, 0.5, 7, bar)
    a, b = (Passages.read([tmp_path / f"passages-{name}"]).shards[0] for name in ("a", "b"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert a["audio"].shape == (2, SECONDS * 30, 5, 16)
    passage = assemble(clips, 30, (80,), np.random.default_rng(3))
    assert encode(runtime, passage.samples, passage.lookahead_ms).shape == (SECONDS * 30, 5, 16)
